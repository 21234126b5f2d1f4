"""However someone is connected: by long-polling, by a websocket, from one to the other, and with real threads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import requests
import websocket

from tests.doors.wire import Gone
from tests.support import Database, Person, Phone, Server, until


@pytest.fixture(scope="module", params=["auto", "threading"])
def either(
    request: pytest.FixtureRequest, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server as it usually runs, and one that serves with threads."""
    server = Server(
        tmp_path_factory.mktemp("either"), {"ASYNC_MODE": request.param, "HEADS_SECONDS": "2"}, database()
    ).start()
    yield server
    server.stop()


@pytest.fixture
def pair(either: Server) -> tuple[Person, Person]:
    owner = either.owner()
    return either.person("ana", owner), either.person("bo", owner)


@pytest.mark.parametrize("hers", [("websocket",), ("polling",), ("polling", "websocket")], ids="-".join)
@pytest.mark.parametrize("his", [("websocket",), ("polling",), ("polling", "websocket")], ids="-".join)
def test_two_people_chat_however_each_is_connected(
    pair: tuple[Person, Person], connect: Callable[..., Phone], hers: tuple[str, ...], his: tuple[str, ...]
) -> None:
    ana, bo = pair
    town = ana.opens("private", bo)
    there, here = connect(bo, transports=his), connect(ana, transports=hers)
    there.looks_at(town), here.looks_at(town)
    texts = [f"message {number}" for number in range(20)]
    for text in texts:
        assert here.sends(town, text).code == "ok"
    there.hears("message", lambda event: event["message"]["text"] == texts[-1])
    told = [event["message"]["text"] for event in there.events("message")]
    assert told == texts
    ana.removes(town, bo)
    there.hears("member", lambda event: event["member"]["left_at"])
    here.sends(town, "between us")
    here.hears("message", lambda event: event["message"]["text"] == "between us")
    assert "between us" not in [event["message"]["text"] for event in there.events("message")]


def test_who_hangs_up_is_gone_at_once(pair: tuple[Person, Person], connect: Callable[..., Phone]) -> None:
    ana, bo = pair
    town = ana.opens("private", bo)
    there, here = connect(bo), connect(ana)
    here.looks_at(town), there.looks_at(town)
    there.asks("typing", {"channel_id": town, "on": True})
    here.hears("typing", lambda event: event["user_ids"] == [bo.id])
    there.hangs_up()
    here.hears("typing", lambda event: event["user_ids"] == [])


# From long-polling to a websocket ------------------------------------------------------------------------


class Poller:
    """Someone who polls by hand, and may change to a websocket by hand."""

    def __init__(self, person: Person) -> None:
        self.address = f"{person.server.url}/socket.io/?EIO=4&transport=polling"
        self.http = requests.Session()
        sid = json.loads(self.polls()[0][1:])["sid"]
        self.address += f"&sid={sid}"
        self.says("40" + json.dumps({"token": person.token}))
        self.hears('42["hello"')

    def polls(self) -> list[str]:
        return self.http.get(self.address, timeout=30).text.split("\x1e")

    def says(self, packet: str) -> None:
        assert self.http.post(self.address, packet.encode(), timeout=10).text == "OK"

    def hears(self, begin: str) -> str:
        return until(lambda: next((packet for packet in self.polls() if packet.startswith(begin)), None))

    def looks_at(self, channel_id: str) -> None:
        self.says("421" + json.dumps(["subscribe", {"channel_id": channel_id}]))
        self.hears("431[")

    def dials(self) -> websocket.WebSocket:
        address = self.address.replace("http", "ws", 1).replace("transport=polling", "transport=websocket")
        return websocket.create_connection(address, 10)


@pytest.fixture
def poller() -> Iterator[Callable[[Person], Poller]]:
    opened: list[Poller] = []

    def open_one(person: Person) -> Poller:
        opened.append(Poller(person))
        return opened[-1]

    yield open_one
    for each in opened:
        each.http.close()


def test_a_poller_that_changes_to_a_websocket_misses_nothing(
    pair: tuple[Person, Person], poller: Callable[[Person], Poller]
) -> None:
    ana, bo = pair
    town = ana.opens("private", bo)
    there = poller(bo)
    there.looks_at(town)
    line = there.dials()
    line.send("2probe")
    assert line.recv() == "3probe"
    assert there.polls() == ["6"]  # the poll that was open ends with nothing to do
    ana.says(town, "meanwhile")
    line.send("5")
    heard = line.recv()
    while not heard.startswith('42["message"'):
        heard = line.recv()
    assert '"meanwhile"' in heard
    line.send("422" + json.dumps(["ping", {}]))
    assert line.recv().startswith("432[")
    assert requests.get(there.address, timeout=10).status_code == 400
    line.shutdown()


@pytest.mark.parametrize("wrong", ["5", "2", "2prob", '42["ping",{}]'])
def test_a_websocket_that_does_not_prove_itself_leaves_its_poller_alone(
    pair: tuple[Person, Person], poller: Callable[[Person], Poller], wrong: str
) -> None:
    ana, bo = pair
    town = ana.opens("private", bo)
    there = poller(bo)
    there.looks_at(town)
    line = there.dials()
    line.send(wrong)
    with suppress(*Gone):
        while line.recv():
            pass
    line.shutdown()
    ana.says(town, "still there?")
    assert '"still there?"' in there.hears('42["message"')
