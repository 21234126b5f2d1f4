"""What is malformed is refused with a clear answer, harms nobody else, and leaves no trace but a line in the log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
import websocket

from chat.dispatch import ACTIONS, LIVE
from chat.schemas import fields as own_fields
from tests.doors.wire import Gone, Wire
from tests.support import Database, Person, Phone, Server, until

OK_TEXT = 4000
MAX_FRAME = 65_536


@pytest.fixture(scope="module")
def host(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file's own, so that its log tells of these tests alone."""
    server = Server(tmp_path_factory.mktemp("malformed"), database=database()).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def ana(host: Server) -> Person:
    return host.owner()


@pytest.fixture(scope="module")
def town(ana: Person) -> str:
    return ana.opens()


@pytest.fixture(scope="module")
def neighbour(host: Server, ana: Person, town: str) -> Iterator[Phone]:
    """Someone else's connection, which looks at the channel all the time."""
    bo = host.person("bo", ana)
    ana.adds(town, bo)
    phone = bo.connect()
    phone.looks_at(town)
    yield phone
    said = ana.says(town, "still there?")
    assert phone.hears("message")["message"] == said
    phone.hangs_up()


@pytest.fixture
def dial(host: Server) -> Iterator[Callable[[], Wire]]:
    """Opens bare connections, which belong to nobody yet."""
    wires: list[Wire] = []

    def open_wire() -> Wire:
        wires.append(Wire(host))
        return wires[-1]

    yield open_wire
    for wire in wires:
        wire.hangs_up()


@pytest.fixture
def wire(dial: Callable[[], Wire], ana: Person) -> Wire:
    """A fresh connection of ana's, spoken by hand."""
    return dial().connects(ana.token)


@pytest.fixture(autouse=True)
def _nobody_is_harmed(host: Server, neighbour: Phone) -> Iterator[None]:
    """After each test the neighbour is still answered, nothing was stored, and the log is calm."""
    rows, log = stored(host), len(host.log())
    yield
    written = host.log()[log:]
    assert "Traceback" not in written
    assert len(written) < 2000, written
    assert stored(host) == rows
    assert neighbour.asks("ping").code == "ok"


def stored(host: Server) -> int:
    """How many messages, reactions and revisions there are, but for the tombstones of this file's own."""
    [[count]] = host.sql(
        """SELECT (SELECT count(*) FROM messages WHERE deleted_at IS NULL)
                + (SELECT count(*) FROM reactions) + (SELECT count(*) FROM revisions)"""
    )
    return int(count)


def send(**changed: Any) -> str:
    """The payload of a message that is in order but for what is changed."""
    body = {"channel_id": "c", "client_msg_id": str(uuid.uuid4()), "text": "hello"}
    return json.dumps({**body, **changed})


# Events that are well-formed packets ---------------------------------------------------------------------

NUL, HALF, OTHER_HALF, WHITE = "a\0b", "a\ud800b", "a\udfffb", " \n\t\u2003 "
BRACED = f"{{{uuid.uuid4()}}}"
DEEP = "[" * 40 + "]" * 40
EVENTS = {
    # reserved, forged and unknown names
    "connect": ('["connect",{}]', "unknown_action"),
    "connect with a token": ('["connect",{"token":"parley_x"}]', "unknown_action"),
    "disconnect": ('["disconnect"]', "unknown_action"),
    "disconnect with a reason": ('["disconnect","transport close"]', "unknown_action"),
    "connect_error": ('["connect_error",{"message":"x"}]', "unknown_action"),
    "an event of ours": ('["hello",{}]', "unknown_action"),
    "an action of REST": ('["sign_in",{"login":"owner","password":"x"}]', "unknown_action"),
    "an action of REST that reads": ('["list_users",{}]', "unknown_action"),
    "an attribute": ('["__class__",{}]', "unknown_action"),
    "an unknown one": ('["nonsense",{}]', "unknown_action"),
    "no name": ('["",{}]', "unknown_action"),
    "a name almost right": ('["message ",{}]', "unknown_action"),
    "a name with NUL": ('["ping\\u0000",{}]', "unknown_action"),
    "half a surrogate as name": ('["\\ud800",{}]', "unknown_action"),
    "a long name": (json.dumps(["x" * 10_000, {}]), "unknown_action"),
    # arguments that are not one object
    "no arguments where some are needed": ('["message"]', "invalid_arguments"),
    "null": ('["message",null]', "invalid_arguments"),
    "two": ('["ping",{},{}]', "invalid_arguments"),
    "an array": ('["message",[]]', "invalid_arguments"),
    "an array of pairs": ('["unsubscribe",[["channel_id","c"]]]', "invalid_arguments"),
    "a number": ('["message",5]', "invalid_arguments"),
    "a string": ('["subscribe","channel_id"]', "invalid_arguments"),
    "true": ('["typing",true]', "invalid_arguments"),
    "a placeholder of binary": ('["message",{"_placeholder":true,"num":0}]', "invalid_arguments"),
    "an unknown field": ('["ping",{"and":1}]', "invalid_arguments"),
    "a field of an object's own": ('["ping",{"__proto__":{}}]', "invalid_arguments"),
    "someone else's id": (f'["message",{send(user_id="someone")}]', "invalid_arguments"),
    # arrays that are no event
    "an empty array": ("[]", "invalid_arguments"),
    "an object": ("{}", "invalid_arguments"),
    "a number as name": ("[5,{}]", "invalid_arguments"),
    "an array as name": ('[["message"],{}]', "invalid_arguments"),
    "null as name": ("[null]", "invalid_arguments"),
    "an object as name": ('[{"message":1}]', "invalid_arguments"),
    # JSON that no other program could read
    "NaN": ('["ping",{"seq":NaN}]', "invalid_arguments"),
    "infinity": ('["ping",{"seq":Infinity}]', "invalid_arguments"),
    "minus infinity": ('["ping",-Infinity]', "invalid_arguments"),
    "a number too large to be one": ('["markRead",{"channel_id":"c","seq":1e400}]', "invalid_arguments"),
    "many digits": (f'["markRead",{{"channel_id":"c","seq":{"9" * 60_000}}}]', "invalid_arguments"),
    "some digits": (f'["markRead",{{"channel_id":"c","seq":{"9" * 4000}}}]', "invalid_arguments"),
    "beyond 64 bits": (f'["markRead",{{"channel_id":"c","seq":{2**63}}}]', "invalid_arguments"),
    "nesting": (f'["ping",{DEEP}]', "invalid_arguments"),
    "nesting inside an argument": (f'["ping",{{"x":{DEEP}}}]', "invalid_arguments"),
    "deepest nesting": ('["ping",' + "[" * 30_000, "invalid_arguments"),
    "half an array": ('["ping",{"x":', "invalid_arguments"),
    "something behind it": ('["ping",{}]]', "invalid_arguments"),
    "single quotes": ("['ping',{}]", "invalid_arguments"),
    # text that no database or client could keep
    "NUL in a text": (f'["message",{send(text=NUL)}]', "invalid_arguments"),
    "half a surrogate in a text": (f'["message",{send(text=HALF)}]', "invalid_arguments"),
    "the other half": (f'["message",{send(text=OTHER_HALF)}]', "invalid_arguments"),
    "NUL in an id": ('["subscribe",{"channel_id":"\\u0000"}]', "invalid_arguments"),
    "half a surrogate in an id": ('["delete",{"message_id":"\\ud83d"}]', "invalid_arguments"),
    "half a surrogate in a key": ('["sync",{"cursors":{"\\ud800":1}}]', "invalid_arguments"),
    "half a surrogate in an emoji": ('["addReaction",{"message_id":"m","emoji":"\\ud83d"}]', "invalid_arguments"),
    "half a surrogate in a field's name": ('["ping",{"\\ud800":1}]', "invalid_arguments"),
    "NUL in a field's name": ('["ping",{"\\u0000":1}]', "invalid_arguments"),
    # ids that name nothing are answered as missing, whatever their form
    "an id of another form": ('["subscribe",{"channel_id":"../../etc"}]', "channel_not_found"),
    "an empty id": ('["subscribe",{"channel_id":""}]', "channel_not_found"),
    "an endless id": (json.dumps(["delete", {"message_id": "9" * 60_000}]), "message_not_found"),
    "an id with quotes": ('["delete",{"message_id":"\' OR 1=1 --"}]', "message_not_found"),
    "an id with emoji": ('["edit",{"message_id":"🙂","text":"x"}]', "message_not_found"),
    # not a UUID
    "any client_msg_id": (f'["message",{send(client_msg_id="1")}]', "invalid_arguments"),
    "a UUID in braces": (f'["message",{send(client_msg_id=BRACED)}]', "invalid_arguments"),
    # texts and emoji that say nothing, or too much
    "no text": (f'["message",{send(text="")}]', "no_text"),
    "white space": (f'["message",{send(text=WHITE)}]', "no_text"),
    "a text too long": (f'["message",{send(text="x" * 4001)}]', "msg_too_long"),
    "a text too long in other scripts": (f'["message",{send(text="🙂" * 4001)}]', "msg_too_long"),
    "two emoji": ('["addReaction",{"message_id":"m","emoji":"👍👍"}]', "invalid_emoji"),
    "no emoji": ('["addReaction",{"message_id":"m","emoji":""}]', "invalid_emoji"),
    "a word for an emoji": ('["addReaction",{"message_id":"m","emoji":"yes"}]', "invalid_emoji"),
    "markup for an emoji": ('["addReaction",{"message_id":"m","emoji":"<b>"}]', "invalid_emoji"),
}


@pytest.mark.parametrize(("event", "code"), EVENTS.values(), ids=EVENTS)
def test_a_malformed_event_is_refused_and_the_connection_lives(wire, event, code):
    answer = wire.asks(event)
    assert answer["ok"] is False
    assert answer["error"]["code"] == code
    assert set(answer["error"]) == {"code", "message", "retryable", "retry_after_ms", "field"}
    assert answer["error"]["retryable"] is False
    assert wire.is_heard()


def test_what_wants_no_answer_gets_none(dial, ana):
    for event, _ in EVENTS.values():
        wire = dial().connects(ana.token)
        before = len(wire.frames)
        wire.sends(f"42{event}")
        assert wire.is_heard(), event
        assert len(wire.frames) == before + 1, event  # the ping's own answer


def test_the_same_duplicate_key_counts_as_in_every_browser(wire, ana, town):
    first, last = str(uuid.uuid4()), ana.opens()
    ask = f'["subscribe",{{"channel_id":"{town}","channel_id":"{last}"}}]'
    assert wire.asks(ask)["data"]["channel"]["id"] == last
    assert wire.asks(f'["subscribe",{{"channel_id":"{last}","channel_id":"{first}"}}]')["ok"] is False


def test_another_namespace_is_refused_with_the_reason(wire):
    wire.sends("40/admin,")
    refusal = json.loads(wire.reads_until(lambda frame: frame.startswith("44/admin,")).removeprefix("44/admin,"))
    assert refusal["data"]["code"] == "not_found"
    assert wire.is_heard()


def test_any_acknowledgement_number_is_answered(wire):
    for number in (0, 1, 0, 2**53, 10**14):
        wire.sends(f'42{number}["ping",{{}}]')
        assert wire.acknowledged(number)["ok"]
        wire.sends(f"42{number}[5]")
        assert not wire.acknowledged(number)["ok"]
    assert wire.is_heard()


def test_a_namespace_may_be_named_if_it_is_ours(wire):
    wire.sends('42/,7["ping",{}]')
    assert wire.acknowledged(7)["ok"]


def test_the_longest_text_is_taken_in_every_script_and_spelling(wire, ana):
    channel, texts = ana.opens(), ["x" * OK_TEXT, "🙂" * OK_TEXT, f"  {'é' * OK_TEXT}\n"]
    for text in texts:
        for escaped in (False, True):
            body = {"channel_id": channel, "client_msg_id": str(uuid.uuid4()), "text": text}
            answer = wire.asks(json.dumps(["message", body], ensure_ascii=escaped))
            assert answer["ok"], answer
            message = answer["data"]["message"]
            assert message["text"] == text
            ana.delete(f"/messages/{message['id']}").expect(200)


def test_a_frame_too_large_ends_only_its_own_connection(wire, dial, ana):
    fitting = json.dumps(["ping", {"x": ""}])
    padding = "x" * (MAX_FRAME - len(fitting) - len("421"))
    assert wire.asks(json.dumps(["ping", {"x": padding}]))["error"]["code"] == "invalid_arguments"
    wire.sends(f"42{json.dumps(['ping', {'x': padding + 'xxxx'}])}")
    assert wire.is_closed()
    assert dial().connects(ana.token).is_heard()


# Packets that are no events ------------------------------------------------------------------------------

PACKETS = {
    "a binary event": '451-["message",{"text":{"_placeholder":true,"num":0}}]',
    "a binary event with no attachments": '450-["ping",{}]',
    "a binary event with endless attachments": '459999999999-["ping",{}]',
    "a binary event with too many digits": '4599999999999999-["ping",{}]',
    "a binary event with a bad number": '451-["ping",{"_placeholder":true,"num":99}]',
    "a binary acknowledgement": '461-1["x",{"_placeholder":true,"num":0}]',
    "an acknowledgement nobody asked for": '431["x"]',
    "an acknowledgement 0": '430["x"]',
    "an acknowledgement of nothing": "43",
    "a CONNECT_ERROR": '44{"message":"x"}',
    "an unknown packet type": '47["ping"]',
    "a letter as packet type": "4x",
    "an empty message": "4",
    "an event without an array": "42",
    "a half event": "42[",
    "an object as event": '42{"ping":1}',
    "an ack id of a hundred digits": f'42{"1" * 100}["ping",{{}}]',
    "an ack id of many digits": f'42{"1" * 5000}["ping",{{}}]',
    "a digit that is none": '42²["ping",{}]',
    "another namespace": '42/admin,["ping",{}]',
    "another namespace with an id": '42/admin,1["ping",{}]',
    "another namespace joined": "40/admin,",
    "another namespace joined with a token": '40/admin,{"token":"x"}',
    "another namespace left": "41/admin,",
    "a namespace without end": "40/" + "x" * 10_000,
    "joined again": "40",
    "joined again with a token": '40{"token":"x"}',
    "JSON where text belongs": "4[1,2]",
    "deepest nesting": "4" + "[" * 60_000,
    "an engine's ping": "2",
    "an engine's pong": "3",
    "an engine's NOOP": "6",
    "an engine's OPEN": "0{}",
    "an unknown engine packet": "9",
    "bytes": b"\x00\x01\x02",
    "no bytes": b"",
    "bytes that look like an event": b'42["ping",{}]',
    "bytes in base64": "bAAAA",
    "bad base64": "b!!!!",
}


@pytest.mark.parametrize("packet", PACKETS.values(), ids=PACKETS)
def test_a_malformed_packet_is_passed_over_and_the_connection_lives(wire, packet):
    wire.sends(packet)
    assert wire.is_heard()


def test_a_binary_event_that_wants_an_answer_gets_one(wire):
    wire.sends('451-7["message",{"text":{"_placeholder":true,"num":0}}]')
    wire.sends(b"hello")
    assert wire.acknowledged(7)["error"]["code"] == "invalid_arguments"
    wire.sends('450-8["ping",{}]')
    assert wire.acknowledged(8)["error"]["code"] == "invalid_arguments"
    assert wire.is_heard()


@pytest.mark.parametrize("packet", ['45999-["ping"]', "40/admin,", "40", "42[", "4[", b"x", '42["ping"', "47"])
def test_who_sends_nothing_but_malformed_packets_is_hung_up_on(wire, dial, ana, packet):
    with suppress(*Gone):
        for _ in range(200):
            wire.sends(packet)
    assert wire.is_closed()
    assert len(wire.frames) < 50  # nor was each of them answered
    assert dial().connects(ana.token).is_heard()


ENGINE_FRAMES = {
    "empty": "",
    "a letter": "x",
    "a digit that is none": "²",
    "a space": " ",
    "a minus": "-1",
    "half a surrogate": b"\xed\xa0\x80",
}


@pytest.mark.parametrize("frame", ENGINE_FRAMES.values(), ids=ENGINE_FRAMES)
def test_a_frame_that_is_no_packet_ends_its_own_connection_at_once(wire, town, neighbour, frame):
    wire.asks(json.dumps(["subscribe", {"channel_id": town}]))
    wire.asks(json.dumps(["typing", {"channel_id": town, "on": True}]))
    neighbour.hears("typing")
    started = len(neighbour.events("typing"))
    if isinstance(frame, bytes):
        wire.socket.send(frame, websocket.ABNF.OPCODE_TEXT)
    else:
        wire.sends(frame)
    assert wire.is_closed()
    assert "HTTP/1.1 500" not in "".join(wire.frames)
    # everyone sees that they are gone, long before a ping would be overdue
    until(lambda: [event for event in neighbour.events("typing")[started:] if event["user_ids"] == []], 3)


# Before CONNECT, and instead of it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "auth",
    [
        None,
        {},
        {"token": None},
        {"token": ""},
        {"token": "nonsense"},
        {"token": 5},
        {"token": ["x"]},
        {"token": {"x": 1}},
        {"token": "\ud800"},
        {"token": "\0"},
        {"token": "x" * 30_000},
        {"ticket": "nonsense"},
        [],
        "token",
        5,
    ],
    ids=repr,
)
def test_who_shows_nothing_that_holds_is_refused_with_the_reason(dial, auth):
    wire = dial()
    wire.sends("40" if auth is None else f"40{json.dumps(auth)}")
    refusal = json.loads(wire.reads_until(lambda frame: frame.startswith("44")).removeprefix("44"))
    assert refusal["message"] == refusal["data"]["message"]
    assert refusal["data"]["code"] == "not_authed"
    assert refusal["data"]["retryable"] is False


def test_nothing_is_answered_before_connecting(dial, ana):
    wire = dial()
    wire.sends('421["ping",{}]')
    wire.connects(ana.token)
    assert not [frame for frame in wire.frames if frame.startswith("431[")]
    assert wire.is_heard()


def test_who_tries_tokens_on_one_connection_is_hung_up_on(dial):
    wire = dial()
    with suppress(*Gone):
        for number in range(200):
            wire.sends(f'40{{"token":"{number}"}}')
    assert wire.is_closed()
    assert len([frame for frame in wire.frames if frame.startswith("44")]) < 50


# The wrong JSON type for every argument of every action --------------------------------------------------

WRONG: dict[type, list[Any]] = {
    own_fields.Number: ["5", 5.0, True, [5], {}, 1e300, ""],
    own_fields.Switch: [1, 0, "true", "", [], {}],
    own_fields.Text: [5, True, 1.5, [], ["x"], {}],
    own_fields.fields.List: ["x", {}, 5, True, [5], [None], [["x"]]],
    own_fields.fields.Dict: ["x", [], 5, True, {"x": "5"}, {"x": 5.0}, {"x": True}, {"x": None}],
}
RIGHT: dict[str, Any] = {
    "channel_id": "c",
    "message_id": "m",
    "client_msg_id": "7e57ed00-0000-4000-8000-000000000000",
    "text": "hello",
    "emoji": "👍",
    "cursors": {},
    "seq": 1,
    "on": True,
    "username": "someone",
    "display_name": "Someone",
    "password": "a long password",
    "current_password": "a long password",
    "login": "someone",
    "session_id": "s",
    "user_id": "u",
    "user_ids": ["u"],
    "name": "town",
    "kind": "public",
}


def wrong_arguments(action: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each argument of an action: its name, and arguments that are in order but for it."""
    schema = ACTIONS[action].params
    right = {name: RIGHT[name] for name, field in schema.fields.items() if field.required}
    for name, field in schema.fields.items():
        values = next(values for kind, values in WRONG.items() if isinstance(field, kind))
        for value in [*values, *([] if field.allow_none else [None])]:
            yield name, {**right, name: value}


@pytest.mark.parametrize("action", [name for name in LIVE if LIVE[name].params.fields])
def test_an_argument_of_the_wrong_type_is_named(wire, action):
    required = [name for name, field in LIVE[action].params.fields.items() if field.required]
    assert wire.asks(json.dumps([action, {name: RIGHT[name] for name in required}]))["ok"] in (True, False)
    for name, payload in wrong_arguments(action):
        error = wire.asks(json.dumps([action, payload]))["error"]
        assert (error["code"], error["field"]) == ("invalid_arguments", name), payload
    for name in required:
        rest = {other: RIGHT[other] for other in required if other != name}
        error = wire.asks(json.dumps([action, rest]))["error"]
        assert (error["code"], error["field"]) == ("invalid_arguments", name), rest


@pytest.mark.parametrize("call", [f"{method} {path}" for method, path in [
    ("POST", "/users"), ("POST", "/session"), ("PATCH", "/users/me"), ("PUT", "/users/me/password"),
    ("POST", "/tokens"), ("POST", "/invites"), ("POST", "/channels"), ("POST", "/dms"), ("PATCH", "/channels/c"),
    ("POST", "/channels/c/members"), ("POST", "/channels/c/messages"), ("PATCH", "/messages/m"),
    ("PUT", "/channels/c/read"),
]])  # fmt: skip
def test_an_argument_of_the_wrong_type_is_named_over_rest(ana, call):
    method, path = call.split()
    action = action_at(method, path)
    for name, payload in wrong_arguments(action):
        if f"/{payload.get(name)}" in path or name in ("channel_id", "message_id"):
            continue  # stands in the path, where everything is text
        body = {key: value for key, value in payload.items() if key not in ("channel_id", "message_id")}
        reply = ana.ask(method, path, body)
        assert (reply.status, reply.code, reply.error["field"]) == (422, "invalid_arguments", name), body
    reply = ana.ask(method, path, {"unheard_of": 1})
    assert reply.code == "invalid_arguments"


def action_at(method: str, path: str) -> str:
    """The action that answers at an address."""
    from chat.rest.routes import ROUTES

    templates = {"/channels/c": "/channels/<channel_id>", "/messages/m": "/messages/<message_id>"}
    for prefix, template in templates.items():
        path = path.replace(prefix, template)
    return next(route.action for route in ROUTES if (route.method, route.path) == (method, path))


# REST ----------------------------------------------------------------------------------------------------

JSON = {"Content-Type": "application/json"}
BODIES = {
    "half an object": b'{"name":',
    "NaN": b'{"name":NaN}',
    "infinity": b'{"name":-Infinity}',
    "an array": b"[]",
    "a string": b'"name"',
    "null": b"null",
    "a number": b"5",
    "nesting": b'{"name":' + b"[" * 100_000,
    "digits": b'{"name":' + b"9" * 100_000 + b"}",
    "no UTF-8": b'{"name":"\xff\xfe"}',
    "half a surrogate": b'{"name":"\\ud800","kind":"public"}',
    "half a surrogate in bytes": b'{"name":"\xed\xa0\x80","kind":"public"}',
    "NUL": b'{"name":"a\\u0000b","kind":"public"}',
    "nothing but white space": b"  ",
    "a form": b"name=x&kind=public",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_malformed_body_is_refused(ana, body):
    response = ana.http.post(f"{ana.server.url}/api/v1/channels", data=body, headers=JSON)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_arguments")
    assert ana.get("/session").status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_must_say_that_it_is_json(ana, kind):
    body = json.dumps({"name": f"club-{uuid.uuid4().hex[:8]}", "kind": "private"}).encode()
    address = f"{ana.server.url}/api/v1/channels"
    response = ana.http.post(address, data=body, headers={"Content-Type": kind})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_arguments")
    assert ana.http.post(address, data=body, headers=JSON).status_code == 201


def test_a_huge_body_is_refused_as_too_large(ana):
    body = b'{"name":"' + b"x" * 1_000_000 + b'"}'
    response = ana.http.post(f"{ana.server.url}/api/v1/channels", data=body, headers=JSON)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


def test_an_endless_body_is_refused_as_too_large(ana):
    def endless() -> Iterator[bytes]:
        yield from (b"x" * 10_000 for _ in range(100))

    try:
        response = ana.http.post(f"{ana.server.url}/api/v1/channels", data=endless(), headers=JSON)
    except requests.ConnectionError:
        return  # hung up on while it was still being sent
    assert response.status_code in (413, 422)


QUERIES = {
    "limit=0": "limit",
    "limit=201": "limit",
    "limit=-1": "limit",
    "limit=--5": "limit",
    "limit=5.0": "limit",
    "limit=1e2": "limit",
    "limit=ten": "limit",
    "limit=": "limit",
    "limit=%20": "limit",
    "limit=%00": "limit",
    "limit=" + "9" * 19: "limit",
    "limit=" + "9" * 1000: "limit",
    "limit=%D9%A5": "limit",
    "limit=%C2%B2": "limit",
    "before=x": "before",
    "after=true": "after",
    "around=-5": "around",
    "around=%ff": "around",
    "unheard_of=1": "unheard_of",
}


@pytest.mark.parametrize(("query", "field"), QUERIES.items())
def test_a_malformed_query_is_refused(ana, town, query, field):
    assert ana.get(f"/channels/{town}/messages?limit=5&around=3").status == 200
    reply = ana.get(f"/channels/{town}/messages?{query}")
    assert (reply.status, reply.code, reply.error["field"]) == (422, "invalid_arguments", field)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("POST", "/channels/c/nothing"), ("GET", "/channels/a/b"), ("GET", "/"), ("DELETE", "/x")],
)
def test_an_unknown_address_is_answered_in_the_one_shape(ana, method, path):
    reply = ana.ask(method, path)
    assert (reply.status, reply.code) == (404, "not_found")
    assert set(reply.data) == {"error"}
    assert set(reply.error) == {"code", "message", "retryable", "retry_after_ms", "field"}


@pytest.mark.parametrize("path", ["%00", "%ff", "%ed%a0%80", "..%2f..", "%0d%0aSet-Cookie:x", "🙂", "x" * 1000])
def test_an_address_with_an_odd_id_is_answered_in_the_one_shape(ana, path):
    reply = ana.get(f"/channels/{path}")
    assert reply.code in ("channel_not_found", "not_found", "invalid_arguments")
    assert (reply.status == 422) == (path == "%00")


def test_another_method_is_answered_in_the_one_shape(ana):
    response = ana.http.put(f"{ana.server.url}/api/v1/channels", json={})
    assert (response.status_code, response.json()["error"]["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_error_texts_never_repeat_what_was_asked(ana, wire, town):
    canary = "c4n4ry"
    asked = [
        ana.get(f"/channels/{canary}"),
        ana.get(f"/messages/{canary}"),
        ana.get(f"/channels/{town}/messages?{canary}%20x=1"),
        ana.post("/channels", {"name": canary, "kind": canary}),
        ana.post("/dms", {"user_ids": [canary]}),
        ana.delete(f"/sessions/{canary}"),
        ana.post("/session", {"login": canary, "password": canary}),
    ]
    live = [
        wire.asks(json.dumps([canary, {}])),
        wire.asks(json.dumps(["subscribe", {"channel_id": canary}])),
        wire.asks(json.dumps(["message", {"channel_id": canary, "client_msg_id": canary}])),
        wire.asks(json.dumps(["addReaction", {"message_id": canary, "emoji": canary}])),
        wire.asks(json.dumps(["sync", {"cursors": {canary: canary}}])),
    ]
    for error in [*(reply.error for reply in asked), *(answer["error"] for answer in live)]:
        assert canary not in json.dumps(error)


# Long-polling --------------------------------------------------------------------------------------------


@pytest.fixture
def poll(host: Server, ana: Person) -> Callable[..., requests.Response]:
    """Asks over the fallback transport, on a connection that was opened properly."""
    address = f"{host.url}/socket.io/?EIO=4&transport=polling"
    opened = requests.get(address, timeout=10)
    sid = json.loads(opened.text[1:])["sid"]

    def ask(body: bytes | None = None, **headers: str) -> requests.Response:
        if body is None:
            return requests.get(f"{address}&sid={sid}", timeout=10)
        return requests.post(f"{address}&sid={sid}", data=body, timeout=10, headers=headers)

    assert ask(f'40{{"token":"{ana.token}"}}'.encode()).status_code == 200
    assert "hello" in ask().text + ask().text if "hello" not in (first := ask().text) else first
    return ask


def test_polling_answers_as_the_websocket_does(poll):
    assert poll(b'421["ping",{}]').status_code == 200
    assert '431[{"ok":true' in poll().text
    assert poll(b'422["nonsense",{}]\x1e423["ping",[]]').status_code == 200
    told = poll().text
    assert '432[{"ok":false,"error":{"code":"unknown_action"' in told
    assert '433[{"ok":false,"error":{"code":"invalid_arguments"' in told


@pytest.mark.parametrize(
    "body",
    [b"x", b"\x1e", b"d=", b"d", b"\xff\xfe", b"4" + b"[" * 60_000, b"2\x1e" * 1001, b"42[" * 10,
     b"x" * 70_000],
    ids=lambda body: repr(body[:8]) + str(len(body)),
)  # fmt: skip
def test_a_malformed_request_of_a_polling_client_harms_nobody(poll, body):
    assert poll(body).status_code == (200 if body.startswith(b"42[") else 400)


@pytest.mark.parametrize("farewell", [b"1", b"x", b"42[" * 10 + b"\x1e1"])
def test_a_polling_client_that_said_goodbye_is_not_known_any_more(poll, farewell):
    poll(farewell)
    for _ in range(3):
        assert poll(b"2").status_code == 400
        assert poll(b'421["ping",{}]').status_code == 400


@pytest.mark.parametrize(
    "query",
    ["", "EIO=3", "EIO=4", "EIO=4&transport=nonsense", "EIO=4&transport=polling&sid=nonsense",
     "EIO=4&transport=websocket",
     "EIO=4&transport=polling&j=x", "EIO=4&transport=polling&sid=%ff%00"],
)  # fmt: skip
def test_a_malformed_handshake_is_refused(host, query):
    for method in ("GET", "POST", "PUT"):
        response = requests.request(method, f"{host.url}/socket.io/?{query}", timeout=10)
        assert response.status_code in (400, 405) or (method == "GET" and query == "EIO=4")
