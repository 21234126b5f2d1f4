"""Several processes as one server: behind gunicorn, behind a front, and with one SQLite file between them."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import socketio.exceptions

from chat.app import transports
from tests.doors.wire import Wire
from tests.support import ROOT, Person, Phone, Server, free_port, until

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
PROMPT = 1.5  # seconds; it is meant to take milliseconds
MANY = 12  # connections: among two processes, none of them gets all


# One SQLite file --------------------------------------------------------------------------------------


@pytest.mark.sqlite
def test_while_another_process_writes_nobody_but_the_writers_waits(
    own_server: Callable[..., Server], connect: Callable[..., Phone]
) -> None:
    server = own_server()
    ana = server.owner()
    phone, channel = connect(ana), ana.opens()
    writer = Wire(server).connects(ana.token)
    with closing(sqlite3.connect(server.folder / "chat.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        writer.sends(f'421["message",{{"channel_id":"{channel}","client_msg_id":"{uuid.uuid4()}","text":"hi"}}]')
        end = time.monotonic() + 2
        while time.monotonic() < end:
            began = time.monotonic()
            phone.asks("ping").expect()
            phone.looks_at(channel)
            assert ana.get(f"/channels/{channel}").status == 200
            assert time.monotonic() - began < PROMPT
        another.execute("COMMIT")
    assert writer.acknowledged(1)["ok"]
    writer.hangs_up()
    phone.hears("message", lambda event: event["message"]["text"] == "hi")


@pytest.mark.sqlite
def test_who_waits_for_another_process_too_long_is_asked_to_come_again(own_server: Callable[..., Server]) -> None:
    server = own_server()
    ana = server.owner()
    with closing(sqlite3.connect(server.folder / "chat.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        refused = ana.post("/channels", {"name": "later", "kind": "public"})
        assert (refused.status, refused.code) == (503, "unavailable")
        another.execute("ROLLBACK")
    ana.post("/channels", {"name": "later", "kind": "public"}).expect(201)


# Several workers of one gunicorn ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("polling", "processes", "ways"),
    [
        ("auto", 1, ["polling", "websocket"]),
        ("auto", 2, ["websocket"]),
        ("off", 1, ["websocket"]),
        ("off", 2, ["websocket"]),
    ],
)
def test_polling_is_for_where_one_process_serves(polling: str, processes: int, ways: list[str]) -> None:
    assert transports({"POLLING": polling, "WEB_CONCURRENCY": processes}) == ways


@pytest.fixture
def two_workers(tmp_path: Path) -> Iterator[Server]:
    """`gunicorn -w 2 wsgi:app`, as people are used to write it."""
    server = Server(tmp_path)
    assert server.chat("db", "upgrade").returncode == 0
    command = [sys.executable, "-W", "ignore", "-m", "gunicorn", "-w", "2", "wsgi:app"]
    with server.log_file.open("ab") as log:
        server.process = subprocess.Popen(command, cwd=ROOT, env=server.environ, stdout=log, stderr=log)
    until(server.is_ready, 60)
    yield server
    server.stop()


def test_two_workers_take_websockets_of_everyone_and_polls_of_nobody(
    two_workers: Server, connect: Callable[..., Phone]
) -> None:
    until(lambda: len(two_workers.workers()) == 2)
    for _ in range(MANY):
        assert requests.get(two_workers.url + HANDSHAKE, timeout=10).status_code == 400
    ana = two_workers.owner()
    phones, channel = [connect(ana) for _ in range(MANY)], ana.opens()
    for phone in phones:
        phone.looks_at(channel)
    said = [phone.sends(channel, f"{number}").expect().data["seq"] for number, phone in enumerate(phones)]
    for phone in phones:
        phone.hears("message", lambda event: event["seq"] == said[-1])
        assert [event["seq"] for event in phone.events("message")] == said
    with pytest.raises(socketio.exceptions.ConnectionError):
        Phone(ana, transports=("polling",))


# A front before two processes -------------------------------------------------------------------------

FRONT = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    set_real_ip_from 127.0.0.1;  # who is where is told by a header: everyone here has one address
    upstream parley {{ {sticky} server 127.0.0.1:{ports[0]}; server 127.0.0.1:{ports[1]}; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://parley;
            proxy_http_version 1.1;
            proxy_set_header Host $host:$server_port;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }}
    }}
}}
"""


@dataclass
class Front:
    """nginx before two processes with one database."""

    servers: list[Server]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def person(self) -> Person:
        """Somebody who comes through the front."""
        return Server(self.servers[0].folder, port=self.port).owner()

    def connections(self) -> list[int]:
        """How many connections nginx has to each process."""
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        open_to = [int(line[2].rpartition(":")[2], 16) for line in lines if line[3] == "01"]
        return [open_to.count(server.port) for server in self.servers]

    def leads_to_both(self) -> bool:
        """the front leads to both processes"""
        return all(self.connections())


@pytest.fixture(scope="module")
def two_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """Two processes with one database, on a port each."""
    folder = tmp_path_factory.mktemp("two")
    servers = [Server(folder).start() for _ in range(2)]
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture
def front(tmp_path: Path, two_servers: list[Server], request: pytest.FixtureRequest) -> Iterator[Front]:
    """nginx before both, sticky if the test says how."""
    nginx = shutil.which("nginx")
    assert nginx, "this test needs nginx: apt install nginx, or brew install nginx"
    front, config = Front(two_servers, free_port()), tmp_path / "nginx.conf"
    ports = [server.port for server in two_servers]
    config.write_text(FRONT.format(folder=tmp_path, port=front.port, ports=ports, sticky=request.param))
    process = subprocess.Popen([nginx, "-p", tmp_path, "-c", config], stderr=subprocess.DEVNULL)
    until(lambda: answers(front.url))
    yield front
    process.terminate()
    process.wait(10)


def answers(url: str) -> bool:
    """nginx answers"""
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def chats_at(front: Front, people: list[Phone], channel: str) -> None:
    """All of them look, each says something, and all see the same."""
    for phone in people:
        phone.looks_at(channel)
    for number, phone in enumerate(people):
        phone.sends(channel, f"{number}").expect()
    for phone in people:
        phone.hears("message", lambda event: event["message"]["text"] == str(len(people) - 1))
    orders = [[(event["seq"], event["message"]["text"]) for event in phone.events("message")] for phone in people]
    assert all(order == orders[0] for order in orders)
    assert [text for _, text in orders[0]] == [str(number) for number in range(len(people))]
    until(front.leads_to_both)  # who polls has no connection between two questions


@pytest.mark.parametrize("front", [""], indirect=True)
def test_websockets_need_no_sticky_front(front: Front, connect: Callable[..., Phone]) -> None:
    ana = front.person()
    people = [connect(ana) for _ in range(MANY)]
    chats_at(front, people, ana.opens())


@pytest.mark.parametrize("front", ["ip_hash;"], indirect=True)
def test_polling_works_behind_a_sticky_front(front: Front, connect: Callable[..., Phone]) -> None:
    ana = front.person()
    addresses = [f"10.0.{number}.1" for number in range(6)]
    with ExitStack() as closed:
        programs = [closed.enter_context(requests.Session()) for _ in addresses]
        for program, address in zip(programs, addresses, strict=True):
            program.headers["X-Real-IP"] = address
        people = [connect(ana, transports=("polling",), http=program) for program in programs]
        chats_at(front, people, ana.opens())
        for phone in people:
            phone.hangs_up()
