"""Every string has a longest length, looked at before any work: what is longer is refused at once, everywhere."""

from __future__ import annotations

import json
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from marshmallow import Schema, fields

from chat.dispatch import ACTIONS, LIVE, load
from chat.errors import ChatError
from chat.limits import MAX_FOLDED, MAX_STRANGERS_BODY
from chat.rest.routes import ROUTES, Route
from chat.schemas import answers, events, params, resources
from chat.schemas.fields import Emoji, Identifier, Many, Map, Text
from chat.text import check_emoji, check_text, fold
from tests.doors.wire import Wire
from tests.support import Database, Person, Phone, Server

AT_MOST = 1.0  # seconds for a refusal; it takes a few milliseconds, but of a machine that others use too
LONG = 200 * 1024
NASTY = {
    "marks that combine": "\u0315\u0300",
    "a letter that unfolds to eighteen": "\ufdfa",
    "white space": " ",
    "backticks": "`",
    "mentions": "@a",
    "marks that turn the writing round": "\u202e",
    "digits": "9",
}
REFUSALS = {"invalid_arguments", "msg_too_long", "no_text", "invalid_emoji", "forbidden", "too_large", "not_authed"}


def filled(nasty: str, size: int = LONG) -> str:
    """A text of this many bytes, all of one nasty kind."""
    return nasty * (size // len(nasty.encode()))


def fields_in(*modules: Any) -> Iterator[tuple[str, fields.Field]]:
    """Every field of these modules' schemas, and what their lists and objects hold."""
    for module in modules:
        for schema in (each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Schema)):
            for name, field in schema._declared_fields.items():
                waiting = [field]
                while waiting:
                    each = waiting.pop()
                    yield f"{schema.__name__}.{name}", each
                    inner = (getattr(each, part, None) for part in ("inner", "value_field", "key_field"))
                    waiting += [part for part in inner if part is not None]


# What is written down ------------------------------------------------------------------------------------


def test_every_string_that_is_asked_answered_or_told_names_its_longest_length() -> None:
    strings = [
        (name, field)
        for name, field in fields_in(params, answers, events, resources)
        if isinstance(field, fields.String | fields.Raw) or type(field) is fields.Field
    ]
    assert len(strings) > 100
    assert [name for name, field in strings if not (isinstance(field, Text) and field.longest > 0)] == []


def test_every_list_and_object_that_is_asked_names_how_much_it_takes() -> None:
    lists = [each for each in fields_in(params) if isinstance(each[1], fields.List | fields.Dict | fields.Nested)]
    assert len(lists) >= 4
    assert [name for name, field in lists if not isinstance(field, Many | Map)] == []


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("name", ACTIONS)
def test_a_long_string_is_refused_before_any_work(name: str, nasty: str) -> None:
    schema, text = ACTIONS[name].params, filled(nasty)
    for field_name, field in schema.fields.items():
        for value in long_values(field, text):
            began = time.monotonic()
            assert refused_or_cut(
                field, lambda value=value, field_name=field_name: field_loaded(schema, field_name, value)
            )
            assert time.monotonic() - began < AT_MOST, field_name


def long_values(field: fields.Field, text: str) -> list[Any]:
    """What somebody may put where this field is: the text; where many can stand, many of them and many short ones."""
    if isinstance(field, Many):
        return [[text], [text] * field.most, ["x"] * 100_000]
    if isinstance(field, Map):
        return [{text: 1}, {f"{number}{text}": 1 for number in range(field.most)}, dict.fromkeys(range(100_000), 1)]
    return [text]


def field_loaded(schema: Schema, name: str, value: Any) -> Any:
    """What an action would be given for this argument, whatever else is missing."""
    try:
        return type(schema)(only=(name,), partial=True).load({name: value})[name]
    except Exception:
        with pytest.raises(ChatError) as refusal:
            load(schema, {name: value})
        assert refusal.value.code == "invalid_arguments"
        return None


def refused_or_cut(field: fields.Field, ask: Callable[[], Any]) -> bool:
    """Whether nothing long comes through: identifiers and emoji are cut, texts are for ``check_text`` to refuse."""
    loaded = ask()
    if loaded is None:
        return True
    if isinstance(field, params.MessageText):
        with pytest.raises(ChatError):
            check_text(loaded)
        return True
    if isinstance(field, Emoji):
        with pytest.raises(ChatError):
            check_emoji(loaded)
    values = loaded if isinstance(loaded, list | dict) else [loaded]
    return isinstance(field, Identifier | Emoji | Many | Map) and all(len(each) <= field_size(field) for each in values)


def field_size(field: fields.Field) -> int:
    return int(getattr(field, "longest", Identifier.longest))


def test_nothing_long_is_brought_into_one_form() -> None:
    began = time.monotonic()
    assert fold("e\u0301" * (MAX_FOLDED // 2)) == "é" * (MAX_FOLDED // 2)
    with pytest.raises(ChatError, match="invalid_arguments"):
        fold("\u0315\u0300" * 60_000)
    assert time.monotonic() - began < AT_MOST


def test_many_unknown_arguments_are_refused_without_going_through_them() -> None:
    began = time.monotonic()
    with pytest.raises(ChatError, match="invalid_arguments"):
        load(ACTIONS["ping"].params, dict.fromkeys(map(str, range(100_000)), 1))
    assert time.monotonic() - began < AT_MOST


def test_white_space_around_a_message_is_no_way_to_make_it_longer() -> None:
    assert check_text(f"{' ' * 2000}x{' ' * 2000}")
    for text in (" " * 9000 + "x", "x" * 4001, "x" + "\n" * 100_000):
        with pytest.raises(ChatError, match="msg_too_long"):
            check_text(text)


def test_a_name_may_have_white_space_around_it_but_no_more_than_it_is_long() -> None:
    schema = ACTIONS["create_channel"].params
    assert load(schema, {"name": "  " + "x" * 80 + "\n", "kind": "public"})["name"] == "x" * 80
    for name in (" " * 200 + "x", "x" * 81):
        with pytest.raises(ChatError, match="invalid_arguments"):
            load(schema, {"name": name, "kind": "public"})


# At the doors --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def host(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("lengths"), database=database()).start()
    yield server
    server.stop()
    assert "Traceback" not in server.log()


@pytest.fixture(scope="module")
def ana(host: Server) -> Person:
    return host.owner()


@pytest.fixture(scope="module")
def neighbour(host: Server, ana: Person) -> Iterator[Phone]:
    """Somebody else's connection, who is to be answered all the time."""
    phone = host.person("bo", ana).connect()
    yield phone
    assert not phone.disconnected.is_set()
    phone.hangs_up()


@pytest.fixture(autouse=True)
def _nobody_waits(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test at the doors the neighbour is still answered."""
    yield
    if "host" in request.fixturenames:
        assert request.getfixturevalue("neighbour").asks("ping").code == "ok"


def refused(response: requests.Response, began: float) -> dict[str, Any]:
    """The error, after insisting that it came soon and in the one shape."""
    assert time.monotonic() - began < AT_MOST
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"code", "message", "retryable", "retry_after_ms", "field"}
    assert response.status_code in (401, 403, 404, 413, 414, 422, 431)
    assert error["code"] in REFUSALS or error["code"].endswith("_not_found"), error
    assert len(error["message"]) < 200
    return error


def path_of(route: Route, **changed: str) -> str:
    return re.sub(r"<(?:path:)?(\w+)>", lambda found: changed.get(found[1], "x"), route.path)


def texts_of(route: Route) -> list[str]:
    """The arguments of a call that stand in its body and hold strings."""
    named = ACTIONS[route.action].params.fields.items()
    return [name for name, field in named if name not in route.parameters and isinstance(field, Text | Many | Map)]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_long_string_is_refused_at_every_address(ana: Person, neighbour: Phone, route: Route) -> None:
    for nasty in ("\u0315\u0300", "\ufdfa", "9"):
        for name in route.parameters:
            began, path = time.monotonic(), path_of(route, **{name: filled(nasty, 1200)})
            refused(ana.http.request(route.method, f"{ana.server.url}/api/v1{path}", json={"x": 1}), began)
        for name in texts_of(route) if route.method != "GET" else ():
            field, text = ACTIONS[route.action].params.fields[name], filled(nasty, 60_000)
            # Not many long ones: such a body is cut off, not read to its end.
            for value in long_values(field, text)[::2] if isinstance(field, Many) else [text]:
                body = json.dumps({name: value}, ensure_ascii=False).encode()
                began, address = time.monotonic(), f"{ana.server.url}/api/v1{path_of(route)}"
                headers = {"Content-Type": "application/json"}
                refused(ana.http.request(route.method, address, data=body, headers=headers), began)


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "GET"], ids=lambda route: route.path)
def test_a_long_query_is_refused_at_every_address(ana: Person, neighbour: Phone, route: Route) -> None:
    for name in [*ACTIONS[route.action].params.fields, "x", "x" * 3000]:
        if name not in route.parameters:
            began = time.monotonic()
            address = f"{ana.server.url}/api/v1{path_of(route)}?{name}={'9' * 3000 if len(name) < 99 else 1}"
            refused(ana.http.get(address), began)


HEADERS = ("Authorization", "Cookie", "X-CSRF-Token", "X-Request-Id", "Origin", "User-Agent", "Content-Type", "Host")


@pytest.mark.parametrize("name", HEADERS)
def test_a_long_header_is_refused_in_the_one_shape(host: Server, neighbour: Phone, name: str) -> None:
    for size, text in ((7_000, "Bearer {}"), (7_000, "session={}"), (LONG, "{}")):
        head = f"GET /api/v1/users/me HTTP/1.1\r\nHost: 127.0.0.1\r\n{name}: {text.format('x' * size)}\r\n\r\n"
        status, error = raw(host, head.encode())
        assert status in (400, 401, 431)
        assert error["code"] in ("not_authed", "too_large", "invalid_arguments", "session_expired")


def test_a_long_address_is_refused_in_the_one_shape(host: Server, neighbour: Phone) -> None:
    head = f"GET /api/v1/users/{'x' * LONG} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    status, error = raw(host, head[:9_000].encode())  # refused by then; what nobody reads would break the connection
    assert (status, error["code"]) == (414, "too_large")


def raw(host: Server, head: bytes) -> tuple[int, dict[str, Any]]:
    """Send a request by hand; the status and the error."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", host.port), 10) as line:
        line.sendall(head)
        answer = b""
        while b"}}" not in answer and (more := line.recv(65_536)):
            answer += more
    assert time.monotonic() - began < AT_MOST
    top, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/json" in top
    return int(top.split()[1]), json.loads(body)["error"]


@pytest.mark.parametrize("action", [name for name in LIVE if LIVE[name].params.fields])
def test_a_long_string_is_refused_over_a_connection(host: Server, ana: Person, neighbour: Phone, action: str) -> None:
    wire = Wire(host).connects(ana.token)
    for nasty in ("\u0315\u0300", "\ufdfa", "9"):
        for name, field in LIVE[action].params.fields.items():
            for value in long_values(field, filled(nasty, 60_000))[:1]:
                began = time.monotonic()
                payload = {**{other: RIGHT.get(other, "x") for other in LIVE[action].params.fields}, name: value}
                answer = wire.asks(json.dumps([action, payload], ensure_ascii=False))
                assert time.monotonic() - began < AT_MOST
                if action == "sync" and not answer["ok"]:
                    assert answer["error"]["field"] in params.Sync().fields
                elif action == "sync":
                    assert set(answer["data"]["streams"].values().__iter__().__next__()) == {"gone"}
                elif action != "unsubscribe":  # which is answered alike wherever one listens
                    assert answer["error"]["code"] in REFUSALS or answer["error"]["code"].endswith("_not_found")
                assert len(json.dumps(answer)) < 1000
    wire.hangs_up()


RIGHT: dict[str, Any] = {
    "since": 0, "limit": 1, "client_msg_id": str(uuid.uuid4()), "file_ids": [], "thread_id": None,
    "also_to_channel": False, "base_rev": 1, "cursors": {"x": 1}, "seq": 1, "unread": False, "on": True,
}  # fmt: skip


# Who is not signed in ------------------------------------------------------------------------------------


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_a_stranger_cannot_make_anybody_wait_by_a_long_login(host: Server, neighbour: Phone, nasty: str) -> None:
    for size in (MAX_STRANGERS_BODY - 200, 120_000, 240_000):
        for path, body in (
            ("/session", {"login": filled(nasty, size), "password": "x" * 8}),
            ("/users", {"username": filled(nasty, size), "display_name": "x", "password": "x" * 8}),
            ("/users", {"username": "x", "display_name": "x", "password": "x" * 8, "email": filled(nasty, size)}),
            ("/users", {"username": "x", "display_name": "x", "password": "x" * 8, "invite": filled(nasty, size)}),
        ):
            raw_body = json.dumps(body, ensure_ascii=False).encode()
            began, kind = time.monotonic(), {"Content-Type": "application/json"}
            error = refused(requests.post(f"{host.url}/api/v1{path}", data=raw_body, headers=kind, timeout=30), began)
            assert error["code"] == ("invalid_arguments" if size < MAX_STRANGERS_BODY else "too_large")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_nobody_who_is_not_signed_in_has_much_read(host: Server, neighbour: Phone, route: Route) -> None:
    body, headers = b'{"login":"' + b"x" * MAX_STRANGERS_BODY + b'"}', {"Content-Type": "application/json"}
    for sent in (body, iter([body])):
        address, began = f"{host.url}/api/v1{path_of(route)}", time.monotonic()
        error = refused(requests.request(route.method, address, data=sent, headers=headers, timeout=30), began)
        assert error["code"] == "too_large" or (sent is not body and error["code"] == "invalid_arguments")


def test_who_is_signed_in_may_send_more(ana: Person, neighbour: Phone) -> None:
    body = {"client_msg_id": str(uuid.uuid4()), "text": "🙂" * 4000}  # 48,000 bytes, as it is escaped
    assert ana.post(f"/channels/{ana.opens()}/messages", body).status == 201
