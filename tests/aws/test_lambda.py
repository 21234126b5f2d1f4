"""The door inside a Lambda: the same answers, while the service tells."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from tests.aws.little_gateway import LittleGateway
from tests.aws.phone import GatewayPhone, message_of, refused
from tests.support import ROOT, Server, free_port, until


@pytest.fixture
def inside(gateway: LittleGateway, service: Server) -> Iterator[None]:
    """The gateway's events go to the Lambda, and none to the service."""
    port = free_port()
    environ = {**service.environ, "POLL_SECONDS": "1"}
    process = subprocess.Popen([sys.executable, "-m", "tests.aws.lambda_host", str(port)], cwd=ROOT, env=environ)

    def is_there() -> bool:
        """the Lambda's host answers"""
        assert process.poll() is None
        try:
            return requests.get(f"http://127.0.0.1:{port}/", timeout=5).ok
        except requests.RequestException:
            return False

    until(is_there, 30)
    gateway.forward_to = [f"http://127.0.0.1:{port}/"]
    yield
    gateway.serves(service)
    process.terminate()
    process.wait(10)


def test_people_talk_through_the_lambda_to_those_of_the_service(inside, gateway, dial, ana, bo, cleo):
    town = ana.opens("public", bo, cleo)
    anas, bos, cleos = dial(ana), dial(bo), dial(cleo, "socketio")
    for phone in (bos, cleos):
        phone.looks_at(town)
    body = message_of(town, "from inside")
    sent = anas.asks("message", body).expect(200).data["message"]
    assert anas.asks("message", body).data["duplicate"]
    for phone in (bos, cleos):
        assert phone.hears("message")["message"] == sent
    reply = cleos.sends(town, "from outside").data["message"]
    assert bos.hears("message", lambda event: event["message"]["id"] == reply["id"])
    assert anas.asks("edit", {"message_id": reply["id"], "text": "mine"}).code == "forbidden"
    assert anas.asks("subscribe", {"channel_id": "nothing"}).code == "channel_not_found"
    assert bos.asks("ping").data["heads"][town] == reply["seq"]


def test_the_lambda_lets_a_ticket_in_once_and_refuses_what_ended(inside, gateway, dial, ana):
    ticket = ana.post("/tickets").data["ticket"]
    phone = dial(ana, ticket=ticket)
    assert refused(lambda: GatewayPhone(ana, gateway.url, ticket)) == 403
    ana.delete("/session").expect(200)
    until(phone.disconnected.is_set)
