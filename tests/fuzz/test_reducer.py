"""However the events of a channel arrive, a client that follows the protocol's rules comes to the same state.

`PARLEY_FUZZ=20` tries twenty times as many orders.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.delivery.reducer import Client
from tests.delivery.world import World

TIMES = int(os.environ.get("PARLEY_FUZZ", "1"))
EVENTS = 40


class Log:
    """What happened in a channel while bo looked at it: the answers he started from, and every event since."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder, healing=False)
        self.ana, self.bo, self.cleo = self.world.people
        self.channel = self.world.channel_id
        self.hello = self.world.does(self.bo, "hello")
        self.subscribed = self.world.does(self.bo, "subscribe", channel_id=self.channel)
        self.told: list[Any] = []
        self.world.dispatch.wake = lambda told: self.told.extend(chain(*told.values()))
        random = Random(1)
        while len(self.told) < EVENTS:
            self.something_happens(random)
        mine = (self.channel, self.bo.session_user)
        self.told = [event for event in self.told if event.stream in mine]
        streams = {self.channel: self.subscribed["seq"], self.bo.session_user: self.hello["seq"]}
        self.heads = {
            stream: max([e.seq for e in self.told if e.stream == stream] + [at]) for stream, at in streams.items()
        }

    def something_happens(self, random: Random) -> None:
        """Ana and cleo write, edit, react and delete; bo reads and reacts; cleo comes and goes."""
        who = random.choice([self.ana, self.ana, self.cleo, self.bo])
        seen = [event.body["message"]["id"] for event in self.told if "message" in event.body]
        choice = random.random()
        if choice < 0.4 or not seen:
            body = {"client_msg_id": str(uuid.UUID(int=random.getrandbits(128))), "text": f"@bo {choice}"}
            thread = {"thread_id": random.choice(seen)} if seen and choice < 0.1 else {}
            self.world.tries(who, "message", channel_id=self.channel, **body, **thread)
        elif choice < 0.55:
            self.world.tries(who, "edit", message_id=random.choice(seen), text=f"changed {choice}")
        elif choice < 0.75:
            self.world.tries(who, "addReaction", message_id=random.choice(seen), emoji=random.choice(["👍", "🎉"]))
        elif choice < 0.85:
            self.world.tries(who, "delete", message_id=random.choice(seen))
        elif choice < 0.93:
            self.world.tries(self.bo, "markRead", channel_id=self.channel, seq=random.randrange(40), unread=True)
        else:
            action = random.choice(["add_member", "remove_member"])
            self.world.tries(self.ana, action, channel_id=self.channel, user_id=self.cleo.session_user)


class Reader:
    """Bo's page: what it asks is answered by the real dispatch, which knows everything already."""

    def __init__(self, log: Log) -> None:
        self.log, self.asked = log, []
        self.client = Client(log.bo.session_user, log.channel, lambda *asked: self.asked.append(asked))
        self.client.on_event("hello", log.hello)
        self.client.step()
        [(name, _, mark)] = self.asked
        self.asked.clear()
        self.client.on_answer(name, mark, {"ok": True, "data": log.subscribed})

    def hears(self, event: Any) -> None:
        self.client.on_event(event.name, event.as_dict())

    def asks(self) -> bool:
        """It asks one thing, if it wants any, and hears the answer."""
        if not self.client.step():
            return False
        name, payload, mark = self.asked.pop()
        action = {"own sync": "sync", "count": "show_channel"}.get(name, name)
        self.client.on_answer(name, mark, {"ok": True, "data": self.log.world.does(self.log.bo, action, **payload)})
        return True

    def rests(self) -> dict[str, Any]:
        """Heads come, whatever is missing is asked for; then what it shows."""
        for _ in range(20):
            self.client.on_event("heads", self.log.heads)
            if not self.asks():
                break
            while self.asks():
                pass
        else:
            raise AssertionError("it never came to rest")
        client = self.client
        assert client.channel is not None
        shown = {"rows": client.rows, "members": client.members, "read": client.read}
        return {
            **shown,
            "cursors": (client.channel.cursor, client.own.cursor),
            "held": [*client.channel.held, *client.own.held],
        }


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    return Log(tmp_path_factory.mktemp("reducer"))


@pytest.fixture(scope="module")
def in_order(log: Log) -> dict[str, Any]:
    """What a page shows that heard everything once and in order."""
    reader = Reader(log)
    for event in log.told:
        reader.hears(event)
    assert reader.client.channel
    assert reader.client.channel.cursor == log.heads[log.channel]
    return reader.rests()


ARRIVALS = st.lists(st.integers(0, EVENTS - 1) | st.just("asks"), max_size=3 * EVENTS)


@settings(
    max_examples=150 * TIMES,
    deadline=None,
    derandomize=TIMES == 1,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(arrivals=ARRIVALS | st.permutations(range(EVENTS)))
def test_any_order_with_repeats_and_losses_comes_to_the_same(
    log: Log, in_order: dict[str, Any], arrivals: list[Any]
) -> None:
    reader = Reader(log)
    for arrival in arrivals:
        if arrival == "asks":
            reader.asks()
        elif arrival < len(log.told):
            reader.hears(log.told[arrival])
    assert reader.rests() == in_order


def test_the_log_holds_something_of_everything(log: Log) -> None:
    assert {event.name for event in log.told} >= {"message", "member", "read"}
    assert len(log.told) > EVENTS // 2
    messages = [event.body["message"] for event in log.told if "message" in event.body]
    assert any(message["deleted_at"] for message in messages)
    assert any(message["rev"] > 1 for message in messages)
    assert any(message["reactions"] for message in messages)
    assert any(message["thread_id"] for message in messages)
