"""How frames are posted: each connection's in their order, none forgotten, whoever puts them and whenever."""

from __future__ import annotations

import threading
from collections import defaultdict

import pytest

from chat.aws import post
from chat.aws.post import MAX_WAITING, Post
from tests.support import until
from tests.threads import interrupted


class Network:
    """The management calls; it keeps what arrived, and takes its time while it is not open."""

    def __init__(self) -> None:
        self.arrived: dict[str, list[bytes]] = defaultdict(list)
        self.is_busy, self.open = threading.Event(), threading.Event()
        self.open.set()

    def send(self, connection_id: str, frame: bytes) -> None:
        self.is_busy.set()
        self.open.wait()
        self.arrived[connection_id].append(frame)

    def close(self, connection_id: str) -> None:
        self.arrived[connection_id].append(b"closed")


@pytest.fixture
def network() -> Network:
    return Network()


def test_everything_put_arrives_in_order_however_often_who_puts_it_is_interrupted(network: Network) -> None:
    mail = Post(network)
    with interrupted(post):
        for number in range(10):
            for name in ("ana", "bo"):
                mail.put(name, b"%d" % number)
    mail.wait(10)
    assert network.arrived == {name: [b"%d" % number for number in range(10)] for name in ("ana", "bo")}


def test_a_connection_that_takes_nothing_is_closed_and_others_go_on(network: Network) -> None:
    gone: list[str] = []
    mail = Post(network, gone.append)
    network.open.clear()
    mail.put("ana", b"the first")
    until(network.is_busy.is_set)
    for _ in range(MAX_WAITING + 3):
        mail.put("ana", b"never read")
    network.open.set()
    until(lambda: gone)
    assert gone == ["ana"]
    mail.put("bo", b"hello")
    mail.wait(10)
    assert network.arrived == {"ana": [b"the first", b"closed"], "bo": [b"hello"]}
