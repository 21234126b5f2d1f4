"""A bot in trouble: no network, a killed server, its own death, lost events, lost answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chat.client import (
    Client,
    Event,
    Missed,
    Posted,
    Refused,
    StillWaiting,
    WrongOutbox,
    connection,
    following,
    outbox,
    shelf,
)
from tests.client.little_server import LittleServer
from tests.faults.proxy import Proxy
from tests.support import ROOT, Database, Person, Server, free_port, until

Run = Callable[..., Client]


def texts(person: Person, channel_id: str) -> list[str]:
    """What stands in a channel."""
    page = person.get(f"/channels/{channel_id}/messages", limit=200).expect(200)
    return [row["text"] for row in page.data["messages"]]


def said(events: Iterator[Event], count: int) -> list[str]:
    """The texts of the next new messages, whatever else happens."""
    heard: list[str] = []
    while len(heard) < count:
        event = next(events)
        if isinstance(event, Posted):
            heard.append(event.message.text)
    return heard


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    proxy = Proxy(server.port)
    yield proxy
    proxy.close()


def test_what_is_said_and_done_offline_arrives_once_and_in_order(ana: Person, bot: Run, proxy: Proxy) -> None:
    channel_id, other = ana.opens(), ana.opens()
    chat = bot(ana, url=proxy.url).ready()
    events = chat.events(timeout=20)
    first = chat.send(channel_id, "before").result(10)
    assert first
    proxy.lead_to(free_port())  # where nobody listens
    proxy.cut()
    until(lambda: not chat.connected)
    sendings = [chat.send(channel_id, str(number)) for number in range(5)]
    sendings += [chat.edit(first, "edited"), chat.react(first, "👍"), chat.send(other, "elsewhere")]
    with pytest.raises(TimeoutError):
        sendings[0].result(0.1)
    assert chat.pending == 8
    proxy.lead_to(ana.server.port)
    results = [sending.result(20) for sending in sendings]
    assert texts(ana, channel_id) == ["edited", "0", "1", "2", "3", "4"]
    assert results[6]
    assert (results[6].text, results[6].reactions[0].emoji) == ("edited", "👍")
    assert sorted(said(events, 7)) == sorted(["before", "0", "1", "2", "3", "4", "elsewhere"])
    assert (chat.pending, chat.failed) == (0, [])


@pytest.fixture(scope="module")
def mortal(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may be killed, if it is started again."""
    server = Server(tmp_path_factory.mktemp("mortal"), {"HEADS_SECONDS": "2"}, database()).start()
    yield server
    server.stop()


def test_a_killed_server_costs_a_bot_nothing_of_what_others_say(mortal: Server, bot: Run) -> None:
    ana = mortal.owner()
    channel_id = ana.opens()
    chat = bot(ana).ready()
    events = chat.events(timeout=20)
    ana.says(channel_id, "before")
    mortal.kill()
    mortal.start()
    ana.says(channel_id, "after")
    assert said(events, 2) == ["before", "after"]
    assert [message.text for message in chat.ready().messages(channel_id)] == ["before", "after"]


def test_after_a_restore_from_backup_a_bot_begins_anew(mortal: Server, bot: Run) -> None:
    ana = mortal.owner()
    channel_id = ana.opens()
    chat = bot(ana).ready()
    events = chat.events(timeout=20)
    chat.send(channel_id, "as it is")
    assert said(events, 1) == ["as it is"]
    mortal.kill()
    # The same numbers say something else now, and only who threw everything away will see it.
    mortal.sql("UPDATE messages SET text = 'as it was' WHERE channel_id = :id", id=channel_id)
    mortal.sql("UPDATE deployment SET epoch = 'another'")
    mortal.start()
    until(lambda: [message.text for message in chat.messages(channel_id)] == ["as it was"], 20)
    assert chat.send(channel_id, "and on").result(20)
    assert Missed(channel_id, 0) in events
    assert said(events, 1) == ["and on"]
    assert [message.text for message in chat.ready().messages(channel_id)] == ["as it was", "and on"]


def test_a_killed_bot_sends_from_its_outbox_file_when_it_runs_again(
    ana: Person, bot: Run, proxy: Proxy, tmp_path: Path
) -> None:
    """The server got the first message, and the bot never heard so: it is sent again, and stands there once."""
    channel_id = ana.opens()
    script = """
import sys
from chat.client import Client

url, token, channel_id, outbox = sys.argv[1:]
with Client(url, token, outbox=outbox) as chat:
    chat.ready()
    print("ready", flush=True)
    sys.stdin.readline()
    for text in ("one", "two", "three"):
        chat.send(channel_id, text)
    print("sent", flush=True)
    sys.stdin.readline()
"""
    file = tmp_path / "bot.db"
    command = [sys.executable, "-c", script, proxy.url, ana.token, channel_id, str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        proxy.hold_answers()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "sent\n"
        until(lambda: texts(ana, channel_id) == ["one"])
        os.kill(process.pid, signal.SIGKILL)

    chat = bot(ana, outbox=file)
    assert chat.pending == 3
    assert chat.flush(20)
    assert texts(ana, channel_id) == ["one", "two", "three"]


def test_an_unanswered_message_is_sent_again_and_stands_there_once(
    ana: Person, bot: Run, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel_id = ana.opens()
    chat = bot(ana, url=proxy.url).ready()
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.3)
    proxy.hold_answers()
    sending = chat.send(channel_id, "hello?")
    until(lambda: texts(ana, channel_id) == ["hello?"])
    until(lambda: not chat.connected)  # so long a silence is worth a new connection
    monkeypatch.undo()
    proxy.cut()
    assert sending.result(20)
    assert texts(ana, channel_id) == ["hello?"]


def test_a_refused_message_holds_up_nothing_and_can_be_tried_again(ana: Person, bo: Person, bot: Run) -> None:
    channel_id, closed = ana.opens("public", bo), ana.opens("public")
    chat = bot(bo).ready()
    sendings = [chat.send(channel_id, text) for text in ("one", "x" * 4001, "two")] + [chat.send(closed, "three")]
    assert sendings[2].result(10)
    with pytest.raises(Refused, match="msg_too_long"):
        sendings[1].result(10)
    with pytest.raises(Refused, match="not_in_channel"):
        sendings[3].result(10)
    too_long, not_in = chat.failed
    assert (not_in.code, not_in.payload["text"]) == ("not_in_channel", "three")
    bo.joins(closed)
    chat.retry(not_in)
    chat.discard(too_long)
    assert chat.flush()
    assert (chat.failed, texts(ana, channel_id), texts(ana, closed)) == ([], ["one", "two"], ["three"])


def test_a_busy_server_is_asked_again_a_few_times_then_it_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "backoff", lambda attempt: 0.01)
    server = LittleServer()
    server.answer = {"ok": False, "error": {"code": "unavailable", "message": "Busy.", "retryable": True}}
    with server, Client(server.url, "token") as chat:
        sending = chat.send("a-channel", "hello")
        with pytest.raises(Refused, match="unavailable"):
            sending.result(30)
        asked = [payload["client_msg_id"] for name, payload in server.asked if name == "message"]
        assert asked == [sending.id] * 5


@pytest.mark.parametrize("code", ["rate_limited", "draining"])
def test_who_is_asked_to_wait_waits_however_often(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(outbox, "backoff", lambda attempt: 0.01)
    server = LittleServer()
    server.answer = {"ok": False, "error": {"code": code, "message": "Wait.", "retryable": True, "retry_after_ms": 5}}
    with server, Client(server.url, "token") as chat:
        sending = chat.send("a-channel", "hello")
        until(lambda: len([name for name, _ in server.asked if name == "message"]) > 2 * outbox.MAX_TRIES)
        assert (sending.done, chat.failed) == (False, [])


def test_lost_events_are_noticed_by_the_next_one(
    ana: Person, bo: Person, bot: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(monkeypatch, "lost", "lost too")
    channel_id = ana.opens("public", bo)
    events = bot(bo).ready().events(timeout=10)
    for text in ("one", "lost", "lost too", "two"):
        ana.says(channel_id, text)
    assert said(events, 4) == ["one", "lost", "lost too", "two"]


def test_a_lost_last_event_is_noticed_by_the_heads(
    ana: Person, bo: Person, bot: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(monkeypatch, "lost")
    channel_id = ana.opens("public", bo)
    events = bot(bo).ready().events(timeout=10)
    ana.says(channel_id, "lost")
    assert said(events, 1) == ["lost"]


def lose(monkeypatch: pytest.MonkeyPatch, *lost: str) -> None:
    """Messages with these texts get lost on their way, when they are told live."""
    hear = following.Following.on_event

    def on_event(self: following.Following, event: dict[str, Any]) -> None:
        if event.get("message", {}).get("text") not in lost:
            hear(self, event)

    monkeypatch.setattr(following.Following, "on_event", on_event)


def test_every_connection_gets_fresh_credentials(ana: Person, bot: Run) -> None:
    tokens = [ana.post("/tokens", {"name": str(number)}).data for number in range(2)]
    given = iter([tokens[0]["token"], tokens[1]["token"]])
    chat = bot(ana, token=lambda: next(given)).ready()
    ana.delete(f"/sessions/{tokens[0]['session']['id']}").expect(200)
    until(lambda: not chat.connected)
    assert chat.ready().me.id == ana.id


def test_a_connection_that_is_never_greeted_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HELLO_SECONDS", 0.3)
    with LittleServer() as server, Client(server.url, "token") as chat:
        server.says = []
        until(lambda: server.connections >= 2)
        server.says = [("hello", server.hello)]
        chat.ready(10)


def test_a_server_that_says_goodbye_is_left_alone_for_as_long_as_it_asks() -> None:
    with LittleServer() as server, Client(server.url, "token") as chat:
        chat.ready(10)
        server.sio.emit("goodbye", {"reason": "restart", "reconnect_after_ms": 1200})
        chat.ask("ping")
        server.hang_up()
        left = time.monotonic()
        until(lambda: not chat.connected)
        chat.ready(10)
        assert time.monotonic() - left > 1.1


def test_two_programs_cannot_share_an_outbox_nor_two_accounts(
    ana: Person, bo: Person, bot: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "LOCK_SECONDS", 0.1)
    file = tmp_path / "bot.db"
    first = bot(ana, outbox=file).ready()
    with pytest.raises(WrongOutbox, match="another program"):
        Client(ana.server.url, ana.token, outbox=file)
    first.close()
    with pytest.raises(WrongOutbox, match="another account"):
        bot(bo, outbox=file).ready()


def test_what_was_not_sent_when_a_bot_is_closed_says_so() -> None:
    chat = Client(f"http://127.0.0.1:{free_port()}", "token")
    sending = chat.send("a-channel", "too late")
    chat.close()
    with pytest.raises(StillWaiting):
        sending.result(1)


def test_many_threads_may_use_one_client(ana: Person, bot: Run) -> None:
    channel_id = ana.opens()
    chat = bot(ana).ready()

    def talk(name: str) -> None:
        for number in range(5):
            chat.send(channel_id, f"{name}{number}").result(20)

    threads = [threading.Thread(target=talk, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there = texts(ana, channel_id)
    assert len(there) == 20
    assert all([text for text in there if text[0] == name] == [f"{name}{n}" for n in range(5)] for name in "abcd")
