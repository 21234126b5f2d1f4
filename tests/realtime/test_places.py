"""What a stranger can hold open has a number and a time: 200 places, and those who keep them waiting for ever."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import requests

from chat.networks import network_of
from chat.realtime import places
from chat.realtime.places import Place, Places
from tests.doors.wire import Wire
from tests.support import QUIETLY, ROOT, Person, Server, until

PLACES = 200
WITHIN = 3.0  # seconds for a request here, so that nobody waits for the test
KEPT = 4  # seconds that a connection may rest
CONFIG = """
from chat.realtime import places
from chat.realtime.gunicorn_conf import *

places.REQUEST_WITHIN = {within}
worker_connections, threads, keepalive = {connections}, {threads}, {kept}
"""
HEAD = b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
# What strangers begin and never end.
NOTHING, HALF_A_HEAD, NO_BODY, HALF_A_BODY = b"", HEAD[:30], HEAD + b"\r\n", HEAD + b'\r\n{"login": "'


# The same where gunicorn does not run.
STANDALONE = """
import runpy
from chat.realtime import places, standalone

places.REQUEST_WITHIN, standalone.PLACES = {within}, {threads}
runpy.run_path("wsgi.py", run_name="__main__")
"""


class Standalone(Server):
    """A server without gunicorn."""

    def start(self) -> Standalone:
        program = STANDALONE.format(within=WITHIN, threads=PLACES)
        assert self.is_prepared()
        with self.log_file.open("ab") as log:
            command = [sys.executable, *QUIETLY, "-c", program]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=log, stderr=log)
        until(self.is_ready, 60)
        return self

    def workers(self) -> list[int]:
        assert self.process
        return [self.process.pid]


@pytest.fixture(params=["eventlet", "threading", "standalone"])
def crammed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with few places and little patience, in each of the three ways of serving."""
    if request.param == "standalone":
        server: Server = Standalone(tmp_path, {"ASYNC_MODE": "threading"})
        yield server
        server.stop()
        return
    # Gunicorn's threads keep no connection for the next request unless there may be more connections than threads.
    connections = PLACES if request.param == "eventlet" else 2 * PLACES
    (tmp_path / "conf.py").write_text(CONFIG.format(within=WITHIN, kept=KEPT, threads=PLACES, connections=connections))
    monkeypatch.setattr("tests.support.GUNICORN", ["-c", str(tmp_path / "conf.py"), "wsgi:app"])
    server = Server(tmp_path, {"ASYNC_MODE": request.param, "PYTHONPATH": str(ROOT)})
    yield server
    server.stop()


@pytest.fixture
def dial() -> Iterator[Callable[..., socket.socket]]:
    """Opens bare connections and says something over them."""
    opened: list[socket.socket] = []

    def open_one(server: Server, said: bytes) -> socket.socket:
        opened.append(socket.create_connection(("127.0.0.1", server.port), 10))
        opened[-1].sendall(said)
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def is_served(server: Server, person: Person) -> bool:
    """a member and the monitoring get their answers, over new connections"""
    with suppress(requests.RequestException):
        fresh = requests.get(f"{server.url}/healthz", timeout=2)
        mine = requests.get(
            f"{server.url}/api/v1/session", headers={"Authorization": f"Bearer {person.token}"}, timeout=2
        )
        return fresh.ok and mine.ok
    return False


def ended(connection: socket.socket, within: float) -> bool:
    """Whether the server hangs up, whatever it says before."""
    connection.settimeout(within)
    with suppress(ConnectionError):
        try:
            while connection.recv(4096):
                pass
        except TimeoutError:
            return False
    return True


def test_strangers_who_never_finish_keep_nobody_out(crammed: Server, dial: Callable[..., socket.socket]) -> None:
    server = crammed.start()
    ana = server.owner()
    assert ana.token
    wire = Wire(server).connects(ana.token)
    for said in (NOTHING, HALF_A_HEAD, NO_BODY, HALF_A_BODY):
        for _ in range(PLACES + 50):
            dial(server, said)
        assert is_served(server, ana), said
    assert wire.is_heard(), "a websocket holds no place that could be taken from it"
    wire.hangs_up()
    assert "Traceback" not in server.log()


def test_what_does_not_come_in_time_is_cut_however_it_drips(
    crammed: Server, dial: Callable[..., socket.socket]
) -> None:
    server = crammed.start()
    wire = Wire(server).connects(server.owner().token)
    silent = [dial(server, said) for said in (NOTHING, HALF_A_HEAD, NO_BODY, HALF_A_BODY)]
    dripping = [dial(server, HEAD), dial(server, NO_BODY)]
    end = time.monotonic() + WITHIN + 12
    while (left := [each for each in dripping if not has_hung_up(each)]) and time.monotonic() < end:
        for each in left:
            with suppress(ConnectionError):
                each.sendall(b"x")
        time.sleep(0.1)
    assert not left
    # With threads, gunicorn looks for five seconds whether anything comes at all; then nobody waits for it.
    if server.settings["ASYNC_MODE"] == "threading":
        silent.pop(0)
    assert all(ended(each, within=WITHIN + 5) for each in silent)
    assert wire.is_heard(), "a websocket may be silent for longer"
    wire.hangs_up()
    assert "Traceback" not in server.log()


def has_hung_up(connection: socket.socket) -> bool:
    """Whether the server has ended the connection, whatever it said before."""
    connection.setblocking(False)
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        connection.setblocking(True)
    return True


@pytest.mark.parametrize("crammed", ["eventlet", "threading"], indirect=True)  # the third answers once a connection
def test_who_takes_no_answer_is_cut(crammed: Server, dial: Callable[..., socket.socket]) -> None:
    server = crammed.start()
    greedy = socket.socket()
    greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    with closing(greedy):
        greedy.connect(("127.0.0.1", server.port))
        greedy.sendall(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 300)
        greedy.recv(1, socket.MSG_PEEK)  # it is being answered, so it was accepted
        before = open_in(server)
        until(lambda: open_in(server) < before, 60)
    assert requests.get(f"{server.url}/healthz", timeout=5).ok


def open_in(server: Server) -> int:
    """How many connections the server's process holds open."""
    [worker] = server.workers()
    count = 0
    for link in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(OSError):
            count += link.readlink().name.startswith("socket:")
    return count


@pytest.mark.parametrize("crammed", ["eventlet", "threading"], indirect=True)
def test_a_connection_may_rest_between_two_requests_but_not_for_ever(
    crammed: Server, dial: Callable[..., socket.socket]
) -> None:
    server = crammed.start()
    with requests.Session() as browser:
        for _ in range(3):
            assert browser.get(f"{server.url}/healthz", timeout=5).headers["Connection"] == "keep-alive"
            time.sleep(WITHIN / 2)  # together longer than a request may take
    resting = dial(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert resting.recv(4096).startswith(b"HTTP/1.1 200")
    assert ended(resting, within=KEPT + 5)


# The places themselves -----------------------------------------------------------------------------------


class Left(list[str]):
    """Who had to give way, in order."""

    def place(self, name: str, network: str = "", **state: bool) -> Place:
        made = Place(network, lambda: self.append(name))
        for key, value in state.items():
            setattr(made, key, value)
        return made


def test_when_all_is_taken_who_is_waited_for_longest_gives_way_and_never_who_is_at_work() -> None:
    left, taken = Left(), Places(3)
    for place in (left.place("at work", waits=False), left.place("first"), left.place("second")):
        assert taken.enter(place)
    assert taken.enter(left.place("third"))
    assert taken.enter(left.place("fourth"))
    assert left == ["first", "second"]
    assert len(taken.taken) == 3


def test_a_network_with_too_many_makes_room_among_its_own() -> None:
    left, taken = Left(), Places(100, per_network=2)
    assert taken.enter(left.place("neighbour", "192.0.2.9"))
    for name in ("a", "b", "c"):
        assert taken.enter(left.place(name, "192.0.2.1"))
    assert left == ["a"]
    for place in taken.taken:
        place.waits = False
    assert not taken.enter(left.place("d", "192.0.2.1")), "all of them are at work"
    assert taken.enter(left.place("another neighbour", "192.0.2.8"))


def test_a_place_is_given_back() -> None:
    taken = Places(100, per_network=1)
    place = Left().place("ana", "192.0.2.1")
    taken.enter(place)
    taken.leave(place)
    taken.leave(place)
    assert not taken.taken
    assert not taken.of


def test_a_request_has_its_time_from_its_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("chat.realtime.places.time.monotonic", lambda: clock[0])
    place = Left().place("ana")
    place.rest(75)
    clock[0] += 70
    assert place.left() == 5
    place.heard()
    clock[0] += 5
    place.heard()  # dripping gains nothing
    assert place.left() == places.REQUEST_WITHIN - 5
    place.answers(places.SLOWEST)
    place.answers(places.SLOWEST)
    assert place.left() == places.REQUEST_WITHIN + 2
    assert place.left(1.0) == 1.0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("somewhere", "somewhere"),
    ],
)
def test_an_address_counts_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network
