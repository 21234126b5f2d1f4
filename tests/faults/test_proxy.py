"""The network does what it is told to: each fault, on real sockets, and with WebSocket frames of every length."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import websocket

from tests.faults.frames import frame_at, measure
from tests.faults.proxy import Proxy
from tests.support import Person, Phone, Server, free_port, until


class Echo:
    """A server that says everything again; ``heard`` is what arrived."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heard = bytearray()
        self.ends: list[socket.socket] = []
        self.errors: list[str] = []
        threading.Thread(target=self.accepts, daemon=True).start()

    def accepts(self) -> None:
        with suppress(OSError):
            while True:
                end, _ = self.listener.accept()
                self.ends.append(end)
                threading.Thread(target=self.serves, args=(end,), daemon=True).start()

    def serves(self, end: socket.socket) -> None:
        try:
            while data := end.recv(65_536):
                self.heard += data
                end.sendall(data)
            self.errors.append("end")
        except OSError as error:
            self.errors.append(type(error).__name__)

    def close(self) -> None:
        for end in (self.listener, *self.ends):
            end.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.close()


@pytest.fixture
def network() -> Iterator[Callable[[int], Proxy]]:
    """Makes networks to a port."""
    made: list[Proxy] = []

    def to(port: int) -> Proxy:
        made.append(Proxy(port))
        return made[-1]

    yield to
    for proxy in made:
        proxy.close()


@pytest.fixture
def proxy(echo: Echo, network: Callable[[int], Proxy]) -> Proxy:
    return network(echo.port)


@pytest.fixture
def dial() -> Iterator[Callable[[Proxy], socket.socket]]:
    """Opens connections that have said hello and been answered."""
    opened: list[socket.socket] = []

    def to(proxy: Proxy) -> socket.socket:
        opened.append(end := socket.create_connection(("127.0.0.1", int(proxy.url.rpartition(":")[2])), 5))
        end.sendall(b"hello")
        assert receives(end, 5) == b"hello"
        return end

    yield to
    for end in opened:
        end.close()


Dial = Callable[[Proxy], socket.socket]


def receives(end: socket.socket, size: int) -> bytes:
    """So many bytes, or what came before the end."""
    data = b""
    while len(data) < size and (more := end.recv(size - len(data))):
        data += more
    return data


def is_silent(end: socket.socket, seconds: float = 0.15) -> bool:
    """Nothing comes, and it is not closed either."""
    end.settimeout(seconds)
    try:
        return end.recv(1) is None
    except TimeoutError:
        return True
    finally:
        end.settimeout(5)


# Bytes -------------------------------------------------------------------------------------------


def test_a_good_network_changes_nothing(proxy: Proxy, dial: Dial) -> None:
    one, other = dial(proxy), dial(proxy)
    much = bytes(range(256)) * 8_000  # two megabytes: more than waits at once
    threading.Thread(target=one.sendall, args=(much,), daemon=True).start()
    assert receives(one, len(much)) == much
    other.sendall(b"still there")
    assert receives(other, 11) == b"still there"
    one.close()
    until(lambda: proxy.connections == 1)


def test_nobody_answers_where_no_server_is(network: Callable[[int], Proxy]) -> None:
    proxy = network(free_port())
    address = ("127.0.0.1", int(proxy.url.rpartition(":")[2]))
    with socket.create_connection(address, 5) as end, suppress(ConnectionError):
        assert end.recv(1) == b""
    until(lambda: proxy.connections == 0)


def test_a_delay_holds_everything_up_in_its_order(proxy: Proxy, dial: Dial) -> None:
    end = dial(proxy)
    proxy.slow("down", delay=0.1, jitter=0.1)
    began = time.monotonic()
    said = b"".join(b"%d," % number for number in range(50))
    for number in range(50):
        end.sendall(b"%d," % number)
        time.sleep(0.002)
    assert receives(end, len(said)) == said
    assert time.monotonic() - began > 0.1


def test_a_narrow_line_takes_its_time(proxy: Proxy, dial: Dial) -> None:
    end = dial(proxy)
    proxy.slow("up", bandwidth=100_000)
    began = time.monotonic()
    end.sendall(bytes(30_000))
    assert receives(end, 30_000) == bytes(30_000)
    assert time.monotonic() - began > 0.25


@pytest.mark.parametrize("way", ["up", "down"])
def test_what_is_stalled_arrives_when_it_is_let_go(proxy: Proxy, dial: Dial, echo: Echo, way: str) -> None:
    end = dial(proxy)
    proxy.stall(way)
    end.sendall(b" world")
    assert is_silent(end)
    assert bytes(echo.heard) == (b"hello" if way == "up" else b"hello world")
    proxy.let_go(way)
    assert receives(end, 6) == b" world"


def test_what_was_held_is_lost_with_a_cut_and_new_connections_work(proxy: Proxy, dial: Dial, echo: Echo) -> None:
    end = dial(proxy)
    proxy.hold_answers()
    end.sendall(b" taken")
    until(lambda: bytes(echo.heard) == b"hello taken")
    proxy.cut()
    assert end.recv(100) == b""
    until(lambda: echo.errors)
    dial(proxy)


def test_a_reset_reaches_both_sides(proxy: Proxy, dial: Dial, echo: Echo) -> None:
    end = dial(proxy)
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        end.recv(1)
    until(lambda: echo.errors == ["ConnectionResetError"])


def test_a_share_of_all_connections_is_reset(proxy: Proxy, dial: Dial) -> None:
    for _ in range(10):
        dial(proxy)
    proxy.reset(0.3)
    assert proxy.connections == 7


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_is_cut_after_so_many_bytes(
    proxy: Proxy, dial: Dial, echo: Echo, way: str, *, reset: bool
) -> None:
    end = dial(proxy)
    proxy.cut_after(10, way, reset=reset)
    end.sendall(b"0123456789abcdef")
    received = b""
    with suppress(ConnectionResetError):
        received = receives(end, 16)
    until(lambda: echo.errors)
    if way == "up":
        assert len(echo.heard) <= 5 + 10
    elif not reset:
        assert received == b"0123456789"
    assert proxy.connections == 0
    proxy.calm()
    later = dial(proxy)
    later.sendall(bytes(100))
    assert receives(later, 100) == bytes(100)


def test_a_half_open_connection_is_never_closed(proxy: Proxy, dial: Dial, echo: Echo) -> None:
    end, other = dial(proxy), None
    proxy.half_open()
    end.sendall(b" is anybody there?")
    echo.ends[0].shutdown(socket.SHUT_RDWR)
    assert is_silent(end)
    assert bytes(echo.heard) == b"hello"
    other = dial(proxy)
    other.sendall(b"I am")
    assert receives(other, 4) == b"I am"
    proxy.cut()
    assert receives(end, 1) == b""


def test_what_is_swallowed_never_comes(proxy: Proxy, dial: Dial, echo: Echo) -> None:
    end = dial(proxy)
    proxy.swallow("down")
    end.sendall(b" lost")
    until(lambda: bytes(echo.heard) == b"hello lost")
    assert is_silent(end)
    proxy.calm()
    end.sendall(b" and deaf")
    assert is_silent(end)
    dial(proxy)


# Frames ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
@pytest.mark.parametrize("mask", [b"", b"\x01\x80\xff\x00"])
def test_a_frame_of_every_length_is_read(size: int, mask: bytes) -> None:
    text = ("wörld " * (size // 6 + 1)).encode()[:size].decode("utf-8", "ignore").ljust(size, "x")[:size]
    said = text.encode()
    length = len(said)
    head = bytes([length]) if length < 126 else struct.pack("!BH", 126, length) if length < 65_536 else None
    head = head or struct.pack("!BQ", 127, length)
    head = bytes([head[0] | (128 if mask else 0)]) + head[1:]
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(said)) if mask else said
    raw = b"\x81" + head + mask + masked
    for short in (0, 1, len(raw) - 1):
        bounds = measure(raw[:short], 0)
        assert bounds is None or sum(bounds[1:]) > short
    assert frame_at(b"before" + raw + b"after", 6, 6 + len(raw)).text == text


@pytest.fixture
def town(ana: Person, bo: Person) -> str:
    return ana.opens("public", bo)


class Listener:
    """Bo, listening through a network, and Ana who speaks without one."""

    def __init__(self, proxy: Proxy, ana: Person, bo: Person, town: str) -> None:
        self.ana, self.town = ana, town
        address = f"{proxy.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket"
        self.socket = websocket.create_connection(address, 5, suppress_origin=True)
        self.socket.send("40" + json.dumps({"token": bo.token}))
        self.acks: list[str] = []
        self.reads_until('42["hello"')
        self.asks("subscribe", {"channel_id": town})

    def asks(self, action: str, payload: object) -> str:
        self.socket.send(f"421{json.dumps([action, payload])}")
        return self.reads_until("431[")[-1]

    def reads_until(self, start: str) -> list[str]:
        """Every frame up to one that begins so."""
        frames: list[str] = []
        while not frames or not frames[-1].startswith(start):
            frames.append(str(self.socket.recv()))
        return frames

    def hears(self, texts: list[str], at_least: int = 0) -> list[str]:
        """What it is told of these, when Ana has said them all and the server has told them."""
        last = [self.ana.says(self.town, text)["seq"] for text in texts][-1]
        told: list[str] = []
        head = 0
        while head < last or len(told) < at_least:
            self.socket.send('427["ping",{}]')
            *frames, answer = self.reads_until("437[")
            told += [
                json.loads(frame[2:])[1]["message"]["text"] for frame in frames if frame.startswith('42["message"')
            ]
            head = json.loads(answer[3:])[0]["data"]["heads"][self.town]
        return told


@pytest.fixture
def listener(
    server: Server, network: Callable[[int], Proxy], ana: Person, bo: Person, town: str
) -> Iterator[tuple[Proxy, Listener]]:
    proxy = network(server.port)
    listener = Listener(proxy, ana, bo, town)
    yield proxy, listener
    listener.socket.close()


def test_every_third_event_never_arrives(listener: tuple[Proxy, Listener]) -> None:
    proxy, bo = listener
    proxy.drop_events(every=3)
    assert bo.hears(list("abcdefg")) == list("abdeg")
    assert proxy.done == {"drop": 2}
    proxy.calm()
    assert bo.hears(list("hij")) == list("hij")


def test_single_events_are_chosen_by_what_they_say(listener: tuple[Proxy, Listener]) -> None:
    proxy, bo = listener
    proxy.drop_events(that=lambda text: text.startswith('42["message"') and "not this" in text)
    assert bo.hears(["this", "not this", "and this"]) == ["this", "and this"]


def test_an_event_arrives_twice(listener: tuple[Proxy, Listener]) -> None:
    proxy, bo = listener
    proxy.double_events(every=2)
    assert bo.hears(["one", "t" * 200, "three"]) == ["one", "t" * 200, "t" * 200, "three"]


def test_an_event_arrives_after_later_ones(listener: tuple[Proxy, Listener]) -> None:
    proxy, bo = listener
    proxy.delay_events(2.0, that=lambda text: "late" in text and text.startswith('42["message"'))
    assert bo.hears(["late", "soon"], at_least=2) == ["soon", "late"]


def test_what_is_asked_is_asked_twice(listener: tuple[Proxy, Listener]) -> None:
    proxy, bo = listener
    proxy.double_requests()
    bo.socket.send('428["ping",{}]')
    assert bo.reads_until("438[")
    assert bo.reads_until("438[")


def test_frames_survive_any_cutting_into_pieces(listener: tuple[Proxy, Listener]) -> None:
    """A narrow line brings them in portions; those of many lengths still come whole, and the chosen one does not."""
    proxy, bo = listener
    proxy.slow("down", bandwidth=200_000)
    proxy.drop_events(that=lambda text: "y" * 300 in text)
    texts = ["a", "y" * 300, "b" * 130, "c" * 3_900, "d"]
    assert bo.hears(texts) == [text for text in texts if "y" not in text]


def test_a_stock_client_chats_through_it(
    server: Server, network: Callable[[int], Proxy], ana: Person, bo: Person, town: str
) -> None:
    """Over websocket and polling alike."""
    proxy = network(server.port)
    for transport in ("websocket", "polling"):
        phone = Phone(
            Person(Server(server.folder, port=int(proxy.url.rpartition(":")[2])), bo.username, _token=bo.token),
            transports=(transport,),
        )
        phone.looks_at(town)
        said = ana.says(town, transport)
        phone.hears("message", lambda event, said=said: event["message"]["id"] == said["id"])
        phone.hangs_up()
