"""Tickets: what opens a connection where no cookie goes, once, within a minute, while the session holds."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import socketio

from chat import tickets
from tests.support import PASSWORD, PATIENCE, Person, Server

KEY = "k" * 40
OTHER_KEY = "o" * 40


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory):
    """A server whose ticket keys the test knows."""
    settings = {"TICKET_KEYS": f"new:{KEY}, old:{OTHER_KEY}", "LOG_LEVEL": "DEBUG"}
    server = Server(tmp_path_factory.mktemp("keyed"), settings).start()
    yield server
    server.stop()


@pytest.fixture
def ana(keyed: Server) -> Person:
    return keyed.person("ana")


def opens(server: Server, ticket: Any) -> str:
    """What becomes of a connection that is opened with this: whose it is, or the error's code."""
    client, told, refused = socketio.Client(reconnection=False), [], []
    client.on("hello", told.append)
    client.on("connect_error", refused.append)
    try:
        client.connect(server.url, auth={"token": ticket}, transports=["websocket"])
    except socketio.exceptions.ConnectionError:
        return refused[0]["data"]["code"]
    end = time.monotonic() + PATIENCE
    while not told and time.monotonic() < end:
        time.sleep(0.01)
    client.disconnect()
    return told[0]["user"]["id"]


def ticket_of(person: Person) -> str:
    return person.post("/tickets").expect(201).data["ticket"]


def made_up(person: Person, key: str = KEY, kid: str = "new", header: Any = (), **claims: Any) -> str:
    """A ticket as the server makes it, but for what a test changes."""
    head, body, _ = (part + "=" * (-len(part) % 4) for part in ticket_of(person).split("."))
    head = json.loads(base64.urlsafe_b64decode(head)) | {"kid": kid} | dict(header)
    body = json.loads(base64.urlsafe_b64decode(body)) | claims
    signed = ".".join(tickets._base64(json.dumps(part).encode()) for part in (head, body))
    return f"{signed}.{tickets._base64(tickets._signature(key.encode(), signed))}"


def test_a_ticket_opens_a_connection_of_its_holder(keyed, ana):
    answer = ana.post("/tickets").expect(201)
    assert answer.data["expires_in"] == 60
    assert opens(keyed, answer.data["ticket"]) == ana.id


def test_a_program_with_a_token_gets_a_ticket_too(keyed, ana):
    bearer = {"Authorization": f"Bearer {ana.token}"}
    answer = Person(keyed, "program").ask("POST", "/tickets", {}, headers=bearer).expect(201)
    assert opens(keyed, answer.data["ticket"]) == ana.id


def test_a_ticket_is_never_kept_by_whoever_stands_between(keyed, ana):
    answer = ana.http.post(f"{keyed.url}/api/v1/tickets", json={})
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_ticket_opens_one_connection_and_no_second(keyed, ana):
    ticket = ticket_of(ana)
    assert opens(keyed, ticket) == ana.id
    assert opens(keyed, ticket) == "not_authed"


def test_of_many_that_show_one_ticket_at_once_one_comes_in(keyed, ana):
    ticket = ticket_of(ana)
    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(lambda _: opens(keyed, ticket), range(5)))
    assert sorted(found) == sorted([ana.id] + ["not_authed"] * 4)


def test_another_key_of_ours_is_good_too_so_that_keys_can_change(keyed, ana):
    assert opens(keyed, made_up(ana)) == ana.id
    assert opens(keyed, made_up(ana, OTHER_KEY, "old")) == ana.id


WRONG = {
    "signed with another key": {"key": "x" * 40},
    "signed with a key of another name": {"kid": "old"},
    "of a key that is not known": {"kid": "unknown"},
    "not signed at all": {"header": {"alg": "none"}},
    "of another algorithm": {"header": {"alg": "HS512"}},
    "of another type": {"header": {"typ": "JWT"}},
    "for someone else": {"aud": "another-app"},
    "made by someone else": {"iss": "another-app"},
    "run out": {"iat": int(time.time()) - 120, "exp": int(time.time()) - 60},
    "not valid yet": {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 3660},
    "valid for a day": {"exp": int(time.time()) + 86_400},
    "without a session": {"sid": None},
    "with a version in words": {"sv": "0"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_ticket_is_refused_that_is(keyed, ana, wrong):
    assert opens(keyed, made_up(ana, **WRONG[wrong])) == "not_authed"


def test_a_ticket_of_another_session_version_is_refused(keyed, ana):
    assert opens(keyed, made_up(ana, sv=7)) == "session_expired"


@pytest.mark.parametrize("text", ["..", "a.b.c", "é.é.é", f"{'x' * 2000}.e30.e30", "W10.W10.W10"])
def test_what_only_looks_like_a_ticket_is_refused(keyed, text):
    assert opens(keyed, text) == "not_authed"


def test_a_changed_letter_makes_a_ticket_worthless(keyed, ana):
    head, body, signature = ticket_of(ana).split(".")
    other = "A" if signature[-1] != "A" else "B"  # the last one holds bits that nothing is read from
    for text in (
        f"{head}.{body}.{signature[:-1]}{other}",
        f"{head}.{body}.{signature}=",
        f"{head}.{body}x.{signature}",
    ):
        assert opens(keyed, text) == "not_authed"
    assert opens(keyed, f"{head}.{body}.{signature}") == ana.id


def test_signing_out_takes_the_tickets_that_were_made_before(keyed, ana):
    before = ticket_of(ana)
    ana.delete("/session").expect(200)
    assert opens(keyed, before) == "session_expired"


def test_a_new_password_takes_the_tickets_that_were_made_before(keyed, ana):
    before = ticket_of(ana)
    ana.put("/users/me/password", {"current_password": PASSWORD, "password": PASSWORD + "!"}).expect(200)
    assert opens(keyed, before) == "session_expired"
    assert opens(keyed, ticket_of(ana)) == ana.id


def test_a_ticket_is_good_for_connections_only(keyed, ana):
    stranger = Person(keyed, "stranger")
    bearer = {"Authorization": f"Bearer {ticket_of(ana)}"}
    assert stranger.ask("GET", "/users/me", headers=bearer).code == "not_authed"


def test_nobody_gets_a_ticket_without_a_session(keyed):
    assert Person(keyed, "stranger").post("/tickets").code == "not_authed"


def test_tickets_need_no_setting_and_other_origins_may_use_them(own_server):
    server = own_server(ALLOWED_ORIGINS="https://other.example.org")
    owner = server.owner()
    for origin, code in {"https://other.example.org": owner.id, "https://evil.example": None}.items():
        client, told = socketio.Client(reconnection=False), []
        client.on("hello", told.append)
        try:
            auth = {"token": ticket_of(owner)}
            client.connect(server.url, auth=auth, headers={"Origin": origin}, transports=["polling"])
            end = time.monotonic() + PATIENCE
            while not told and time.monotonic() < end:
                time.sleep(0.01)
            client.disconnect()
        except socketio.exceptions.ConnectionError:
            pass
        assert (told[0]["user"]["id"] if told else None) == code


def test_no_ticket_stands_in_the_log(keyed, ana):
    ticket = ticket_of(ana)
    opens(keyed, ticket)
    opens(keyed, ticket)
    ana.http.get(f"{keyed.url}/socket.io/?EIO=4&transport=polling&ticket={ticket}")
    assert ticket.rsplit(".", 1)[1] not in keyed.log()
