"""The API Gateway door: who comes in, who stays, who tells, and what fits through."""

from __future__ import annotations

import json
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from chat.aws.signing import WINDOW, signature
from tests.aws.little_gateway import SECRET, LittleGateway
from tests.aws.phone import GatewayPhone, refused
from tests.support import PASSWORD, PATIENCE, Database, Server, until


def ticket_of(person: Any) -> str:
    return person.post("/tickets").expect(201).data["ticket"]


def rows(server: Server, query: str, *values: Any) -> list[Any]:
    """Ask the server's database, or arrange in it what takes hours otherwise."""
    for number in range(len(values)):
        query = query.replace("?", f":v{number}", 1)
    return server.sql(query, **{f"v{number}": value for number, value in enumerate(values)})


# Coming in ---------------------------------------------------------------------------------------------


def test_a_connection_without_a_ticket_is_refused_before_anything_of_ours_runs(gateway, ana):
    assert refused(lambda: GatewayPhone(ana, gateway.url, "")) == 401


@pytest.mark.parametrize("ticket", ["nothing", "a.b.c", "e30.e30.e30"])
def test_a_forged_ticket_is_refused_by_the_authorizer(gateway, ana, ticket):
    assert refused(lambda: GatewayPhone(ana, gateway.url, ticket)) == 403


def test_a_ticket_opens_one_connection(gateway, dial, ana):
    ticket = ticket_of(ana)
    dial(ana, ticket=ticket)
    assert refused(lambda: GatewayPhone(ana, gateway.url, ticket)) == 403


def test_a_ticket_of_a_session_that_ended_is_refused(gateway, ana):
    ticket = ticket_of(ana)
    ana.delete("/session").expect(200)
    assert refused(lambda: GatewayPhone(ana, gateway.url, ticket)) == 403


def test_a_ticket_from_before_a_new_password_is_refused(gateway, dial, ana):
    ticket = ticket_of(ana)
    ana.put("/users/me/password", {"current_password": PASSWORD, "password": PASSWORD + "!"}).expect(200)
    assert refused(lambda: GatewayPhone(ana, gateway.url, ticket)) == 403
    dial(ana)


def test_a_page_of_another_origin_is_refused(gateway, dial, ana):
    dial(ana, origin="https://chat.example.org")
    assert refused(lambda: GatewayPhone(ana, gateway.url, origin="https://evil.example")) == 403


def test_nobody_has_more_connections_than_the_setting_says(gateway, own_server, service):
    server = own_server(**gateway.settings, CONNECTIONS_PER_USER="2")
    gateway.serves(server)
    try:
        owner = server.owner()
        phones = [GatewayPhone(owner, gateway.url) for _ in range(2)]
        assert refused(lambda: GatewayPhone(owner, gateway.url)) == 429
        phones[0].hangs_up()
        until(lambda: not rows(server, "SELECT 1 FROM gateway_connections WHERE ended_at IS NULL")[1:])
        GatewayPhone(owner, gateway.url).hangs_up()
        phones[1].hangs_up()
    finally:
        gateway.serves(service)


# Going -------------------------------------------------------------------------------------------------


def test_signing_out_closes_the_connection_and_no_other(dial, service, ana):
    laptop = dial(ana)
    other = service.stranger(ana.username).sign_in()
    phone = dial(other)
    ana.delete("/session").expect(200)
    until(laptop.disconnected.is_set)
    assert phone.asks("ping").expect(200)


def test_an_action_after_the_session_ended_is_refused_whoever_was_to_close_the_connection(dial, service, ana):
    phone = dial(ana)
    rows(service, "UPDATE sessions SET revoked_at = '2020-01-01 00:00:00.000000' WHERE user_id = ?", ana.id)
    assert phone.asks("ping").code == "session_expired"
    until(phone.disconnected.is_set)


def test_a_connection_that_vanished_without_a_word_is_taken_out_when_a_post_finds_it_gone(gateway, dial, service, ana):
    town = ana.opens("public")
    phone = dial(ana)
    phone.looks_at(town)
    [connection_id] = [id for (id,) in rows(service, "SELECT id FROM gateway_connections WHERE user_id = ?", ana.id)]
    gateway.says_disconnect = False
    try:
        gateway.sockets.pop(connection_id)
        ana.says(town, "anybody there?")
        ended = "SELECT 1 FROM gateway_connections WHERE id = ? AND ended_at IS NOT NULL"
        until(lambda: rows(service, ended, connection_id))
        ended = "SELECT 1 FROM gateway_subscriptions WHERE connection_id = ? AND ended_at IS NOT NULL"
        until(lambda: rows(service, ended, connection_id))
    finally:
        gateway.says_disconnect = True
    calls = len(gateway.calls)
    ana.says(town, "no")
    dial(ana).asks("ping")
    assert connection_id not in [id for _, id in gateway.calls[calls:]]


def test_a_connection_that_nobody_let_in_is_closed_and_asks_nothing(gateway, dial, service, ana):
    phone = dial(ana)
    rows(service, "UPDATE gateway_connections SET ended_at = opened_at WHERE user_id = ?", ana.id)
    phone.socket.send('{"action":"ping","request_id":"late"}')
    until(phone.disconnected.is_set)
    assert "late" not in phone.answers


def test_a_close_by_the_clock_is_a_reconnect_like_any_other(gateway, dial, ana, bo):
    town = ana.opens("public", bo)
    phone = dial(bo)
    since = phone.looks_at(town)["seq"]
    for socket in list(gateway.sockets.values()):
        socket.close()  # as after two hours, or ten idle minutes
    until(phone.disconnected.is_set)
    missed = ana.says(town, "meanwhile")
    again = dial(bo)
    answer = again.asks("sync", {"cursors": {town: since}, "epoch": again.hello["epoch"]}).data["streams"][town]
    assert [event["message"]["id"] for event in answer["events"]] == [missed["id"]]
    assert again.looks_at(town, since=since)["messages"][0]["id"] == missed["id"]


# Frames ------------------------------------------------------------------------------------------------


NO_ACTIONS = ["", "no json", "[]", "7", '{"request_id":""}', '{"action":7}', "[" * 500, '{"action":"ping","x":NaN}']


@pytest.mark.parametrize("frame", NO_ACTIONS)
def test_a_frame_that_is_no_action_is_answered_and_harms_nobody(dial, ana, frame):
    phone = dial(ana)
    phone.answers.clear()
    phone.socket.send(frame or " ")
    answer = until(lambda: phone.answers.get(""))
    assert answer["error"]["code"] == "invalid_arguments"
    assert phone.asks("ping").expect(200)


def test_an_action_named_like_a_route_of_the_gateway_is_only_an_action_that_is_not_there(dial, ana):
    assert dial(ana).asks("$connect").code == "unknown_action"


def test_many_frames_at_once_are_all_answered(dial, ana):
    town = ana.opens("public")
    phone = dial(ana)
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda number: phone.sends(town, f"number {number}"), range(30)))
    assert sorted(reply.data["seq"] for reply in replies) == [*range(3, 33)]  # behind the channel and its member


def test_an_answer_too_long_for_the_gateway_comes_with_fewer_rows(dial, ana, bo):
    town = ana.opens("public", bo)
    speaker = dial(ana)
    start = speaker.asks("ping").data["heads"]
    assert start
    for _ in range(25):
        speaker.sends(town, "漢" * 4000).expect(200)  # 12 kB each
    phone = dial(bo)
    page = phone.looks_at(town)
    assert 5 < len(page["messages"]) < 25
    assert not page["limited"]
    caught_up = phone.looks_at(town, since=1)
    assert caught_up["limited"]
    assert caught_up["messages"][-1]["seq"] == caught_up["seq"]
    stream = phone.asks("sync", {"cursors": {town: 1}}).expect(200).data["streams"][town]
    assert (stream["limited"], stream["events"], stream["seq"]) == (True, [], page["seq"])


def test_a_hello_too_long_for_the_gateway_comes_without_the_channels_and_says_so(dial, service, bo):
    for number in range(110):
        body = {"name": f"{number} {uuid.uuid4().hex} " + "漢" * 40, "kind": "private", "topic": "漢" * 250}
        bo.post("/channels", body).expect(201)
    hello = dial(bo).hello
    assert (hello["truncated"], hello["channels"]) == (True, [])
    assert len([channel for channel in bo.get("/channels").data["channels"] if channel["role"]]) == 110


def test_posts_that_fail_for_a_while_leave_a_gap_that_is_seen(gateway, dial, ana):
    town = ana.opens("public")
    phone = dial(ana)
    phone.looks_at(town)
    gateway.refused_with = 403
    lost = ana.says(town, "lost")
    until(lambda: [call for call in gateway.calls[-3:] if call[0] == "POST"])
    time.sleep(0.5)
    gateway.refused_with = None
    after = ana.says(town, "after")
    event = phone.hears("message", lambda event: event["message"]["id"] == after["id"])
    assert event["prev"] == lost["seq"]
    assert lost["id"] not in [event["message"]["id"] for event in phone.events("message")]


# The forwarder's word ----------------------------------------------------------------------------------


def post(server: Server, body: bytes, at: float, secret: str = SECRET, signed: bytes | None = None) -> int:
    timestamp = str(int(at))
    headers = {
        "X-Chat-Timestamp": timestamp,
        "X-Chat-Signature": signature(secret.encode(), timestamp, body if signed is None else signed),
        "Content-Type": "application/json",
    }
    return requests.post(f"{server.url}/internal/aws/ws", body, headers=headers, timeout=10).status_code


def test_events_are_taken_from_the_forwarder_alone_and_for_a_moment(service):
    gone = {"requestContext": {"eventType": "DISCONNECT", "connectionId": "x"}}
    body = json.dumps(gone).encode()
    assert post(service, body, time.time()) == 200
    assert post(service, body, time.time(), "another" * 9) == 403
    assert post(service, body, time.time() - WINDOW - 2) == 403
    assert post(service, body, time.time() + WINDOW + 5) == 403
    assert post(service, body, time.time(), signed=body + b" ") == 403
    assert requests.post(f"{service.url}/internal/aws/ws", body, timeout=10).status_code == 403
    assert post(service, b"[1]", time.time()) == 400


def test_without_the_setting_there_is_no_such_address(own_server):
    server = own_server()
    assert requests.post(f"{server.url}/internal/aws/ws", b"{}", timeout=10).status_code == 404


def test_what_the_gateway_brings_is_never_logged(gateway, dial, service, ana):
    ticket, secret = ticket_of(ana), f"canary-{uuid.uuid4().hex}"
    phone = dial(ana, ticket=ticket)
    phone.sends(ana.opens("public"), secret).expect(200)
    phone.asks("edit", {"message_id": secret, "text": secret})
    log = service.log()
    assert secret not in log
    assert ticket.rpartition(".")[2] not in log
    assert SECRET not in log


# Several processes -------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path_factory: pytest.TempPathFactory, service: Server, gateway: LittleGateway, database: Database):
    """Two processes on one database, asked in turn, and who holds the lease: (the holder, the other)."""
    folder, address = tmp_path_factory.mktemp("two"), database()
    first, second = (Server(folder, gateway.settings, database=address).start() for _ in range(2))
    gateway.serves(first, second)
    yield first, second
    gateway.serves(service)
    for server in (first, second):
        server.stop()


def test_of_two_processes_one_tells_and_each_takes_actions(two, gateway, dial):
    first, second = two
    owner = first.owner()
    town = owner.opens("public")
    phone = dial(owner)
    for _ in range(2):  # one of them asks the process that does not tell
        phone.looks_at(town)
    calls = len(gateway.calls)
    for number in range(6):
        phone.sends(town, f"number {number}").expect(200)
    phone.hears("message", lambda event: event["message"]["text"] == "number 5")
    time.sleep(1.5)
    told = [event["message"]["text"] for event in phone.events("message")]
    lease = [server.log().count("another process tells") for server in (first, second)]
    assert told == [f"number {number}" for number in range(6)], f"the lease was lost {lease} times"
    assert len(gateway.calls) - calls == 12  # six answers, six events


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_when_the_process_that_tells_ends_another_goes_on(two, gateway, dial, end):
    first, second = two
    owner = first.owner()
    town, quiet = owner.opens("public"), owner.opens("public")
    phone = dial(owner)
    since = phone.looks_at(town)["seq"]
    before = owner.says(town, "before")
    phone.hears("message")
    until(lambda: rows(first, "SELECT 1 FROM gateway_told WHERE stream_id = ? AND seq >= ?", town, before["seq"]))
    for table in ("gateway_subscriptions", "gateway_connections"):  # else its successor begins where the rows say
        rows(first, f"UPDATE {table} SET changed_at = '2020-01-01 00:00:00'")
    gateway.serves(second)
    if end == signal.SIGKILL:
        first.kill()
    else:
        first.stop()
    owner.server = second
    for number in range(5):
        owner.says(town, f"number {number}")
    owner.says(quiet, "psst")
    phone.hears("message", lambda event: event["message"]["text"] == "number 4")
    phone.hears("activity", lambda event: event["channel_id"] == quiet)
    cursor, applied = since, []
    for event in phone.events("message"):  # as a client's first rule has it
        if event["seq"] > cursor:
            assert event["prev"] <= cursor, "a gap"
            cursor = event["seq"]
            applied.append(event["message"]["text"])
    assert applied == ["before", *(f"number {number}" for number in range(5))]
    told = [event["message"]["text"] for event in phone.events("message")]
    assert told == applied  # nothing that was noted as told comes again
    assert phone.asks("ping").data["heads"][town] == cursor


def test_who_was_removed_is_not_told_more_by_a_successor_that_finds_the_old_row(two, gateway, dial):
    first, second = two
    owner = first.owner()
    bo = first.person("bo", owner)
    den = owner.opens("private", bo)
    phone, owners = dial(bo), dial(owner)
    phone.looks_at(den)
    owners.looks_at(den)  # so that the stream is told, and noted as told, beyond the removal
    owner.removes(den, bo).expect(200)
    of_den = "FROM gateway_subscriptions WHERE channel_id = ?"
    until(lambda: rows(first, f"SELECT 1 {of_den} AND ended_at IS NOT NULL", den))
    owner.says(den, "secret before")
    time.sleep(2.5)  # the stream is noted as told up to here
    gateway.serves(second)
    first.kill()
    # As if it had died between telling the removal and noting it.
    long_ago = "2020-01-01 00:00:00.000000"
    rows(second, "UPDATE gateway_subscriptions SET ended_at = NULL, changed_at = ? WHERE channel_id = ?", long_ago, den)
    owner.server = bo.server = second
    town = owner.opens("public", bo)
    time.sleep(3)  # by then it holds the lease
    owner.says(den, "secret after")
    owner.says(town, "news")
    phone.hears("activity", lambda event: event["channel_id"] == town)
    assert "secret" not in str(phone.told)
    assert den not in phone.asks("ping").data["heads"]
    owners.hears("message", lambda event: event["message"]["text"] == "secret after")
    for each in (phone, owners):
        each.hangs_up()


# What is too long --------------------------------------------------------------------------------------


def test_who_cannot_sign_is_refused_before_what_they_send_is_read(service):
    for headers in ({}, {"X-Chat-Timestamp": "9" * 5000, "X-Chat-Signature": "x" * 5000}):
        answer = requests.post(f"{service.url}/internal/aws/ws", data=b"x" * 200_000, headers=headers, timeout=PATIENCE)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize("nasty", ["\u0315\u0300", "\ufdfa", "9"])
def test_a_long_string_is_refused_over_the_gateway_too(dial, ana, nasty):
    phone = dial(ana)
    for action, name, code in (
        ("delete", "message_id", "message_not_found"),
        ("subscribe", "channel_id", "channel_not_found"),
        ("typing", "channel_id", "channel_not_found"),
        ("addReaction", "emoji", "invalid_emoji"),
        ("message", "client_msg_id", "invalid_arguments"),
    ):
        right = {"delete": {}, "subscribe": {}, "typing": {"on": True}, "addReaction": {"message_id": "x"}}
        payload = right.get(action, {"channel_id": "x", "text": "x"}) | {name: nasty * (12_000 // len(nasty.encode()))}
        assert phone.asks(action, payload).code == code
