"""Two processes on one database: what one does is told in the other at once by hints, and within the tick without."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chat.app import Parley
from chat.journal import Event, Events
from chat.realtime import hints
from chat.realtime.hints import STREAM, TYPING, Hint, Hints
from tests.doors.test_metrics import Figures
from tests.servers.redis import Redis
from tests.support import PATIENCE, Person, Phone, Server, until

NO_TICK = {"POLL_SECONDS": "0"}  # what one process does reaches the other by a hint, or never
PROMPT = 2.5  # seconds for an acknowledgement while Redis is away; it is meant to take milliseconds
TICKS = 4.0  # seconds for what the tick of each second finds


@dataclass
class Pair:
    """Two servers with one database. People are at the first; ``there`` is the same person at the second."""

    here: Server
    other: Server

    def there(self, person: Person) -> Person:
        return replace(person, server=self.other)


@contextmanager
def two_processes(folder: Path, **settings: str) -> Iterator[Pair]:
    started = [Server(folder, settings).start() for _ in range(2)]
    try:
        yield Pair(*started)
    finally:
        for server in started:
            server.stop()


@pytest.fixture
def unconnected(tmp_path: Path) -> Iterator[Pair]:
    """Two processes without Redis."""
    with two_processes(tmp_path) as pair:
        yield pair


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    redis = Redis(own=True)
    yield redis
    redis.close()


@pytest.fixture
def with_own_redis(tmp_path: Path, own_redis: Redis) -> Iterator[Pair]:
    """Two processes with a Redis that may be broken."""
    with two_processes(tmp_path, REDIS_URL=own_redis.url) as pair:
        yield pair


@pytest.fixture(scope="module")
def hinted(tmp_path_factory: pytest.TempPathFactory, redis: Redis) -> Iterator[Pair]:
    """Two processes that nothing but hints connects."""
    with two_processes(tmp_path_factory.mktemp("hinted"), REDIS_URL=redis.url, **NO_TICK) as pair:
        yield pair


def listens(redis: Redis, processes: int = 2) -> Callable[[], bool]:
    """Whether so many processes hear each other's hints."""

    def check() -> bool:
        """the processes listen to Redis"""
        with redis.client() as client:
            channels = client.pubsub_channels("parley:*")
            return any(heard >= processes for _, heard in client.pubsub_numsub(*channels)) if channels else False

    return check


def texts(phone: Phone) -> list[str]:
    return [event["message"]["text"] for event in phone.events("message")]


def look(pair: Pair, connect: Callable[..., Phone], kind: str = "private") -> tuple[Person, Person, Phone, Phone, str]:
    """Ana at one process and Bo at the other, both looking at one channel."""
    ana = pair.here.owner()
    bo = pair.here.person("bo", ana)
    channel = ana.opens(kind, bo)
    hers, his = connect(ana), connect(pair.there(bo))
    for phone in (hers, his):
        phone.looks_at(channel)
    return ana, bo, hers, his, channel


# By hints alone ---------------------------------------------------------------------------------------


def test_a_hot_channel_has_one_order_in_both_processes(
    hinted: Pair, redis: Redis, connect: Callable[..., Phone]
) -> None:
    _, _, hers, his, channel = look(hinted, connect)
    until(listens(redis))
    said = Figures(hinted.here).of("hint_messages_total", what="said")
    heard = Figures(hinted.other).of("hint_messages_total", what="heard")

    def chat(phone: Phone, name: str) -> None:
        for number in range(60):
            phone.sends(channel, f"{name} {number}").expect()

    people = [threading.Thread(target=chat, args=each) for each in ((hers, "ana"), (his, "bo"))]
    for person in people:
        person.start()
    for person in people:
        person.join()
    last = hers.sends(channel, "that was all").data["seq"]
    for phone in (hers, his):
        phone.hears("message", lambda event: event["seq"] == last)
    assert texts(hers) == texts(his), "nobody sees another order"
    assert len(texts(his)) == 121, "nothing is lost, nothing comes twice"
    assert [text for text in texts(hers) if text.startswith("bo")] == [f"bo {number}" for number in range(60)]
    assert Figures(hinted.here).of("hint_messages_total", what="said") > said
    assert Figures(hinted.other).of("hint_messages_total", what="heard") > heard


def test_who_is_removed_in_one_process_is_out_in_the_other(
    hinted: Pair, redis: Redis, connect: Callable[..., Phone]
) -> None:
    ana, bo, hers, his, channel = look(hinted, connect)
    until(listens(redis))
    hers.sends(channel, "still here").expect()
    ana.removes(channel, bo).expect()
    for number in range(20):
        hers.sends(channel, f"secret {number}").expect()
    gone = his.hears("member", lambda event: event["member"]["left_at"])
    his.hears("channel_left")
    ana.adds(channel, bo)
    his.hears("channel_joined")
    hers.sends(channel, "welcome back").expect()
    his.hears("activity")
    assert texts(his) == ["still here"], "what was told after the removal is not his"
    assert max(event["seq"] for name, event in his.told if event.get("stream") == channel) == gone["seq"]


def test_a_session_ended_in_one_process_is_closed_in_the_other(
    hinted: Pair, redis: Redis, connect: Callable[..., Phone]
) -> None:
    ana, _, _, his, _ = look(hinted, connect)
    made = ana.post("/tokens", {"name": "phone"}).expect(201).data
    phone = connect(hinted.there(replace(ana, _token=made["token"])))
    until(listens(redis))
    ana.delete(f"/sessions/{made['session']['id']}").expect()
    assert phone.disconnected.wait(PATIENCE)
    assert not his.disconnected.is_set()


def test_who_types_in_one_process_is_seen_typing_in_the_other(
    hinted: Pair, redis: Redis, connect: Callable[..., Phone]
) -> None:
    ana, _, hers, his, channel = look(hinted, connect)
    until(listens(redis))
    hers.asks("typing", {"channel_id": channel, "on": True}).expect()
    his.hears("typing", lambda event: event["user_ids"] == [ana.id])
    hers.asks("typing", {"channel_id": channel, "on": False}).expect()
    his.hears("typing", lambda event: event["user_ids"] == [])
    his.told.clear()
    hers.asks("typing", {"channel_id": channel, "on": True}).expect()
    his.hears("typing", lambda event: event["user_ids"] == [ana.id])
    another = connect(hinted.there(ana))
    another.looks_at(channel)
    another.hangs_up()
    his.asks("ping").expect()
    assert [event["user_ids"] for event in his.events("typing")] == [[ana.id]], "she types on, elsewhere"
    hers.hangs_up()
    his.hears("typing", lambda event: event["user_ids"] == [])


# Whom they believe ------------------------------------------------------------------------------------


def test_nobody_who_can_write_to_redis_can_put_words_into_a_channel(
    hinted: Pair, redis: Redis, connect: Callable[..., Phone]
) -> None:
    _, _, hers, his, channel = look(hinted, connect)
    until(listens(redis))
    published: list[bytes] = []
    with redis.client() as client, client.pubsub() as overheard:
        [name] = client.pubsub_channels("parley:*")
        overheard.subscribe(name)
        hers.sends(channel, "true words").expect()
        his.hears("message")
        while message := overheard.get_message(timeout=0.5):
            published += [message["data"]] if message["type"] == "message" else []
        [sealed] = published
        head = json.loads(sealed[64:])[STREAM][channel][-1][1]
        next_number = f'"{STREAM}":{{"{channel}":[[{head},{head + 1},'.encode()
        forged = sealed.replace(f'"{STREAM}":{{"{channel}":[[{head - 1},{head},'.encode(), next_number)
        forged = forged.replace(b'"from":"', b'"from":"x').replace(b"true words", b"false words")
        assert next_number in forged
        for nonsense in (forged, sealed[64:], b"", b"\xff\xfe", b"x" * 200_000, b"null", sealed, sealed):
            assert client.publish(name, nonsense) >= 2
    hers.sends(channel, "more true words").expect()
    for phone in (hers, his):
        phone.hears("message", lambda event: event["message"]["text"] == "more true words")
    assert texts(his) == texts(hers) == ["true words", "more true words"]
    assert "Traceback" not in hinted.here.log()


def test_two_installations_on_one_redis_do_not_hear_each_other(hinted: Pair, redis: Redis, own_server) -> None:
    stranger = own_server(REDIS_URL=redis.url, **NO_TICK)
    ana, zoe = hinted.here.owner(), stranger.owner()
    phones = [ana.connect(), zoe.connect()]
    try:
        channels = [ana.opens(), zoe.opens()]
        phones[0].sends(channels[0], "here").expect()
        phones[1].sends(channels[1], "there").expect()
        until(listens(redis, 1))
        with redis.client() as client:
            assert len(client.pubsub_channels("parley:*")) == 2
    finally:
        for phone in phones:
            phone.hangs_up()


def test_nothing_of_a_message_or_of_the_password_of_redis_is_logged(
    own_server: Callable[..., Server], connect: Callable[..., Phone]
) -> None:
    guarded = Redis(password="open-sesame")
    try:
        server = own_server(REDIS_URL=guarded.url, LOG_LEVEL="DEBUG")
        ana = server.owner()
        phone, channel = connect(ana), ana.opens()
        until(listens(guarded, 1))
        phone.sends(channel, "for your eyes only").expect()
        guarded.stop()
        until(lambda: phone.sends(channel, "for your eyes only").expect() and "Redis fails" in server.log())
        assert Figures(server).of("redis_failures_total") >= 1
    finally:
        guarded.close()
    assert "open-sesame" not in server.log()
    assert "for your eyes only" not in server.log()


# Without Redis ----------------------------------------------------------------------------------------


def say_and_hear(speaker: Phone, listener: Phone, channel: str, count: int) -> None:
    """Say something again and again: each is acknowledged promptly, and told at the other process in time."""
    for number in range(count):
        began = time.monotonic()
        seq = speaker.sends(channel, f"{number}").expect().data["seq"]
        acknowledged = time.monotonic()
        assert acknowledged - began < PROMPT
        listener.hears("message", lambda event, seq=seq: event["seq"] == seq)
        assert time.monotonic() - acknowledged < TICKS


def test_while_redis_is_away_everything_goes_on_by_the_tick(
    with_own_redis: Pair, own_redis: Redis, connect: Callable[..., Phone]
) -> None:
    _, _, hers, his, channel = look(with_own_redis, connect)
    until(listens(own_redis))
    own_redis.stop()
    say_and_hear(hers, his, channel, 3)
    own_redis.start()
    until(listens(own_redis))
    with own_redis.frozen():
        say_and_hear(his, hers, channel, 3)
    until(listens(own_redis))
    own_redis.flush()
    say_and_hear(hers, his, channel, 3)
    until(lambda: len(texts(hers)) == len(texts(his)) == 9)
    assert texts(hers) == texts(his) == [str(number) for number in range(3)] * 3
    assert 1 <= with_own_redis.here.log().count("Redis fails") <= 8, "a line for each outage, thread and process"


def test_without_redis_two_processes_hear_of_each_other_by_the_tick(
    unconnected: Pair, connect: Callable[..., Phone]
) -> None:
    ana, bo, hers, his, channel = look(unconnected, connect)
    say_and_hear(hers, his, channel, 1)
    say_and_hear(his, hers, channel, 1)
    made = ana.post("/tokens", {"name": "phone"}).expect(201).data
    phone = connect(unconnected.there(replace(ana, _token=made["token"])))
    ana.delete(f"/sessions/{made['session']['id']}").expect()
    assert phone.disconnected.wait(PATIENCE)
    ana.removes(channel, bo).expect()
    hers.sends(channel, "secret").expect()
    his.hears("member")
    assert "secret" not in texts(his)


# What is said, and what is not ------------------------------------------------------------------------


class Told:
    """A dispatcher that only remembers."""

    def __init__(self, epoch: str = "this one") -> None:
        self.epoch = epoch
        self.woken: list[Events] = []

    def known_epoch(self) -> str:
        return self.epoch

    def wake(self, told: Events) -> None:
        self.woken.append(told)


def speaks(*events: Event) -> list[Hint]:
    return [Hint(STREAM, (events[0].stream, list(events)), time.monotonic())]


def event(seq: int, text: str = "", stream: str = "town") -> Event:
    return Event(stream, seq - 1, seq, "message", {"message": {"text": text}}, recount=True)


def made(dispatcher: Any, key: str = "k" * 32) -> Hints:
    return Hints(dispatcher, "redis://127.0.0.1", key)


def test_a_hint_is_heard_as_it_was_said() -> None:
    dispatcher = Told()
    typed: list[tuple[Any, ...]] = []
    speaker, listener = made(Told()), made(dispatcher)
    listener.hear_typing = lambda *sign: typed.append(sign)
    sign = ["ana", "town", None, True]
    sealed = speaker.sealed(
        [*speaks(event(1), event(2, "🎉")), *speaks(event(7, stream="den")), Hint(TYPING, sign, 0.0)]
    )
    said = listener.opened(sealed.encode())
    assert said
    listener._pass_on(said)
    assert dispatcher.woken == [{"town": [event(1), event(2, "🎉")], "den": [event(7, stream="den")]}]
    assert typed == [("ana", "town", None, True)]


def test_of_too_large_a_hint_is_left_where_to_look() -> None:
    dispatcher = Told()
    speaker, listener = made(Told()), made(dispatcher)
    sealed = speaker.sealed(speaks(event(1), event(2, "x" * hints.LARGEST)))
    assert len(sealed) < 500
    listener._pass_on(listener.opened(sealed.encode()) or {})
    assert dispatcher.woken == [{"town": []}]


def test_hints_of_another_epoch_of_oneself_or_of_another_installation_are_nothing() -> None:
    dispatcher = Told()
    listener = made(dispatcher)
    for speaker in (made(Told("another one")), listener):
        said = listener.opened(speaker.sealed(speaks(event(1))).encode())
        assert said
        listener._pass_on(said)
    assert dispatcher.woken == []
    foreign = made(Told(), "z" * 32)
    assert listener.opened(foreign.sealed(speaks(event(1))).encode()) is None
    assert foreign.channel != listener.channel


def test_where_redis_takes_nothing_memory_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hints, "run", lambda _: None)
    speaker = made(Told())
    for number in range(hints.WAITING + 100):
        speaker.wake({"town": [event(number)]})
    assert speaker._waiting.qsize() == hints.WAITING


def test_without_an_address_nothing_is_said_and_nothing_begun() -> None:
    speaker = Hints(Told())  # type: ignore[arg-type]
    speaker.wake({"town": [event(1)]})
    assert not speaker._is_running
    assert speaker._waiting.empty()


def test_an_app_connects_nowhere_before_there_is_a_listener(tmp_path: Path) -> None:
    from chat import create_app

    app = create_app({"DATA_DIR": str(tmp_path), "ASYNC_MODE": "threading", "REDIS_URL": "redis://127.0.0.1:1"})
    parley: Parley = app.extensions["chat"]
    assert not parley.dispatcher._running
    assert not any(thread.name.startswith("hints") for thread in threading.enumerate())
