"""Joining while things happen: what comes between the reading of an answer and its arrival is told once, in order."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chat.actions import sync
from chat.aws.publisher import GatewayPublisher
from chat.basics import now
from chat.database import transaction
from chat.errors import ChatError
from chat.journal import Events
from chat.realtime.gateway import SocketPost
from chat.realtime.rooms import Rooms
from tests.delivery.world import Page, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, healing=False)


def says(world: World, text: str) -> None:
    ana = world.people[0]
    world.does(ana, "message", channel_id=world.channel_id, client_msg_id=str(uuid.uuid4()), text=text)


def tell_all(world: World) -> None:
    while world.tell_one():
        pass


def once(happening: Callable[[], Any], *, call: int) -> Callable[[], None]:
    """Something that happens at the n-th chance: before (1) or after (2) the first reading, and so on."""
    chances = 0

    def chance() -> None:
        nonlocal chances
        chances += 1
        if chances == call:
            happening()

    return chance


def connected(page: Page) -> Page:
    page.connect()
    page.world.wire.frames[page.sid].clear()
    return page


def subscribe(world: World, page: Page) -> list[tuple[str, Any]]:
    """Ask for the channel as a page does; everything that was sent to it, the answer in its place."""
    asked = ("subscribe", {"channel_id": world.channel_id}, {"generation": 0})
    page.asked.append(asked)
    assert world.serve(page)
    return world.wire.frames[page.sid]


def texts(frames: list[tuple[str, Any]]) -> list[str]:
    return [payload["message"]["text"] for name, payload in frames if name == "message"]


def test_what_is_told_while_the_answer_is_read_comes_right_after_it(world: World) -> None:
    bo = connected(world.pages[1])

    def happening() -> None:
        says(world, "in between")
        tell_all(world)

    world.between = once(happening, call=2)
    names = [name for name, _ in subscribe(world, bo)]
    assert names == ["activity", "answer", "message"] or names == ["answer", "message"]
    assert texts(world.wire.frames[bo.sid]) == ["in between"]


def test_what_the_answer_holds_already_is_not_told_again(world: World) -> None:
    bo = connected(world.pages[1])
    world.between = once(lambda: says(world, "just before"), call=1)
    frames = subscribe(world, bo)
    tell_all(world)
    assert texts(frames) == []
    answer = next(payload[2] for name, payload in frames if name == "answer")
    assert [message["text"] for message in answer["data"]["messages"]] == ["just before"]


def test_what_was_said_while_a_successor_takes_a_connection_over_is_told_once(world: World) -> None:
    bo, wire = world.people[1], world.wire
    as_of = world.does(bo, "show_channel", channel_id=world.channel_id)["channel"]["seq"]
    says(world, "missed")
    stands = {"ended_at": None, "changed_at": now()}
    phone = SimpleNamespace(id="phone", user_id=bo.session_user, session_id=bo.session_id, heads=None, **stands)
    looks = SimpleNamespace(id="it", connection_id="phone", channel_id=world.channel_id, as_of=as_of, **stands)
    registry = SimpleNamespace(
        hold_lease=lambda *_: True, told_until=dict, changed=lambda _: ([phone], [looks]), sweep=list
    )
    wire.frames["phone"] = []

    class Meanwhile:
        """Reads the heads a second time, after the dispatcher did; somebody writes in between."""

        changes = world.parley.reader.changes

        def heads(self, streams: Any) -> dict[str, int]:
            says(world, "in between")
            return world.parley.reader.heads(streams)

    reader = world.parley.reader
    rooms = Rooms(world.dispatcher, SocketPost(wire), reader.members_among, reader.place_of, heads_seconds=0)
    teller = GatewayPublisher(
        registry, Meanwhile(), rooms, world.dispatcher.sent, close=wire.hang_up, may_hear=lambda *_: True
    )
    world.dispatcher.publishers.append(teller)
    teller.tick()
    tell_all(world)
    says(world, "after")
    tell_all(world)
    assert texts(wire.frames["phone"]) == ["missed", "in between", "after"]


def test_news_that_came_while_a_subscription_was_refused_are_counted_all_the_same(world: World) -> None:
    bo = connected(world.pages[1])

    def refused() -> None:
        says(world, "in between")
        tell_all(world)
        raise ChatError("unavailable")

    world.between = once(refused, call=1)
    frames = subscribe(world, bo)
    says(world, "after")
    tell_all(world)
    assert [payload["snippet"] for name, payload in frames if name == "activity"] == ["in between", "after"]
    assert texts(frames) == []


def test_who_is_removed_while_joining_hears_that_and_nothing_after(world: World) -> None:
    ana, bo = world.people[0], world.people[1]
    page = connected(world.pages[1])

    def happening() -> None:
        world.does(ana, "remove_member", channel_id=world.channel_id, user_id=bo.session_user)
        says(world, "secret")
        tell_all(world)

    world.between = once(happening, call=2)
    frames = subscribe(world, page)
    says(world, "secret too")
    tell_all(world)
    about = [(name, payload) for name, payload in frames if name in ("message", "member", "activity")]
    assert [name for name, _ in about] == ["member"]
    assert "secret" not in str(frames)


def test_an_old_removal_told_late_does_not_take_out_who_is_back(world: World) -> None:
    ana, bo = world.people[0], world.people[1]
    page = connected(world.pages[1])
    world.does(ana, "remove_member", channel_id=world.channel_id, user_id=bo.session_user)
    world.does(ana, "add_member", channel_id=world.channel_id, user_id=bo.session_user)
    frames = subscribe(world, page)
    tell_all(world)
    says(world, "welcome back")
    tell_all(world)
    assert texts(frames) == ["welcome back"]


def test_news_of_a_channel_joined_during_the_hello_are_counted(world: World) -> None:
    ana, cleo = world.people[0], world.people[2]
    world.does(ana, "remove_member", channel_id=world.channel_id, user_id=cleo.session_user)
    tell_all(world)

    def added() -> None:
        world.does(ana, "add_member", channel_id=world.channel_id, user_id=cleo.session_user)

    world.between = once(added, call=1)
    world.pages[3].connect()
    says(world, "for everyone")
    tell_all(world)
    frames = world.wire.frames[world.pages[3].sid]
    assert [payload["posted"] for name, payload in frames if name == "activity"] == [1]


def test_what_was_said_before_someone_heard_that_they_were_added_is_counted(world: World) -> None:
    ana, cleo = world.people[0], world.people[2]
    world.does(ana, "remove_member", channel_id=world.channel_id, user_id=cleo.session_user)
    tell_all(world)
    page = connected(world.pages[3])
    world.does(ana, "add_member", channel_id=world.channel_id, user_id=cleo.session_user)
    says(world, "welcome")
    tell_all(world)
    says(world, "and good morning")
    tell_all(world)
    frames = world.wire.frames[page.sid]
    assert [payload["posted"] for name, payload in frames if name == "activity"] == [1, 2]


def test_nobody_but_members_hears_of_a_channel_from_the_moment_it_is_private(world: World) -> None:
    ana, bo, _ = world.people
    world.channel_id = world.does(ana, "create_channel", name="town", kind="public")["channel"]["id"]
    world.does(ana, "add_member", channel_id=world.channel_id, user_id=bo.session_user)
    tell_all(world)
    member, visitor = connected(world.pages[1]), connected(world.pages[3])
    subscribe(world, member)
    subscribe(world, visitor)
    says(world, "all hear")
    tell_all(world)
    assert texts(world.wire.frames[visitor.sid]) == ["all hear"]
    world.does(ana, "update_channel", channel_id=world.channel_id, kind="private")
    says(world, "members hear")
    tell_all(world)
    assert texts(world.wire.frames[member.sid]) == ["all hear", "members hear"]
    assert texts(world.wire.frames[visitor.sid]) == ["all hear"]
    assert [name for name, _ in world.wire.frames[visitor.sid]][-1] == "message"


def test_a_commit_that_was_never_told_is_found_by_the_poll(world: World) -> None:
    bo = connected(world.pages[1])
    frames = subscribe(world, bo)
    says(world, "lost on the way")
    world.lose_wake()
    says(world, "and one more")
    world.dispatcher.poll()
    assert texts(frames) == ["lost on the way", "and one more"]


def test_events_are_told_in_order_also_when_the_wakes_come_in_another(world: World) -> None:
    bo = connected(world.pages[1])
    frames = subscribe(world, bo)
    wakes: list[Events] = []
    world.dispatch.wake = wakes.append
    says(world, "first")
    says(world, "second")
    for told in reversed(wakes):
        world.dispatcher.wake(told)
        tell_all(world)
    assert texts(frames) == ["first", "second"]
    numbers = [(payload["prev"], payload["seq"]) for name, payload in frames if name == "message"]
    assert numbers[0][1] == numbers[1][0]


def test_what_is_hinted_at_without_its_event_is_read(world: World) -> None:
    bo = connected(world.pages[1])
    frames = subscribe(world, bo)
    says(world, "committed by another process")
    world.lose_wake()
    world.dispatcher.wake({world.channel_id: []})
    world.dispatcher.wake({world.channel_id: []})
    tell_all(world)
    assert texts(frames) == ["committed by another process"]


def test_who_hangs_up_while_being_greeted_is_not_kept(world: World) -> None:
    page = world.pages[1]
    world.between = once(page.cut, call=1)
    page.connect()
    assert (world.rooms.connections, world.rooms.rooms, world.dispatcher.followed) == ({}, {}, {})


def test_an_epoch_that_begins_before_the_first_poll_is_noticed_by_it(world: World) -> None:
    page = connected(world.pages[1])
    with world.app.app_context(), transaction(writes=True) as session:
        sync.begin_epoch()
        session.commit()
    assert page.sid in world.rooms.connections
    world.dispatcher.poll()
    assert page.sid not in world.rooms.connections
