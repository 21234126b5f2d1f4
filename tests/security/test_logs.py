"""Canaries: passwords, tokens and what people write go through everything, and never into a log or a refusal."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
import requests

from chat.dispatch import ACTIONS, LIVE
from chat.rest.routes import ROUTES
from tests.doors.wire import Gone, Wire
from tests.support import PASSWORD, Database, Person, Server

CANARY = "canary7"  # in everything that is made up here; all of it together is what must not be found
FORGED = "FORGED-LINE"


@dataclass
class Watched:
    """A server at its most talkative, what must never be said by it, and every refusal it gave."""

    server: Server
    owner: Person
    secrets: dict[str, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask as the owner's browser does; a refusal is kept."""
        answer = self.owner.http.request(method, f"{self.server.url}{path}", timeout=30, **options)
        if answer.status_code >= 400:
            self.refusals.append(answer.text)
        return answer

    def check(self) -> None:
        """Nothing of it stands in the log or in a refusal, and nobody wrote a line of their own."""
        log = self.server.log()
        for where, text in {"the log": log, "a refusal": "\n".join(self.refusals)}.items():
            for what, secret in {**self.secrets, "a canary": CANARY}.items():
                assert secret not in text, f"{what} stands in {where}: {text[-3000:]}"
        assert not [line for line in log.splitlines() if line.startswith(FORGED)]
        if self.server.settings["LOG_FORMAT"] == "json":
            self.lines()

    def lines(self) -> list[dict[str, Any]]:
        """The log as programs read it: behind the greeting, each line is a JSON object."""
        lines = [json.loads(line) for line in self.server.log().splitlines() if line[:1] not in ("P", "N")]
        assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
        return lines


# Somebody switched gunicorn's own access log on, and asked it for everything there is.
EVERYTHING = (
    "%(h)s %(u)s %(r)s %(U)s %(q)s %(f)s %(a)s %({authorization}i)s %({cookie}i)s %({set-cookie}o)s %({raw_uri}e)s"
)
TALKATIVE = {
    "LOG_LEVEL": "DEBUG",
    "GUNICORN_CMD_ARGS": f"--log-level debug --access-logfile - --access-logformat '{EVERYTHING}'",
}


@pytest.fixture(scope="module", params=["text", "json"])
def watched(
    request: pytest.FixtureRequest, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    server = Server(tmp_path_factory.mktemp("watched"), {**TALKATIVE, "LOG_FORMAT": request.param}, database()).start()
    owner = server.owner()
    watched = Watched(server, owner)
    watched.secrets = {
        "the password": PASSWORD,
        "a token": owner.token,
        "the cookie": owner.http.cookies["session"],
        "the CSRF token": owner.http.headers["X-CSRF-Token"],
        "an invite": owner.post("/invites").data["invite"],
    }
    yield watched
    server.stop()


@pytest.fixture
def wire(watched: Watched) -> Iterator[Wire]:
    wire = Wire(watched.server).connects(watched.owner.token)
    yield wire
    wire.hangs_up()


def filled(schema: Any, number: int) -> dict[str, Any]:
    """Arguments with a canary in each place that takes text, and in the second round of the wrong type."""
    given: dict[str, Any] = {}
    for name, taken in schema.fields.items():
        kind = type(taken).__name__
        right: Any = {"Number": 5, "Switch": True, "List": [CANARY], "Dict": {CANARY: 5}}.get(kind, f"{CANARY}-{name}")
        given[name] = right if number == 0 else [{CANARY: right}]
    return given


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_call_writes_down_what_it_was_asked(watched: Watched, route: Any) -> None:
    asks = watched.ask
    if route.action in ("sign_out", "end_other_sessions"):
        asks = replace(watched, owner=watched.server.person("other", watched.owner)).ask  # whose sessions may end
    path = f"/api/v1{route.path}".replace("<path:", "<")
    for name in route.parameters:
        path = path.replace(f"<{name}>", f"{CANARY}%0d%0a{FORGED}")
    schema = ACTIONS[route.action].params
    for number in range(2):
        body = {name: value for name, value in filled(schema, number).items() if name not in route.parameters}
        asks(route.method, f"{path}?q={CANARY}%0d%0a{FORGED}", json=body)
        asks(route.method, path, data=json.dumps(body)[:-1], headers={"Content-Type": "application/json"})
        asks(route.method, path, json=body, headers={"Authorization": f"Bearer {CANARY}"})
        asks(route.method, path, json=body, headers={"X-CSRF-Token": CANARY, "Cookie": f"session={CANARY}"})
        asks(route.method, path, json=body, headers={"Origin": f"https://{CANARY}.example"})
    assert watched.refusals
    watched.check()


def test_no_page_writes_down_its_address(watched: Watched) -> None:
    for path in ("/", "/sign-in", "/nothing", f"/invite/{CANARY}", f"/c/{CANARY}", "/socket.io/", "/static/nothing"):
        for query in ("", f"?next=/{CANARY}%0d%0a{FORGED}", f"?EIO=4&transport=polling&sid={CANARY}%0d%0a{FORGED}"):
            for method in ("GET", "POST", "PUT", "TRACE"):
                watched.ask(method, f"{path}{query}", headers={"User-Agent": CANARY, "Referer": f"http://x/{CANARY}"})
    watched.check()


@pytest.mark.parametrize("action", [*LIVE, f"{CANARY} action"])
def test_no_action_writes_down_what_it_was_asked(watched: Watched, wire: Wire, action: str) -> None:
    schema = ACTIONS[action].params if action in LIVE else ACTIONS["message"].params
    for number in range(2):
        answer = wire.asks(json.dumps([action, filled(schema, number)]))
        watched.refusals += [] if answer["ok"] else [json.dumps(answer)]
    watched.refusals.append(json.dumps(wire.asks(json.dumps([action, CANARY, {}]))))
    watched.check()


FRAMES = [
    CANARY, f"4{CANARY}", f"42{CANARY}", f'42["{CANARY}"', f'421["ping",{{"x":"{CANARY}\\ud800"}}]', f"44/{CANARY},",
    f'40/{CANARY},{{"token":"{CANARY}"}}', f'451-["{CANARY}"]', f"\x00{CANARY}", CANARY.encode(), f"b{CANARY}",
    f'41{{"{CANARY}', f"9{CANARY}", f'42["message",{{"text":"{CANARY}\r\n{FORGED}"}}]',
]  # fmt: skip


@pytest.mark.parametrize("frame", FRAMES, ids=repr)
def test_no_frame_is_written_down(watched: Watched, wire: Wire, frame: str | bytes) -> None:
    with suppress(*Gone):
        wire.sends(frame)
        wire.is_heard()
    polling = f"{watched.server.url}/socket.io/?EIO=4&transport=polling"
    sid = json.loads(requests.get(polling, timeout=10).text[1:])["sid"]
    body = frame.encode() if isinstance(frame, str) else frame
    requests.post(f"{polling}&sid={sid}", data=body, timeout=10)
    watched.check()


def test_no_refused_credentials_are_written_down(watched: Watched) -> None:
    for auth in ({"token": CANARY}, {"token": [CANARY]}, {"ticket": CANARY}, CANARY):
        wire = Wire(watched.server, Cookie=f"session={CANARY}")
        wire.sends(f"40{json.dumps(auth)}")
        watched.refusals.append(wire.reads_until(lambda frame: frame.startswith("44")))
        wire.hangs_up()
    watched.check()


NO_HTTP = [
    f"GET /?{CANARY} NONSENSE\r\n\r\n",
    f"{CANARY}\r\n\r\n",
    f"GE{CANARY}(T / HTTP/1.1\r\n\r\n",
    f"GET /{CANARY} HTTP/9.9\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {CANARY}\x00\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nCookie {CANARY}: session={CANARY}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: {CANARY}\r{FORGED}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: {CANARY}\r\n {FORGED}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nExpect: {CANARY}\r\n\r\n",
    f"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {CANARY}\r\n\r\n",
    f"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n",
    f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {CANARY}\r\n\r\n",
    f"GET /{CANARY}{'x' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: {CANARY}, x\r\n\r\n",
]


@pytest.mark.parametrize("request_", NO_HTTP, ids=lambda text: repr(text[:40]))
def test_no_request_that_is_no_http_is_written_down(watched: Watched, request_: str) -> None:
    with socket.create_connection(("127.0.0.1", watched.server.port), 10) as raw:
        answer = b""
        with suppress(OSError):  # it may be refused, and the line cut, before it was sent whole
            raw.sendall(request_.encode("latin-1"))
            raw.shutdown(socket.SHUT_WR)
            while part := raw.recv(65536):
                answer += part
    watched.refusals.append(answer.decode("latin-1"))
    watched.check()
    assert watched.owner.get("/session").status == 200


BREAKS: dict[str, tuple[str, str, int]] = {
    "a row nobody can read": (
        "UPDATE users SET created_at = '12026-01-01 00:00:00.000000'",
        "UPDATE users SET created_at = '2026-01-01 00:00:00.000000'",
        500,
    ),
    "a table that is gone": (
        "ALTER TABLE memberships RENAME TO elsewhere",
        "ALTER TABLE elsewhere RENAME TO memberships",
        503,
    ),
}


@pytest.mark.parametrize(("break_it", "mend", "status"), BREAKS.values(), ids=BREAKS)
def test_what_fails_inside_is_logged_without_what_was_asked(
    watched: Watched, wire: Wire, own_channel: Callable[[], str], break_it: str, mend: str, status: int
) -> None:
    channel_id, before = own_channel(), len(watched.server.log())
    body = {"client_msg_id": str(uuid.uuid4()), "text": f"{CANARY} @channel\r\n{FORGED}"}
    watched.server.sql(break_it)
    try:
        answer = watched.ask("POST", f"/api/v1/channels/{channel_id}/messages?q={CANARY}", json=body)
        live = wire.asks(json.dumps(["message", {**body, "channel_id": channel_id}]))
        listed = watched.ask("GET", f"/api/v1/channels/{channel_id}/messages")
    finally:
        watched.server.sql(mend)
    assert answer.status_code == status
    assert listed.status_code == status
    assert live["error"]["code"] == answer.json()["error"]["code"]
    watched.refusals.append(json.dumps(live))
    assert "Traceback" in watched.server.log()[before:]  # it can be found out what happened
    assert "Traceback" not in "".join(watched.refusals)
    watched.check()


@pytest.fixture(scope="module")
def programs(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A server whose log programs read."""
    settings = {"LOG_FORMAT": "json", "GUNICORN_CMD_ARGS": "--access-logfile -"}
    server = Server(tmp_path_factory.mktemp("programs"), settings, database())
    yield Watched(server.start(), server.owner())
    server.stop()


def test_what_went_wrong_is_found_in_the_log_by_every_number_that_was_answered(programs: Watched) -> None:
    server, channel_id = programs.server, programs.owner.opens("private")
    wire = Wire(server).connects(programs.owner.token)
    broken, mend, _ = BREAKS["a row nobody can read"]
    asked = {"channel_id": channel_id, "client_msg_id": str(uuid.uuid4()), "text": "hello"}
    server.sql(broken)
    try:
        answer = programs.ask("GET", f"/api/v1/channels/{channel_id}/messages")
        live = wire.asks(json.dumps(["message", asked]))
    finally:
        server.sql(mend)
        wire.hangs_up()
    by_incident = {line["incident"]: line for line in programs.lines() if "incident" in line}
    over_rest = by_incident[answer.json()["error"]["incident"]]
    over_socket = by_incident[live["error"]["incident"]]
    assert over_rest["request_id"] == answer.headers["X-Request-Id"]
    assert (over_rest["action"], over_socket["action"]) == ("show_page", "message")
    assert (over_rest["level"], over_rest["logger"]) == ("ERROR", "chat.dispatch")
    assert "connection" in over_socket
    assert "request_id" not in over_socket  # of no request any more
    assert over_rest["action_id"] != over_socket["action_id"]
    assert over_rest["traceback"].startswith("Traceback")
    assert datetime.fromisoformat(over_rest["time"]).tzinfo is not None
    [access] = [line for line in programs.lines() if answer.headers["X-Request-Id"] in line["message"]]
    assert access["logger"] == "gunicorn.access"
    assert '"GET /api/v1/channels/<channel_id>/messages HTTP/1.1" 500' in access["message"]


@pytest.mark.parametrize("path", ["/api/v1/session", "/sign-in", "/healthz", "/nothing"])
def test_a_request_keeps_the_id_that_the_proxy_gave_it_if_it_is_one(programs: Watched, path: str) -> None:
    given = "0f3c9a77-6a1e-4f0c-b7cd-2f1f0d6f3e11"
    for shown, is_kept in (
        (given, True),
        (uuid.uuid4().hex, True),
        ("short", False),
        (CANARY * 4, False),
        ("f" * 65, False),
    ):
        answer = programs.ask("GET", path, headers={"X-Request-Id": shown})
        assert (answer.headers["X-Request-Id"] == shown) is is_kept
        assert len(answer.headers["X-Request-Id"]) >= 32
    ids = {programs.ask("GET", path).headers["X-Request-Id"] for _ in range(3)}
    assert len(ids) == 3
    assert CANARY not in programs.server.log()


@pytest.fixture
def own_channel(watched: Watched) -> Callable[[], str]:
    return lambda: watched.owner.opens("private")
