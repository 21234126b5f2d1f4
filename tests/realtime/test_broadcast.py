"""What is told to many reaches each of them once, by whichever way they are connected; who is gone is forgotten."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import eventlet
import pytest

from chat.realtime.server import Server
from chat.realtime.transport import Engine, frames
from chat.realtime.transport.line import Line, flusher
from chat.realtime.transport.live import LiveSocket
from tests.support import PATIENCE

NEWS = '2["message",{}]'


@dataclass
class Listener:
    """The far end of a websocket."""

    sid: str
    ours: socket.socket
    line: Line

    def heard(self) -> bytes:
        """What came since, once the loop has come round."""
        eventlet.sleep(0)
        try:
            return self.ours.recv(65_536)
        except BlockingIOError:
            return b""


@pytest.fixture
def engine() -> Engine:
    server: Engine = Server(async_mode="eventlet").eio
    return server


@pytest.fixture
def listeners(engine: Engine) -> Iterator[list[Listener]]:
    found = []
    for sid in ("ana", "bo"):
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        engine.sockets[sid] = LiveSocket(engine, sid)
        line = Line(theirs, engine.sockets[sid])
        engine.sockets[sid].move_to(line)
        found.append(Listener(sid, ours, line))
    yield found
    for each in found:
        each.line.cut()
        each.ours.close()
    eventlet.sleep(0)


def test_those_with_a_websocket_and_those_who_poll_hear_it_once(engine: Engine, listeners: list[Listener]) -> None:
    engine.sockets["cy"] = LiveSocket(engine, "cy")
    engine.broadcast(NEWS, ["ana", "cy", "nobody", "bo"])
    assert [each.heard() for each in listeners] == [frames.frame(b"4" + NEWS.encode())] * 2
    assert [each.heard() for each in listeners] == [b"", b""]
    polled = engine.sockets["cy"].queue
    assert (polled.qsize(), polled.get(block=False).data) == (1, NEWS)


def test_what_is_told_in_one_turn_leaves_in_order_and_in_one_piece(engine: Engine, listeners: list[Listener]) -> None:
    told = [f'2["message",{number}]' for number in range(3)]
    engine.broadcast(told[0], ["ana", "bo"])
    engine.answer("ana", told[1])
    engine.answer("nobody", told[1])
    engine.broadcast(told[2], ["bo", "ana"])
    assert flusher.lines == [each.line for each in listeners]
    whole = [frames.frame(b"4" + each.encode()) for each in told]
    assert [each.heard() for each in listeners] == [b"".join(whole), whole[0] + whole[2]]


def test_who_is_gone_hears_nothing_and_is_forgotten(engine: Engine, listeners: list[Listener]) -> None:
    ana, bo = listeners
    assert engine.lines == {"ana": ana.line, "bo": bo.line}
    ana.ours.close()
    with eventlet.Timeout(PATIENCE):
        while "ana" in engine.lines:
            eventlet.sleep(0.01)
    assert engine.lines == {"bo": bo.line}
    engine.broadcast(NEWS, ["ana", "bo"])
    assert bo.heard() == frames.frame(b"4" + NEWS.encode())


def test_who_was_hung_up_on_while_the_connection_changed_is_not_among_them(engine: Engine) -> None:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    late = LiveSocket(engine, "late")
    engine.sockets["late"] = late
    late.close()
    line = Line(theirs, late)
    late.move_to(line)
    assert engine.lines == {}
    eventlet.sleep(0)
    line.cut()
    ours.close()


@pytest.mark.parametrize("at_once", [1, 100], ids=["it fits until it does not", "never as much as fits"])
def test_who_reads_slowly_gets_everything_whole_and_in_order(
    engine: Engine, listeners: list[Listener], at_once: int
) -> None:
    told = [f'2["message",{{"number":{number},"text":"{"x" * 3000}"}}]' for number in range(300)]
    heard = b""
    for begin in range(0, len(told), at_once):
        for news in told[begin : begin + at_once]:
            engine.broadcast(news, ["ana"])
        eventlet.sleep(0)
        if begin % 100 == 0:
            heard += listeners[0].heard()  # less than waits
    for _ in range(100):
        heard += listeners[0].heard()
        eventlet.sleep(0.001)
    assert heard == b"".join(frames.frame(b"4" + each.encode()) for each in told)
    assert (listeners[0].line.backlog, listeners[0].line.packets, listeners[0].line.events) == (None, 0, 0)


def test_nothing_follows_the_last_word(engine: Engine, listeners: list[Listener]) -> None:
    engine.broadcast(NEWS, ["ana"])
    listeners[0].line.close()
    engine.broadcast(NEWS, ["ana"])
    assert listeners[0].heard() == frames.frame(b"4" + NEWS.encode()) + frames.closing(frames.NORMAL)
    engine.broadcast(NEWS, ["ana"])
    assert listeners[0].heard() == b""
