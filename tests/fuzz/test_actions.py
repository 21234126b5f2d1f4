"""Any sequence of actions by anybody answers, tells and leaves behind what a model in plain dictionaries says.

`PARLEY_FUZZ=20` tries twenty times as many.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask_migrate import upgrade
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from chat.errors import ChatError
from chat.extensions import db
from tests.actions.conftest import Office, Someone
from tests.fuzz.model import Model, Post, Refused, Room
from tests.support import Database

TIMES = int(os.environ.get("PARLEY_FUZZ", "1"))
ROLES = {"olga": "owner", "ana": "member", "bo": "member", "gus": "guest"}
WHO = st.sampled_from([*ROLES])
AUTHOR, MEMBER = "its author", "a member"  # so that most of what is tried may be done
WRITER = st.sampled_from([*ROLES, MEMBER, MEMBER, MEMBER])
CHANGER = st.sampled_from([*ROLES, AUTHOR, AUTHOR, AUTHOR, MEMBER])
EMOJI = st.sampled_from(["👍", ":tada:"])
TEXTS = st.sampled_from(["hello", "@bo", "@ana and @gus", "@channel", "  spaced  ", "é🙂", "`@ana` and @olga", "again"])


@pytest.fixture(scope="module")
def office(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = Office(tmp_path_factory.mktemp("actions"), database())
    with office.app.app_context():
        upgrade()
        yield office
        db.engine.dispose()


@pytest.mark.timeout(120 * TIMES)
def test_whatever_people_do_it_comes_to_what_the_model_says(office: Office) -> None:
    class InThisOffice(Workspace):
        place = office

    InThisOffice.TestCase.settings = settings(
        max_examples=10 * TIMES,
        stateful_step_count=80,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    InThisOffice.TestCase("runTest").runTest()


class Workspace(RuleBasedStateMachine):
    """New people each time, so that nothing is left of the times before; one database for all."""

    place: Office
    rooms = Bundle("rooms")
    posts = Bundle("posts")

    @initialize(target=rooms)
    def people(self) -> Any:
        self.office, self.live = self.place, {}
        self.last_reaction: Any = None
        suffix = uuid.uuid4().hex[:8]
        self.who = {name: Someone(self.office, f"{name}-{suffix}", role) for name, role in ROLES.items()}
        self.name_of = {someone.id: name for name, someone in self.who.items()}
        self.model = Model(
            roles={someone.id: ROLES[name] for name, someone in self.who.items()},
            names={someone.id: someone.name for someone in self.who.values()},
            own={someone.id: 0 for someone in self.who.values()},
        )
        self.office.told.clear()
        town, den = self.opened("ana", "public"), self.opened("bo", "private")
        for room, who, whom in ((town, "ana", "bo"), (town, "ana", "gus"), (den, "bo", "ana")):
            self.add(who, room, whom)
        return multiple(town, den)

    # How one asks ----------------------------------------------------------------------------------

    def id_of(self, name: str) -> str:
        return self.who[name].id

    def acting(self, who: str, room: Room, post: Post | None = None) -> str:
        """Who is meant: someone by name, the author of a message, or whoever has been in a channel longest."""
        if who == AUTHOR and post:
            return self.name_of[post.author]
        return self.name_of[next(iter(room.members), self.id_of("ana"))] if who == MEMBER else who

    def does(self, name: str, action: str, /, **payload: Any) -> tuple[str, dict[str, Any]]:
        try:
            return "ok", dict(self.who[name].does(action, **payload).data)
        except ChatError as refusal:
            return refusal.code, {}

    def agree(self, expected: Callable[[], bool], answer: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        """The answer was the model's: the same refusal, or the same word on whether anything changed."""
        code, changed = predicted(expected)
        assert answer[0] == code
        assert answer[1].get("changed", changed) == changed
        return answer[1]

    def opened(self, name: str, kind: str) -> Room:
        code, data = self.does(name, "create_channel", name=uuid.uuid4().hex, kind=kind)
        assert code == "ok"
        return self.model.create(self.id_of(name), data["channel"]["id"], kind, [self.id_of(name)])

    # What people do --------------------------------------------------------------------------------

    @precondition(lambda self: len(self.model.rooms) < 4)
    @rule(target=rooms, who=WHO, kind=st.sampled_from(["public", "private"]))
    def create(self, who: str, kind: str) -> Any:
        if ROLES[who] != "guest":
            return self.opened(who, kind)
        assert self.does(who, "create_channel", name=uuid.uuid4().hex, kind=kind)[0] == "forbidden"
        return multiple()

    @precondition(lambda self: len(self.model.rooms) < 5)
    @rule(target=rooms, who=WHO, others=st.sets(WHO, min_size=1, max_size=2))
    def talk(self, who: str, others: set[str]) -> Any:
        people = sorted(self.id_of(name) for name in {who, *others})
        code, data = self.does(who, "open_conversation", user_ids=[self.id_of(name) for name in others])
        assert code == "ok"
        if data["channel"]["id"] in self.model.rooms:
            return multiple()
        return self.model.create(
            self.id_of(who), data["channel"]["id"], "group_dm" if len(people) > 2 else "dm", people
        )

    @rule(who=WHO, room=rooms, whom=WHO)
    def add(self, who: str, room: Room, whom: str) -> None:
        answer = self.does(who, "add_member", channel_id=room.id, user_id=self.id_of(whom))
        self.agree(lambda: self.model.add(self.id_of(who), room, self.id_of(whom)), answer)

    @rule(who=WHO, room=rooms, whom=WHO)
    def remove(self, who: str, room: Room, whom: str) -> None:
        answer = self.does(who, "remove_member", channel_id=room.id, user_id=self.id_of(whom))
        self.agree(lambda: self.model.remove(self.id_of(who), room, self.id_of(whom)), answer)

    @precondition(lambda self: len(self.model.posts) > 6)  # else too little happens
    @rule(who=WHO, room=rooms)
    def archive(self, who: str, room: Room) -> None:
        answer = self.does(who, "archive_channel", channel_id=room.id)
        self.agree(lambda: self.model.archive(self.id_of(who), room), answer)

    @rule(who=WHO, room=rooms, topic=st.sampled_from(["", "eggs"]), kind=st.sampled_from(["public", "private", None]))
    def update(self, who: str, room: Room, topic: str, kind: str | None) -> None:
        answer = self.does(who, "update_channel", channel_id=room.id, topic=topic, **({"kind": kind} if kind else {}))
        self.agree(lambda: self.model.update(self.id_of(who), room, topic, kind or room.kind), answer)

    @rule(target=posts, who=WRITER, room=rooms, text=TEXTS, key=st.integers(0, 40))
    def send(self, who: str, room: Room, text: str, key: int) -> Any:
        return self.sends(who, room, text, key, None, also=False)

    @rule(target=posts, who=WRITER, root=posts, text=TEXTS, key=st.integers(0, 40), also=st.booleans())
    def reply(self, who: str, root: Post, text: str, key: int, also: bool) -> Any:
        return self.sends(who, root.room, text, key, root, also=also)

    @rule(who=WHO, room=rooms, root=posts)
    def reply_somewhere_else(self, who: str, room: Room, root: Post) -> None:
        self.sends(who, room, "what?", 41, root, also=False)

    def sends(self, who: str, room: Room, text: str, key: int, root: Post | None, *, also: bool) -> Any:
        who = self.acting(who, room)
        text, client_msg_id = self.in_full(text), str(uuid.UUID(int=key))
        thread = {"thread_id": root.id, "also_to_channel": also} if root else {}
        code, data = self.does(who, "message", channel_id=room.id, client_msg_id=client_msg_id, text=text, **thread)
        me = self.id_of(who)
        expected, earlier = predicted(lambda: self.model.may_send(me, room, client_msg_id, text, root, also))
        assert code == expected
        if code != "ok":
            return multiple()
        assert data["duplicate"] == (earlier is not None)
        if earlier:
            assert data.get("message", data)["id"] == earlier.id
            assert ("message" in data) == self.model.sees(me, earlier.room)
            return multiple()
        post = self.model.send(me, data["message"]["id"], room, client_msg_id, text, root, also)
        assert data["seq"] == post.seq
        return post

    def in_full(self, text: str) -> str:
        """The text with people's whole names."""
        for name, someone in self.who.items():
            text = text.replace(f"@{name}", f"@{someone.name}")
        return text

    @rule(who=CHANGER, post=posts, text=TEXTS, base=st.sampled_from([None, None, 1, 2]))
    def edit(self, who: str, post: Post, text: str, base: int | None) -> None:
        who, text = self.acting(who, post.room, post), self.in_full(text)
        based = {} if base is None else {"base_rev": base}
        answer = self.does(who, "edit", message_id=post.id, text=text, **based)
        self.agree(lambda: self.model.edit(self.id_of(who), post, text, base), answer)

    @precondition(lambda self: len(self.model.posts) > 3)
    @rule(who=CHANGER, post=posts)
    def delete(self, who: str, post: Post) -> None:
        who = self.acting(who, post.room, post)
        answer = self.does(who, "delete", message_id=post.id)
        self.agree(lambda: self.model.delete(self.id_of(who), post), answer)

    @rule(who=CHANGER, post=posts, emoji=EMOJI, on=st.sampled_from([True, True, False]))
    def react(self, who: str, post: Post, emoji: str, on: bool) -> None:
        who = self.acting(who, post.room, post)
        self.last_reaction = who, post, emoji, on
        answer = self.does(who, "addReaction" if on else "removeReaction", message_id=post.id, emoji=emoji)
        self.agree(lambda: self.model.react(self.id_of(who), post, emoji, on=on), answer)

    @precondition(lambda self: self.last_reaction)
    @rule()
    def react_once_more(self) -> None:
        self.react(*self.last_reaction)

    @rule(who=WRITER, room=rooms, seq=st.integers(-1, 30), back=st.booleans())
    def mark_read(self, who: str, room: Room, seq: int, back: bool) -> None:
        who = self.acting(who, room)
        answer = self.does(who, "markRead", channel_id=room.id, seq=seq, unread=back)
        data = self.agree(lambda: self.model.mark_read(self.id_of(who), room, seq, back=back), answer)
        assert not data or data["read"] == self.model.missed(self.id_of(who), room)

    # What holds after each -------------------------------------------------------------------------

    @invariant()
    def every_number_is_told_once_and_in_order(self) -> None:
        if not hasattr(self, "model"):
            return
        for event in self.office.told:
            told = self.live.setdefault(event.stream, [])
            last = len(told) + self.untold(event.stream)
            assert (event.prev, event.seq) == (last, last + 1)
            told.append(event)
        self.office.told.clear()
        heads = {room.id: room.seq for room in self.model.rooms.values()} | self.model.own
        reached = {stream: len(told) + self.untold(stream) for stream, told in self.live.items()}
        assert reached == {stream: seq for stream, seq in heads.items() if seq}

    def untold(self, stream: str) -> int:
        """A new channel is number 1 of its stream, when there is nobody yet to be told."""
        return 1 if stream in self.model.rooms else 0

    def teardown(self) -> None:
        if hasattr(self, "model"):
            for name in self.who:
                self.sees_what_the_model_says(name)
                self.catches_up_with_what_was_told(name)

    def sees_what_the_model_says(self, name: str) -> None:
        me = self.id_of(name)
        listed = {each["id"]: each for each in self.does(name, "list_channels")[1]["channels"]}
        for room in self.model.rooms.values():
            assert (room.id in listed) == self.model.sees(me, room)
            code, page = self.does(name, "show_page", channel_id=room.id, limit=200)
            assert code == ("ok" if self.model.sees(me, room) else "channel_not_found")
            if room.id not in listed:
                continue
            shown = [brief(message) for message in page["messages"]]
            assert shown == [self.model.shown(post) for post in self.model.in_main_line(room)]
            channel = listed[room.id]
            found = (channel["kind"], channel["topic"], bool(channel["archived_at"]), channel["seq"], channel["posted"])
            assert found == (room.kind, room.topic if channel["name"] else "", room.archived, room.seq, room.posted)
            assert channel["role"] == room.members.get(me)
            assert channel["read"] == (self.model.missed(me, room) if me in room.members else None)
            members = self.does(name, "list_members", channel_id=room.id)[1]["members"]
            assert {member["user_id"]: member["role"] for member in members} == room.members
        for post in self.model.posts.values():
            code, data = self.does(name, "show_message", message_id=post.id)
            assert code == ("ok" if self.model.sees(me, post.room) else "message_not_found")
            assert not data or brief(data["message"]) == self.model.shown(post)

    def catches_up_with_what_was_told(self, name: str) -> None:
        """Whoever was away since a number gets, of each row that changed, what was told of it last."""
        me = self.id_of(name)
        for stream, told in self.live.items():
            mine = stream == me or (stream in self.model.rooms and self.model.sees(me, self.model.rooms[stream]))
            for cursor in {self.untold(stream), len(told) // 2 + 1, told[-1].seq}:
                replay = self.does(name, "sync", cursors={stream: cursor})[1]["streams"][stream]
                assert replay.get("gone", False) is not mine
                if mine and stream == me:
                    assert {event["seq"] for event in replay["events"]} <= set(range(cursor + 1, told[-1].seq + 1))
                elif mine:
                    last = {row_of(event.as_dict()): event for event in told if event.seq > cursor}
                    expected = [(event.seq, event.body) for event in sorted(last.values(), key=lambda each: each.seq)]
                    got = [(e["seq"], {k: v for k, v in e.items() if k in event_keys(e)}) for e in replay["events"]]
                    assert got == expected


def predicted(ask: Callable[[], Any]) -> tuple[str, Any]:
    """The code that the model foresees, and what comes with it."""
    try:
        return "ok", ask()
    except Refused as refusal:
        return str(refusal), None


def brief(message: dict[str, Any]) -> dict[str, Any]:
    """Of a message what the model knows too."""
    known = ("id", "channel_id", "seq", "changed_seq", "rev", "posted", "user_id", "text", "thread_id")
    known += ("also_to_channel", "reply_count", "everyone")
    reactions = [{key: each[key] for key in ("emoji", "count", "user_ids")} for each in message["reactions"]]
    return {key: message[key] for key in known} | {"reactions": reactions, "mentions": set(message["mentions"])}


def row_of(event: dict[str, Any]) -> tuple[str, str]:
    """Which row an event is about."""
    for kind, key in (("message", "id"), ("member", "user_id"), ("channel", "id")):
        if kind in event:
            return kind, event[kind][key]
    raise AssertionError(event)


def event_keys(event: dict[str, Any]) -> set[str]:
    """The names of an event's own objects."""
    return set(event) - {"event", "stream", "prev", "seq"}
