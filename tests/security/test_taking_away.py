"""What is taken away is gone at once, on connections that are open too: signing out, other passwords, other roles."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest

from tests.doors.wire import Gone, Wire
from tests.support import PASSWORD, Person, Server

AT_ONCE = 2.0  # seconds in which this process closes what it ended itself; it is meant to take less than one
SOON = 4.0  # and what another process ended, which is found by the tick of each second
OTHER_PASSWORD = "battery staple horse"


@dataclass
class Device:
    """An open connection of a session, and how its holder might go on."""

    wire: Wire
    person: Person
    session_id: str = ""


def with_token(ana: Person) -> Device:
    made = ana.post("/tokens", {"name": "phone"}).expect(201).data
    program = Person(ana.server, ana.username)
    program.http.headers["Authorization"] = f"Bearer {made['token']}"
    return Device(Wire(ana.server).connects(made["token"]), program, made["session"]["id"])


def with_cookie(ana: Person) -> Device:
    browser = Person(ana.server, ana.username).sign_in()
    cookie = f"session={browser.http.cookies['session']}"
    return Device(Wire(ana.server, Cookie=cookie).connects(None), browser)


def on_the_command_line(server: Server, *arguments: str, typed: str = "") -> None:
    command = [sys.executable, "-m", "chat.cli", "user", *arguments]
    done = subprocess.run(command, env=server.environ, input=typed, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def change_password(ana: Person, _: Device) -> None:
    ana.put("/users/me/password", {"current_password": PASSWORD, "password": OTHER_PASSWORD}).expect(200)


Way = Callable[[Person, Device], object]
WAYS: dict[str, tuple[Callable[[Person], Device], Way, float]] = {
    "signing out": (with_cookie, lambda _, gone: gone.person.delete("/session").expect(200), AT_ONCE),
    "ended from another browser": (with_token, lambda ana, gone: ana.delete(f"/sessions/{gone.session_id}"), AT_ONCE),
    "signed out everywhere else": (with_cookie, lambda ana, _: ana.delete("/sessions").expect(200), AT_ONCE),
    "another password": (with_token, change_password, AT_ONCE),
    "another password, in a browser": (with_cookie, change_password, AT_ONCE),
    "a password given by the operator": (
        with_token,
        lambda ana, _: on_the_command_line(ana.server, "password", ana.username, typed=f"{OTHER_PASSWORD}\n"),
        SOON,
    ),
    "another role": (with_token, lambda ana, _: on_the_command_line(ana.server, "role", ana.username, "guest"), SOON),
    "a deactivation": (with_cookie, lambda ana, _: on_the_command_line(ana.server, "deactivate", ana.username), SOON),
}


@pytest.mark.parametrize(("opened", "taken", "within"), WAYS.values(), ids=WAYS)
def test_nothing_is_done_for_whose_access_was_taken(server: Server, ana, bo, opened, taken, within) -> None:
    town = bo.opens("public", ana)
    gone: Device = opened(ana)

    def message(text: str) -> str:
        return json.dumps(["message", {"channel_id": town, "client_msg_id": str(uuid.uuid4()), "text": text}])

    assert gone.wire.asks(message("in time"))["ok"]
    taken(ana, gone)
    heard = len(gone.wire.frames)
    with suppress(*Gone):
        for number in range(100, 110):
            gone.wire.sends(f"42{number}{message('too late')}")
    assert gone.wire.is_closed(within)
    acknowledged = [frame for frame in gone.wire.frames[heard:] if frame.startswith("431")]
    assert all('"session_expired"' in frame for frame in acknowledged)
    texts = [each["text"] for each in bo.get(f"/channels/{town}/messages").data["messages"]]
    assert texts == ["in time"]
    assert gone.person.get("/users/me").code in ("session_expired", "not_authed")
    gone.wire.hangs_up()


def test_who_was_kicked_out_of_the_server_does_not_get_in_again(server: Server, ana) -> None:
    gone, credentials = with_token(ana), ana.token
    ana.delete("/sessions").expect(200)
    assert gone.wire.is_closed(AT_ONCE)
    gone.wire.hangs_up()
    again = Wire(server)
    again.sends(f"40{json.dumps({'token': credentials})}")
    refusal = json.loads(again.reads_until(lambda frame: frame.startswith("44")).removeprefix("44"))
    assert refusal["data"]["code"] == "session_expired"
    again.hangs_up()


def test_a_connection_made_before_the_end_is_not_let_in_after_it(server: Server, ana) -> None:
    cookie = f"session={ana.http.cookies['session']}"
    wire = Wire(server, Cookie=cookie)  # the engine's handshake saw a session that held
    ana.delete("/session").expect(200)
    wire.sends("40")
    assert "session_expired" in wire.reads_until(lambda frame: frame.startswith("44"))
    wire.hangs_up()
