"""Tickets that open connections, and the registry of those that the API Gateway holds for us."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Row, delete, func, or_, select, update

from chat import journal, tickets
from chat.actions import Answer
from chat.actors import Actor
from chat.basics import new_id, now
from chat.errors import ChatError
from chat.models import (
    Channel,
    GatewayConnection,
    GatewayLease,
    GatewaySubscription,
    GatewayTold,
    Membership,
    UsedTicket,
)

LONGEST = timedelta(hours=2, minutes=10)  # the API Gateway closes every connection after two hours
REMEMBERED = timedelta(minutes=10)  # how long rows that ended can still be asked for
_IS_OPEN = GatewayConnection.ended_at.is_(None)


class Holder(NamedTuple):
    """Whose connection it is; ``greeted``: it has had its hello."""

    user_id: str
    session_id: str
    greeted: bool


# Opening ---------------------------------------------------------------------------------------------


def create_ticket(actor: Actor) -> Answer:
    """A signed ticket that opens one live connection within 60 seconds, wherever a cookie does not go."""
    ticket = tickets.Ticket(
        id=new_id(),
        user_id=actor.id,
        session_id=actor.user.session_id,
        version=actor.user.session_version,
        expires_at=int(time.time()) + tickets.LIFETIME,
    )
    return Answer(
        {"ticket": tickets.issue(actor.workspace.ticket_keys, ticket), "expires_in": tickets.LIFETIME}, new=True
    )


def use_ticket(actor: Actor, ticket_id: str, expires_at: int, version: int) -> Answer:
    """Use a ticket up. It is good once, and only for the session's present version."""
    if version != actor.user.session_version:
        raise ChatError("session_expired")
    # Those that ran out are refused by their own time; they need not be remembered.
    journal.session().execute(delete(UsedTicket).where(UsedTicket.expires_at < now() - timedelta(minutes=1)))
    if journal.session().get(UsedTicket, ticket_id):
        raise ChatError("not_authed", "This ticket was used already.")
    journal.session().add(UsedTicket(id=ticket_id, expires_at=datetime.fromtimestamp(expires_at, UTC)))
    journal.session().flush()
    return Answer({})


def open_connection(
    actor: Actor, ticket_id: str, expires_at: int, version: int, connection_id: str, at_most: int
) -> Answer:
    """Open a connection of the API Gateway with a ticket; it hears nothing before it asked something."""
    use_ticket(actor, ticket_id, expires_at, version)
    query = select(func.count()).where(
        GatewayConnection.user_id == actor.id, _IS_OPEN, GatewayConnection.opened_at > now() - LONGEST
    )
    if at_most and journal.session().scalars(query).one() >= at_most:
        raise ChatError("rate_limited", "You have too many connections open.")
    opened = GatewayConnection(
        id=connection_id,
        user_id=actor.id,
        session_id=actor.user.session_id,
        heads=None,
        opened_at=now(),
        changed_at=now(),
    )
    journal.session().add(opened)
    journal.session().flush()
    return Answer({})


# The registry, for the door --------------------------------------------------------------------------


def find(connection_id: str) -> Holder | None:
    """Whose an open connection is."""
    row = journal.session().get(GatewayConnection, connection_id)
    if row is None or row.ended_at:
        return None
    return Holder(row.user_id, row.session_id, row.heads is not None)


def greet(connection_id: str, heads: dict[str, int]) -> bool:
    """Note where the streams stood at a connection's hello; False when it had one already, or is gone."""
    greeted = (
        update(GatewayConnection)
        .where(GatewayConnection.id == connection_id, GatewayConnection.heads.is_(None), _IS_OPEN)
        .values(heads=heads, changed_at=now())
        .returning(GatewayConnection.id)
    )
    return journal.session().execute(greeted).first() is not None


def subscribe(connection_id: str, channel_id: str, as_of: int) -> None:
    """Note that a connection looks at a channel, from where its answer was read; replaces what it had there."""
    if find(connection_id) is None:
        raise ChatError("session_expired")
    unsubscribe(connection_id, channel_id)
    row = GatewaySubscription(
        id=new_id(), connection_id=connection_id, channel_id=channel_id, as_of=as_of, changed_at=now()
    )
    journal.session().add(row)


def unsubscribe(connection_id: str, channel_id: str) -> None:
    """Note that it does not look any more."""
    of = (GatewaySubscription.connection_id == connection_id, GatewaySubscription.channel_id == channel_id)
    _end(GatewaySubscription, *of)


def end_subscriptions(ids: Iterable[str]) -> None:
    """Note that those who were taken out of channels do not listen any more."""
    _end(GatewaySubscription, GatewaySubscription.id.in_(list(ids)))


def end_connections(ids: Iterable[str]) -> None:
    """Note that connections are gone, and with them what they looked at."""
    ids = list(ids)
    _end(GatewayConnection, GatewayConnection.id.in_(ids))
    _end(GatewaySubscription, GatewaySubscription.connection_id.in_(ids))


def heads_of(connection_id: str) -> dict[str, int]:
    """Where everything stands that a connection is told of: its person's own stream, and the channels it looks at."""
    holder = find(connection_id)
    if holder is None:
        return {}
    # The row of who was just taken out of a channel may still be there.
    is_mine = (Membership.channel_id == Channel.id) & (Membership.user_id == holder.user_id)
    query = (
        select(Channel.id)
        .join(GatewaySubscription, GatewaySubscription.channel_id == Channel.id)
        .outerjoin(Membership, is_mine & Membership.left_at.is_(None))
        .where(
            GatewaySubscription.connection_id == connection_id,
            GatewaySubscription.ended_at.is_(None),
            or_(Channel.kind == "public", Membership.user_id.is_not(None)),
        )
    )
    streams = [holder.user_id, *journal.session().scalars(query)]
    return {stream: head.seq for stream, head in journal.heads(streams).items()}


# The registry, for whoever tells ---------------------------------------------------------------------


def hold_lease(holder: str, lasts: timedelta, which: int = 1) -> bool:
    """Take a lease or make it last on; False while another process holds it. 1: the API Gateway's, 2: AppSync's."""
    mine = or_(GatewayLease.holder == holder, GatewayLease.until < now())
    taken = (
        update(GatewayLease)
        .where(GatewayLease.id == which, mine)
        .values(holder=holder, until=now() + lasts)
        .returning(GatewayLease.id)
        .execution_options(synchronize_session=False)
    )
    if journal.session().execute(taken).first():
        return True
    if journal.session().get(GatewayLease, which):
        return False
    journal.session().add(GatewayLease(id=which, holder=holder, until=now() + lasts))
    journal.session().flush()
    return True


def give_up_lease(holder: str) -> None:
    """Let another process tell from now on."""
    mine = update(GatewayLease).where(GatewayLease.holder == holder).values(until=now() - timedelta(seconds=1))
    journal.session().execute(mine.execution_options(synchronize_session=False))


def changed_connections(since: datetime | None) -> list[Row]:
    """Connections that came, were greeted or went since then; None: all that are open."""
    query = select(
        GatewayConnection.id,
        GatewayConnection.user_id,
        GatewayConnection.session_id,
        GatewayConnection.heads,
        GatewayConnection.changed_at,
        GatewayConnection.ended_at,
    )
    query = query.where(_IS_OPEN) if since is None else query.where(GatewayConnection.changed_at >= since)
    return list(journal.session().execute(query))


def changed_subscriptions(since: datetime | None) -> list[Row]:
    """Subscriptions that came or went since then; None: all that stand."""
    row = GatewaySubscription
    query = select(row.id, row.connection_id, row.channel_id, row.as_of, row.changed_at, row.ended_at).order_by(row.id)
    query = query.where(row.ended_at.is_(None)) if since is None else query.where(row.changed_at >= since)
    return list(journal.session().execute(query))


def told_until() -> dict[str, int]:
    """How far each stream was told, by whoever held the lease."""
    return {row.stream_id: row.seq for row in journal.session().execute(select(GatewayTold.stream_id, GatewayTold.seq))}


def note_told(seqs: dict[str, int]) -> None:
    """Note how far streams were told."""
    for stream, seq in seqs.items():
        row = journal.session().get(GatewayTold, stream)
        if row:
            row.seq = max(row.seq, seq)
        else:
            journal.session().add(GatewayTold(stream_id=stream, seq=seq))
    journal.session().flush()


def forget_told() -> None:
    """The database is of another epoch: its numbers begin anew."""
    journal.session().execute(delete(GatewayTold))


def overdue() -> list[str]:
    """Open connections that the API Gateway must have closed long ago."""
    query = select(GatewayConnection.id).where(_IS_OPEN, GatewayConnection.opened_at < now() - LONGEST)
    return list(journal.session().scalars(query))


def sweep() -> None:
    """Let go of what ended a while ago."""
    for table in (GatewaySubscription, GatewayConnection):
        ended = delete(table).where(table.ended_at < now() - REMEMBERED)
        journal.session().execute(ended.execution_options(synchronize_session=False))


def _end(table: type[GatewaySubscription | GatewayConnection], *which: object) -> None:
    ended = update(table).where(table.ended_at.is_(None), *which).values(ended_at=now(), changed_at=now())  # type: ignore[arg-type]
    journal.session().execute(ended.execution_options(synchronize_session=False))
