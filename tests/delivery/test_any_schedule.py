"""Whatever is delayed, doubled, reordered, lost, cut or killed: at rest every page shows what the database holds."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from chat.actions.reading import count_unread
from chat.database import transaction
from chat.models import Membership, Message, Stream
from chat.policies import MESSAGE_PARTS
from chat.presenters import present_member, present_message
from tests.delivery.world import Page, Person, World

STEPS = 100
SCHEDULES = range(int(os.environ.get("PARLEY_SCHEDULES", "20")))  # more of them: PARLEY_SCHEDULES=1000
EMOJI = ("👍", "🎉")


def act(world: World, random: Random) -> None:
    """Someone writes, edits, deletes, reacts, marks read, or adds and removes people."""
    person: Person = random.choice(world.people)
    messages = [row for page in world.pages for row in page.client.rows.values()]
    choice = random.random()
    if choice < 0.4 or not messages:
        names = random.choice(["", "@bo ", "@channel ", "@ana "])
        thread = {"thread_id": random.choice(messages)["id"]} if messages and random.random() < 0.3 else {}
        world.tries(
            person,
            "message",
            channel_id=world.channel_id,
            client_msg_id=str(uuid.UUID(int=random.getrandbits(128))),
            text=f"{names}{random.random()}",
            **thread,
        )
        return
    message_id = random.choice(messages)["id"]
    if choice < 0.55:
        world.tries(person, "edit", message_id=message_id, text=f"{random.choice(['', '@bo '])}{random.random()}")
    elif choice < 0.62:
        world.tries(person, "delete", message_id=message_id)
    elif choice < 0.78:
        action = random.choice(["addReaction", "addReaction", "removeReaction"])
        world.tries(person, action, message_id=message_id, emoji=random.choice(EMOJI))
    elif choice < 0.9:
        back = random.random() < 0.3
        world.tries(person, "markRead", channel_id=world.channel_id, seq=random.randint(0, 60), unread=back)
    else:
        ana, other = world.people[0], random.choice(world.people[1:])
        action = random.choice(["add_member", "remove_member"])
        world.tries(ana, action, channel_id=world.channel_id, user_id=other.session_user)


def fault(world: World, random: Random, page: Page) -> None:
    """Something goes wrong."""
    frames = world.wire.frames.get(page.sid or "", [])
    durable = [index for index, (_, payload) in enumerate(frames) if isinstance(payload, dict) and "prev" in payload]
    choice = random.random()
    if choice < 0.35 and durable and world.healing:
        del frames[random.choice(durable)]
    elif choice < 0.6 and durable:
        frames.append(frames[random.choice(durable)])
    elif choice < 0.8 and world.healing:
        world.lose_wake()
    elif choice < 0.93:
        page.cut()
    else:
        world.kill()


def step(world: World, random: Random, page: Page, *, in_order: bool) -> None:
    """Any one of the possible steps."""
    if page.sid is None or page.sid not in world.wire.frames:
        page.cut()
        page.connect()
    choice = random.random()
    if choice < 0.2:
        act(world, random)
    elif choice < 0.4:
        world.tell_one()
    elif choice < 0.72:
        world.deliver(page, 0 if in_order else random.randrange(1000))
    elif choice < 0.87:
        page.client.step()
        world.serve(page)
    elif choice < 0.92 and world.healing:
        world.dispatcher.poll()
    else:
        fault(world, random, page)


def run(world: World, random: Random, *, in_order: bool) -> None:
    """A schedule: any of the possible steps, one after the other."""
    depth = 0

    def meanwhile() -> None:
        nonlocal depth
        if depth == 0 and random.random() < 0.3:
            depth += 1
            act(world, random)
            if random.random() < 0.7:
                world.tell_one()
            depth -= 1

    world.between = meanwhile
    for _ in range(STEPS):
        step(world, random, random.choice(world.pages), in_order=in_order)
    world.between = lambda: None


def truth(world: World) -> tuple[dict[str, Any], dict[str, Any], dict[str, int], dict[str, Any]]:
    """What the database holds: messages, memberships, heads, and everybody's counts."""
    with world.app.app_context(), transaction(writes=False) as session:
        rows = session.scalars(select(Message).filter_by(channel_id=world.channel_id).options(*MESSAGE_PARTS))
        messages = {row.id: present_message(row) for row in rows}
        members = {row.user_id: present_member(row) for row in session.scalars(select(Membership))}
        heads = {row.id: row.seq for row in session.scalars(select(Stream))}
        reads = {person.session_user: count_unread(person.session_user, [world.channel_id]) for person in world.people}
    return messages, members, heads, reads


def check(world: World) -> None:
    """At rest: client state = database; numbers without holes; nothing for those who were removed."""
    messages, members, heads, reads = truth(world)
    for page in world.pages:
        client = page.client
        assert client.own.cursor == heads[page.user_id]
        assert client.is_member == (members[page.user_id]["left_at"] is None)
        if not client.is_member:
            assert (client.channel, client.rows) == (None, {})
            continue
        assert client.channel is not None
        assert client.channel.cursor == heads[world.channel_id]
        assert client.rows == {
            key: row for key, row in messages.items() if row["seq"] >= client.low and in_window(row, client)
        }
        assert all(members[user_id] == member for user_id, member in client.members.items())
        counted = reads[page.user_id][world.channel_id]
        assert client.read is not None
        told = {key: client.read[key] for key in ("unread", "mentions", "posted")}
        assert told == {key: counted[key] for key in told}
    numbers = [row["changed_seq"] for row in messages.values()] + [row["changed_seq"] for row in members.values()]
    assert len(set(numbers)) == len(numbers)


def in_window(row: dict[str, Any], client: Any) -> bool:
    """A page holds the main line only; replies come in when they change while one looks."""
    return row["thread_id"] is None or row["id"] in client.rows


def check_nobody_heard_too_much(world: World) -> None:
    """Nobody was told of a number that came after their removal, unless they were back when it was told."""
    for user_id, removed, name, payload in world.told_while_out:
        own_removal = name == "member" and payload["member"]["user_id"] == user_id
        assert own_removal or payload["seq"] < removed, (user_id, removed, name, payload)


@pytest.mark.parametrize("healing", [True, False], ids=["losing", "without heads and poll"])
@pytest.mark.parametrize("seed", SCHEDULES)
def test_at_rest_everyone_sees_what_is_there(seed: int, healing: bool, tmp_path: Path) -> None:
    random = Random(seed)
    world = World(tmp_path, healing=healing)
    run(world, random, in_order=seed % 2 == 0)
    world.settle()
    check(world)
    check_nobody_heard_too_much(world)
