"""The table of everything that can be asked, and the one way to ask it: validate, act, wake, answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError, missing

from chat import failpoints, journal, logs, metrics, prices
from chat.actions import (
    Answer,
    channels,
    connections,
    direct_messages,
    history,
    invites,
    memberships,
    messages,
    reactions,
    reading,
    sessions,
    sync,
    typing,
    users,
)
from chat.actors import Actor, Asker, Workspace
from chat.basics import new_id
from chat.commits import Commits
from chat.database import Raced, begun
from chat.errors import ChatError
from chat.journal import Events, Journal
from chat.limits import MAX_ARGUMENTS
from chat.rates import Rates
from chat.schemas import answers, events, params

log = logging.getLogger("chat.dispatch")
ATTEMPTS = 3


@dataclass(frozen=True)
class Action:
    """One thing that can be asked.

    ``live``: it can be asked over a connection. ``writes``: it needs the write lock. ``anyone``: no sign-in needed.
    ``prepare``: what takes long or must be kept even if the action is refused, run before the transaction.
    ``rate``: the rate of RATE_LIMITS that it is taken from, besides ``event``, which every request is taken from.
    ``cost``: how much of that rate it takes, by its arguments.
    """

    run: Callable[..., Answer]
    params: Schema
    answer: Schema
    rate: str
    live: bool = False
    writes: bool = True
    anyone: bool = False
    prepare: Callable[..., dict[str, Any]] | None = None
    cost: Callable[[Mapping[str, Any]], int] = prices.one

    @property
    def summary(self) -> str:
        """The first line of what the action says of itself."""
        return (self.run.__doc__ or "").partition("\n")[0]


LIVE: dict[str, Action] = {
    "subscribe": Action(sync.subscribe, params.Subscribe(), answers.Subscribed(), "sync", live=True, writes=False),
    "unsubscribe": Action(sync.unsubscribe, params.InChannel(), answers.Empty(), "event", live=True, writes=False),
    "message": Action(messages.send, params.Send(), answers.Sent(), "message", live=True),
    "edit": Action(messages.edit, params.Edit(), answers.Changed(), "message", live=True),
    "delete": Action(messages.delete, params.OfMessage(), answers.Changed(), "message", live=True),
    "addReaction": Action(reactions.add, params.React(), answers.Changed(), "message", live=True),
    "removeReaction": Action(reactions.remove, params.React(), answers.Changed(), "message", live=True),
    "sync": Action(sync.sync, params.Sync(), answers.Synced(), "sync", live=True, writes=False, cost=prices.by_streams),
    "markRead": Action(reading.mark_read, params.MarkRead(), answers.AReadCursor(), "read", live=True),
    "typing": Action(
        typing.show_typing,
        params.Typing(),
        answers.Empty(),
        "typing",
        live=True,
        writes=False,
    ),
    "ping": Action(sync.ping, params.Nothing(), answers.Pong(), "event", live=True, writes=False),
}
ACTIONS: dict[str, Action] = {
    **LIVE,
    "hello": Action(sync.hello, params.Nothing(), events.Hello(), "sync", writes=False),
    "sign_up": Action(
        users.sign_up, params.SignUp(), answers.AMe(), "address", anyone=True, prepare=users.prepare_sign_up
    ),
    "sign_in": Action(
        sessions.sign_in, params.SignIn(), answers.SignedIn(), "address", anyone=True, prepare=sessions.check_password
    ),
    "sign_out": Action(sessions.sign_out, params.Nothing(), answers.Empty(), "event"),
    "show_session": Action(sessions.show_session, params.Nothing(), answers.SignedIn(), "event"),
    "list_sessions": Action(sessions.list_sessions, params.Listing(), answers.Sessions(), "sync", writes=False),
    "end_session": Action(sessions.end_session, params.OfSession(), answers.Empty(), "event"),
    "end_other_sessions": Action(sessions.end_other_sessions, params.Nothing(), answers.Empty(), "event"),
    "create_token": Action(sessions.create_token, params.CreateToken(), answers.NewToken(), "create"),
    "create_ticket": Action(connections.create_ticket, params.Nothing(), answers.NewTicket(), "sync", writes=False),
    "use_ticket": Action(connections.use_ticket, params.UseTicket(), answers.Empty(), "event"),
    "open_connection": Action(connections.open_connection, params.OpenConnection(), answers.Empty(), "event"),
    "create_invite": Action(invites.create_invite, params.CreateInvite(), answers.NewInvite(), "create"),
    "list_invites": Action(invites.list_invites, params.ListInvites(), answers.Invites(), "sync", writes=False),
    "end_invite": Action(invites.end_invite, params.OfInvite(), answers.Empty(), "event"),
    "list_users": Action(users.list_users, params.Listing(), answers.Users(), "sync", writes=False),
    "show_me": Action(users.show_me, params.Nothing(), answers.AMe(), "event", writes=False),
    "update_me": Action(users.update_me, params.UpdateMe(), answers.AMe(), "create"),
    "change_password": Action(
        sessions.change_password,
        params.ChangePassword(),
        answers.Empty(),
        "create",
        prepare=sessions.prepare_new_password,
    ),
    "list_channels": Action(channels.list_channels, params.Listing(), answers.Channels(), "sync", writes=False),
    "create_channel": Action(channels.create, params.CreateChannel(), answers.AChannel(), "create"),
    "show_channel": Action(channels.show, params.InChannel(), answers.AChannel(), "event", writes=False),
    "update_channel": Action(channels.update, params.UpdateChannel(), answers.AChannel(), "create"),
    "archive_channel": Action(channels.archive, params.InChannel(), answers.AChannel(), "create"),
    "list_members": Action(memberships.list_members, params.ListMembers(), answers.Members(), "sync", writes=False),
    "add_member": Action(memberships.add, params.OfMember(), answers.AMember(), "create"),
    "remove_member": Action(memberships.remove, params.OfMember(), answers.AMember(), "create"),
    "open_conversation": Action(
        direct_messages.open_conversation, params.OpenConversation(), answers.AChannel(), "create"
    ),
    "show_message": Action(messages.show, params.OfMessage(), answers.AMessage(), "event", writes=False),
    "list_revisions": Action(messages.list_revisions, params.OfMessage(), answers.Revisions(), "sync", writes=False),
    "show_page": Action(history.show_page, params.Page(), answers.MessagePage(), "sync", writes=False),
}


def tell_nobody(_events: Events) -> None:
    """No dispatcher: a command-line tool, or a test. Running servers find the change by their poll tick."""


def heard_by_nobody(_channel_id: str) -> tuple[int, int]:
    """No connections here that listen or count."""
    return 0, 0


def close_nothing(_session_ids: list[str]) -> None:
    """No connections here."""


@dataclass
class Dispatch:
    """Asks actions on behalf of the doors; what must go upward is handed in by create_app()."""

    workspace: Workspace = field(default_factory=Workspace)
    wake: Callable[[Events], None] = tell_nobody
    close_sessions: Callable[[list[str]], None] = close_nothing
    rates: Rates = field(default_factory=Rates)
    audience: Callable[[str], tuple[int, int]] = heard_by_nobody  # connections that listen to a channel, and only count

    def __post_init__(self) -> None:
        self.commits = Commits(self._tell)

    def perform(self, asker: Asker, name: str, payload: object) -> Answer:
        """Ask one action; raises ChatError when it is refused. What nobody expected is logged as an incident."""
        with logs.about(action=name, action_id=next(logs.numbers), connection=asker.connection):
            try:
                answer = self._perform(asker, name, payload)
            except ChatError as refusal:
                metrics.counted(name if name in ACTIONS else "unknown", refusal.code).inc()
                if refusal.status >= 500:
                    log.warning("%s answered %s", name, refusal.code, exc_info=refusal.__cause__)
                raise
            except Exception:
                incident = new_id()
                metrics.counted(name, "internal_error").inc()
                log.exception("%s failed, incident %s", name, incident, extra={"incident": incident})
                raise ChatError("internal_error", incident=incident) from None
            metrics.counted(name, "ok").inc()
            return answer

    def _perform(self, asker: Asker, name: str, payload: object) -> Answer:
        action = ACTIONS.get(name)
        if action is None:
            raise ChatError("unknown_action")
        self.rates.check(asker, action.rate)
        arguments = load(action.params, payload)
        self.rates.charge(asker, action.rate, action.cost(arguments))
        if action.prepare:
            arguments = action.prepare(asker, self.workspace, **arguments)
        return self._act(asker, action, arguments)

    def _act(self, asker: Asker, action: Action, arguments: dict[str, Any]) -> Answer:
        for _ in range(ATTEMPTS - 1):
            try:
                return self._try(asker, action, arguments)
            except Raced:
                continue  # the winner's row is there now, and is what this time will find
        return self._try(asker, action, arguments)

    def _try(self, asker: Asker, action: Action, arguments: dict[str, Any]) -> Answer:
        told: Events = {}

        def act() -> Answer:
            nonlocal told
            # Who signs in may well carry the cookie of a session that has ended; it must not be held against them.
            actor = Actor(asker, self.workspace) if action.anyone else sessions.recognise(asker, self.workspace)
            answer = action.run(actor, **arguments)
            if action.writes and answer.changed:
                sessions.touch(actor)
            told = journal.current().events
            return answer

        failpoints.hit("before_transaction")
        if not action.writes:
            with begun(writes=False):
                return act()
        answer = self.commits.write(act)
        if answer.changed and self.rates.paces:
            self.rates.spend_told(asker, prices.of_events(told, self.audience))
        return answer

    def _tell(self, told: Journal) -> None:
        if told.events:
            self.wake(told.events)
        if told.ended_sessions:
            self.close_sessions(told.ended_sessions)


def load(schema: Schema, payload: object) -> dict[str, Any]:
    """The arguments, checked; raises ChatError ``invalid_arguments`` naming the first field at fault."""
    if not isinstance(payload, dict):
        raise ChatError("invalid_arguments", "The arguments must be one JSON object.")
    if len(payload) > MAX_ARGUMENTS:
        raise ChatError("invalid_arguments", "These are too many arguments.")
    try:
        loaded = load_plain(schema, payload)
        return dict(schema.load(payload)) if loaded is None else loaded
    except ValidationError as error:
        field_name, words = first_fault(error.messages)
        raise ChatError("invalid_arguments", words, field=field_name) from None


def load_plain(schema: Schema, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the schema makes of arguments that are as they should be, in half its time; None of any others.

    The fields check their values as ever, but only those that were given are asked, and what is wrong is not collected.
    """
    fields = schema.load_fields
    if not needed(schema) <= payload.keys() <= fields.keys():
        return None
    try:
        return {name: fields[name].deserialize(value, name, payload) for name, value in payload.items()}
    except ValidationError:
        return None


@cache
def needed(schema: Schema) -> frozenset[str]:
    """The fields that make something even of not being given: a refusal, or a value instead."""
    fields = schema.load_fields.items()
    return frozenset(name for name, field in fields if field.required or field.load_default is not missing)


def first_fault(messages: Any) -> tuple[str | None, str]:
    """The first field at fault and what is wrong with it, out of marshmallow's nested messages."""
    field_name = None
    while isinstance(messages, dict) and messages:
        key, messages = next(iter(messages.items()))
        field_name = field_name or (key if isinstance(key, str) else None)
    words = messages[0] if isinstance(messages, list) and messages else messages
    return shown_field(field_name), str(words)


def shown_field(name: str | None) -> str | None:
    """A field's name, if it may be said again: what a stranger sent as one may be anything."""
    return name if name and name.isidentifier() and len(name) <= 40 else None
