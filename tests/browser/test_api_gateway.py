"""The web client over an API Gateway, in a real Chromium: what people see is what they see over Socket.IO."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.aws.little_gateway import LittleGateway
from tests.aws.ministack import Ministack, needs_emulator
from tests.browser.people import Screen
from tests.support import Person, Server, free_port, until

Opens = Callable[..., Screen]


@pytest.fixture(scope="module", params=["little", pytest.param("emulator", marks=needs_emulator)])
def gateway(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A gateway that lets the service's own page in."""
    folder, port = tmp_path_factory.mktemp("gateway"), free_port()
    gateway: Any
    if request.param == "little":
        gateway = LittleGateway(folder)
        gateway.environ["ALLOWED_ORIGINS"] = f"http://127.0.0.1:{port}"
    else:
        gateway = Ministack(folder)
        gateway.deploy(f"http://127.0.0.1:{port}/internal/aws/ws", f"http://127.0.0.1:{port}")
    gateway.service_port = port
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def service(gateway: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("service"), gateway.settings, port=gateway.service_port).start()
    if isinstance(gateway, LittleGateway):
        gateway.serves(server)
    yield server
    server.stop()


@pytest.fixture
def ana(service: Server) -> Person:
    """Of the service behind the gateway, not of the server that the other tests share."""
    return service.person("ana")


@pytest.fixture
def bo(service: Server) -> Person:
    return service.person("bo")


@pytest.fixture
def town(ana: Person, bo: Person) -> str:
    return ana.opens("public", bo)


def sockets_of(desk: Screen) -> list[str]:
    """The addresses of the websockets that the page opened from now on."""
    opened: list[str] = []
    desk.page.on("websocket", lambda socket: opened.append(socket.url))
    return opened


def test_people_talk_through_the_gateway(
    screen: Opens, service: Server, gateway: Any, ana: Person, bo: Person, town: str
) -> None:
    desk, other = screen(ana, "/sign-in"), screen(bo, f"/c/{town}")
    opened = sockets_of(desk)
    desk.page.goto(f"/c/{town}")
    for each in (desk, other):
        each.is_connected()
    assert opened, opened
    assert not [url for url in opened if not url.startswith(f"{gateway.url}?ticket=")]
    desk.says("hello through the gateway")
    other.sees("hello through the gateway")
    other.says("and back")
    desk.sees("and back")
    for number in range(10):
        desk.says(f"number {number}")
    other.sees("number 9")
    texts = [message["text"] for message in ana.get(f"/channels/{town}/messages").data["messages"]]
    assert texts == ["hello through the gateway", "and back", *(f"number {number}" for number in range(10))]
    phone = bo.connect()  # and somebody over Socket.IO beside them
    phone.looks_at(town)
    phone.sends(town, "from a phone")
    desk.sees("from a phone")
    desk.says("to a phone")
    phone.hears("message", lambda event: event["message"]["text"] == "to a phone")
    phone.hangs_up()


def test_what_was_written_while_the_service_was_away_is_sent_once_it_is_back(
    screen: Opens, service: Server, ana: Person, town: str
) -> None:
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    service.stop()
    desk.says("while it was away")
    expect(desk.status).not_to_have_text("Connected")
    service.start()
    desk.is_connected()
    desk.sees("while it was away")
    until(lambda: [m["text"] for m in ana.get(f"/channels/{town}/messages").data["messages"]] == ["while it was away"])


def test_who_is_signed_out_elsewhere_sees_it_and_keeps_what_was_written(
    screen: Opens, service: Server, bo: Person, town: str
) -> None:
    desk = screen(bo, f"/c/{town}")
    desk.is_connected()
    current = next(session["id"] for session in bo.get("/sessions").data["sessions"] if session["current"])
    bo.delete(f"/sessions/{current}").expect(200)
    expect(desk.page.get_by_text("Your session has ended", exact=False).first).to_be_visible()
