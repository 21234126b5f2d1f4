"""Signing up, in and out; sessions, tokens and invites; and what other sites cannot make a browser do."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any

import pytest
import requests
import socketio
import websocket
from requests.adapters import HTTPAdapter
from socketio.exceptions import SocketIOError

from chat.basics import hash_secret
from chat.rest.routes import ROUTES
from tests.support import PASSWORD, Person, Phone, Reply, Server, until

EVIL = "https://evil.example"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
WRONG_PASSWORD = "wrong horse battery"


# Signing up ----------------------------------------------------------------------------------------------


def newcomer(server: Server, name: str = "dora") -> Person:
    """Someone who has no account yet."""
    return Person(server, f"{name}-{uuid.uuid4().hex[:8]}")


def test_of_many_first_accounts_at_once_one_owns_the_workspace_and_the_others_need_an_invite(own_server):
    server = own_server()
    racers = [Person(server, f"racer-{number}") for number in range(6)]
    start = threading.Barrier(len(racers))

    def race(racer: Person) -> Reply:
        start.wait()
        return racer.sign_up()

    with ThreadPoolExecutor(len(racers)) as pool:
        replies = list(pool.map(race, racers))
    assert sorted(reply.status for reply in replies) == [201] + [403] * (len(racers) - 1)
    assert {(reply.code, reply.error["field"]) for reply in replies if reply.error} == {("forbidden", "invite")}
    [owner] = [racer for racer, reply in zip(racers, replies, strict=True) if not reply.error]
    others = [racer for racer in racers if racer is not owner]
    assert owner.get("/session").code == "not_authed"  # signing up is not signing in
    assert owner.sign_in().get("/users/me").data["user"]["role"] == "owner"
    assert others[0].sign_up().code == "forbidden"
    invite = owner.post("/invites").expect(201).data["invite"]
    assert others[0].sign_up(invite).expect(201).data["user"]["role"] == "member"
    assert others[0].sign_in().get("/users/me").data["user"]["username"] == others[0].username


@pytest.mark.sqlite  # who may sign up does not depend on the database
@pytest.mark.parametrize(("registration", "status"), [("open", 201), ("closed", 403)])
def test_the_setting_says_who_may_sign_up(own_server, registration, status):
    server = own_server(REGISTRATION=registration)
    owner = server.owner()
    assert newcomer(server).sign_up().status == status
    assert newcomer(server).sign_up(owner.post("/invites").data["invite"]).status == 201


def test_an_invite_lets_one_person_in_once(server, owner):
    invite = owner.post("/invites").expect(201).data["invite"]
    assert newcomer(server).sign_up(invite).status == 201
    again = newcomer(server).sign_up(invite)
    assert (again.code, again.error["field"]) == ("forbidden", "invite")
    never_made = newcomer(server).sign_up("nonsense")
    assert never_made.error == again.error


def test_one_invite_and_many_at_once_let_one_in(server, owner):
    invite = owner.post("/invites").data["invite"]
    people = [newcomer(server) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        replies = list(pool.map(lambda person: person.sign_up(invite), people))
    assert sorted(reply.status for reply in replies) == [201, 403, 403, 403, 403]


def test_an_invite_ends(server, owner):
    fresh, old = (owner.post("/invites", {"expires_in": 3600}).expect(201).data["invite"] for _ in range(2))
    statement = "UPDATE invites SET expires_at = '2020-01-01 00:00:00.000000' WHERE secret_hash = :hash RETURNING id"
    assert len(server.sql(statement, hash=hash_secret(old))) == 1  # an hour is too long for a test
    assert newcomer(server).sign_up(fresh).status == 201
    assert newcomer(server).sign_up(old).code == "forbidden"


def test_an_invite_brings_people_into_its_channels(server, owner):
    town, den, other = owner.opens("public"), owner.opens("private"), owner.opens("private")
    invite = owner.post("/invites", {"channel_ids": [town, den]}).expect(201).data["invite"]
    person = newcomer(server)
    person.sign_up(invite).expect(201)
    person.sign_in()
    mine = {channel["id"] for channel in person.get("/channels").data["channels"] if channel["role"]}
    assert mine == {town, den}
    assert person.get(f"/channels/{other}").code == "channel_not_found"
    assert owner.post("/invites", {"channel_ids": ["nothing"]}).code == "channel_not_found"


def test_an_invite_lets_an_imported_person_claim_what_they_wrote(server, owner, ana):
    imported = f"01{uuid.uuid4().hex[:24]}"
    server.sql("INSERT INTO streams (id, seq, posted, floor) VALUES (:id, 0, 0, 0)", id=imported)
    server.sql(
        """INSERT INTO users (id, username, display_name, role, kind, created_at)
           VALUES (:id, :name, 'Imported', 'member', 'person', '2020-01-01 00:00:00.000000')""",
        id=imported,
        name=f"imported-{imported[-8:]}",
    )
    refused = owner.post("/invites", {"user_id": imported})  # they wrote to people in private: no admin becomes them
    assert (refused.code, refused.error["field"]) == ("invalid_arguments", "user_id")
    link = server.chat("user", "invite", "--claims", f"imported-{imported[-8:]}").stdout.strip()
    invite = link.split("/invite/")[1]
    listed = owner.get("/invites").data["invites"][0]
    assert (listed["claims_user_id"], listed["created_by"]) == (imported, None)
    person = newcomer(server, "claimant")
    assert person.sign_up(invite).expect(201).data["user"]["id"] == imported
    assert person.sign_in().id == imported
    assert "has an account" in server.chat("user", "invite", "--claims", person.username).stderr


def test_an_invite_that_was_ended_lets_nobody_in(server, owner):
    kept, ended = (owner.post("/invites").expect(201).data for _ in range(2))
    assert {kept["id"], ended["id"]} <= {each["id"] for each in owner.get("/invites").data["invites"]}
    owner.delete(f"/invites/{ended['id']}").expect(200)
    listed = {each["id"] for each in owner.get("/invites").data["invites"]}
    assert kept["id"] in listed
    assert ended["id"] not in listed
    assert newcomer(server).sign_up(ended["invite"]).error == newcomer(server).sign_up("nonsense").error
    assert newcomer(server).sign_up(kept["invite"]).status == 201
    assert owner.delete(f"/invites/{kept['id']}").code == "invite_not_found"  # it was used


def test_names_and_addresses_are_taken_in_every_spelling(server, owner):
    invites = [owner.post("/invites").data["invite"] for _ in range(4)]
    name = f"zoë{uuid.uuid4().hex[:6]}".replace("ë", "e")
    body = {"username": name, "display_name": "Zoe", "password": PASSWORD, "email": f"{name}@example.org"}
    stranger = newcomer(server)
    stranger.post("/users", {**body, "invite": invites[0]}).expect(201)
    for changed in ({"username": name.upper()}, {"email": None}, {"username": f"{name}2"}):
        taken = stranger.post("/users", {**body, **changed, "invite": invites[1]})
        assert (taken.status, taken.code) == (409, "name_taken")
    stranger.post("/users", {**body, "username": f"{name}2", "email": None, "invite": invites[1]}).expect(201)


@pytest.mark.parametrize("password", ["1234567", "x" * 257, ""])
def test_a_password_is_neither_short_nor_endless(server, owner, password):
    person = newcomer(server)
    body = {"username": person.username, "display_name": "Dora", "invite": owner.post("/invites").data["invite"]}
    refused = person.post("/users", {**body, "password": password})
    assert (refused.code, refused.error["field"]) == ("invalid_arguments", "password")
    assert "1234567" not in json.dumps(refused.error)
    person.post("/users", {**body, "password": "12345678"}).expect(201)


# Sessions ------------------------------------------------------------------------------------------------


def cookie_of(person: Person) -> str:
    """The cookie in someone's browser."""
    return str(person.http.cookies["session"])


def with_cookie(server: Server, cookie: str) -> Person:
    """A browser into which someone's cookie was copied."""
    thief = Person(server, "thief")
    thief.http.cookies.set("session", cookie)
    return thief


def test_a_copied_cookie_is_dead_after_signing_out(server, ana):
    thief = with_cookie(server, cookie_of(ana))
    assert thief.get("/session").data["user"]["id"] == ana.id
    ana.delete("/session").expect(200)
    assert thief.get("/session").code == "session_expired"
    assert thief.get("/channels").code == "session_expired"
    assert not ana.http.cookies
    assert ana.get("/session").code == "not_authed"


def test_a_cookie_planted_before_signing_in_opens_nothing_after(server, ana, bo):
    planted = cookie_of(bo)  # the attacker's own, in the victim's browser
    victim = Person(server, ana.username)
    victim.http.cookies.set("session", planted, domain="127.0.0.1", path="/")
    victim.sign_in()
    assert victim.http.cookies.get("session", domain="127.0.0.1") != planted
    assert with_cookie(server, planted).get("/users/me").data["user"]["id"] == bo.id
    nonsense = with_cookie(server, "nonsense")
    assert nonsense.get("/users/me").code == "not_authed"


def test_each_signing_in_is_a_session_of_its_own(server, ana):
    laptop, phone = Person(server, ana.username).sign_in(), Person(server, ana.username).sign_in()
    assert len({cookie_of(person) for person in (ana, laptop, phone)}) == 3
    laptop.delete("/session").expect(200)
    assert phone.get("/session").status == 200


def test_sessions_are_listed_and_ended_one_by_one(server, ana, bo):
    laptop = Person(server, ana.username)
    laptop.http.headers["User-Agent"] = "Laptop/1.0"
    laptop.sign_in()
    listed = ana.get("/sessions").expect(200).data["sessions"]
    assert [session["current"] for session in listed] == [False, True]
    [other] = [session for session in listed if not session["current"]]
    assert (other["user_agent"], other["ip"], other["kind"]) == ("Laptop/1.0", "127.0.0.1", "browser")
    assert not {"secret", "secret_hash", "token"} & set(other)
    assert bo.delete(f"/sessions/{other['id']}").code == "session_not_found"
    assert laptop.get("/session").status == 200
    ana.delete(f"/sessions/{other['id']}").expect(200)
    assert laptop.get("/session").code == "session_expired"
    assert ana.delete(f"/sessions/{other['id']}").code == "session_not_found"
    assert len(ana.get("/sessions").data["sessions"]) == 1


def test_a_token_is_shown_once_and_opens_both_doors(server, connect, ana):
    made = ana.post("/tokens", {"name": "my bot"}).expect(201).data
    assert made["token"] not in ana.http.get(f"{server.url}/api/v1/sessions").text
    assert made["session"]["name"] == "my bot"
    bot = with_token(server, made["token"])
    assert bot.get("/users/me").data["user"]["id"] == ana.id
    town = bot.opens("public")  # no CSRF token is needed with it
    phone = connect(ana)
    assert phone.looks_at(town)["channel"]["id"] == town
    ana.delete(f"/sessions/{made['session']['id']}").expect(200)
    assert bot.get("/users/me").code == "session_expired"


def with_token(server: Server, token: str) -> Person:
    """A program with a bearer token."""
    bot = Person(server, "bot")
    bot.http.headers["Authorization"] = f"Bearer {token}"
    return bot


@pytest.mark.parametrize("token", ["nonsense", "parley_nonsense", "x" * 5000, "é"])
def test_a_token_that_was_never_given_out_opens_nothing(server, ana, token):
    assert with_token(server, ana.token).get("/users/me").status == 200
    bot = with_token(server, token)
    bot.http.headers["Authorization"] = f"Bearer {token}".encode()
    assert bot.get("/users/me").code == "not_authed"


def test_a_cookies_secret_is_no_token_and_a_token_no_cookie(server, ana):
    cookie = cookie_of(ana)
    assert with_token(server, cookie).get("/users/me").code == "not_authed"
    assert with_cookie(server, ana.token).get("/users/me").code == "not_authed"


def test_the_cookie_is_for_this_site_and_no_script(server, ana):
    response = requests.post(f"{server.url}/api/v1/session", json={"login": ana.username, "password": PASSWORD})
    [cookie] = SimpleCookie(response.headers["Set-Cookie"]).values()
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert not cookie["secure"]  # plain http on loopback
    days = cookie_days(response)
    assert 13 < days <= 14


def cookie_days(response: requests.Response) -> float:
    """How long a response's cookie is kept."""
    [cookie] = response.cookies
    assert cookie.expires
    return (cookie.expires - time.time()) / 86400


@pytest.mark.sqlite  # the cookie does not depend on the database
def test_where_people_come_over_https_the_cookie_says_so(own_server):
    server = own_server(PUBLIC_URL="https://chat.example.org", SECRET_KEY="k" * 40)
    link = next(line.split("/invite/")[1] for line in server.log().splitlines() if "/invite/" in line)
    owner = Person(server, "owner")
    owner.http.headers["Host"] = "chat.example.org"
    owner.sign_up(link.strip()).expect(201)
    body = {"login": "owner", "password": PASSWORD}
    response = owner.http.post(f"{server.url}/api/v1/session", json=body)
    [(name, cookie)] = SimpleCookie(response.headers["Set-Cookie"]).items()
    assert name == "__Host-session"
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["path"] == "/"
    assert not cookie["domain"]


def test_ending_a_session_closes_its_connections_at_once(server, connect, ana):
    kept = connect(ana)
    made = ana.post("/tokens", {"name": "phone"}).expect(201).data
    thief = Person(server, ana.username, id=ana.id, _token=made["token"])
    phone, town = connect(thief), ana.opens("public")
    phone.looks_at(town)
    ana.delete(f"/sessions/{made['session']['id']}").expect(200)
    assert phone.disconnected.wait(1)
    ana.says(town, "among ourselves")
    assert phone.events("message") == []
    with pytest.raises(socketio.exceptions.ConnectionError):
        thief.connect()
    assert kept.asks("ping").code == "ok"


def test_signing_out_closes_the_connections_of_the_cookie(server, ana):
    client, gone = socketio.Client(reconnection=False), threading.Event()
    client.on("disconnect", lambda *_: gone.set())
    client.connect(server.url, headers={"Cookie": f"session={cookie_of(ana)}"}, transports=["websocket"])
    assert client.call("ping", {}, timeout=5)["ok"]
    ana.delete("/session").expect(200)
    assert gone.wait(1)
    client.disconnect()


def test_what_another_process_ended_is_refused_and_closed(server, ana, bo):
    phone, town = bo.connect(), ana.opens("public", bo)
    phone.looks_at(town)
    assert phone.sends(town, "before").code == "ok"
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    server.sql("UPDATE sessions SET revoked_at = :moment WHERE user_id = :user", moment=moment, user=bo.id)
    with suppress(SocketIOError):  # cut off before, or while it asks
        assert phone.sends(town, "too late").code == "session_expired"
    assert phone.disconnected.wait(2)
    assert bo.get("/session").code == "session_expired"
    assert "too late" not in str(ana.get(f"/channels/{town}/messages").data)
    phone.hangs_up()


# Signing in ----------------------------------------------------------------------------------------------


def try_in(person: Person, password: str, login: str = "") -> Reply:
    """One try to sign in."""
    return person.post("/session", {"login": login or person.username, "password": password})


def test_a_wrong_password_and_nobody_are_told_in_the_same_words(server, ana):
    there, nobody = Person(server, ana.username), newcomer(server, "nobody")
    assert try_in(there, PASSWORD).status == 200
    answers = [try_in(there, WRONG_PASSWORD), try_in(nobody, WRONG_PASSWORD), try_in(nobody, PASSWORD)]
    assert all((answer.status, answer.error) == (401, answers[0].error) for answer in answers)
    assert answers[0].code == "not_authed"


def test_people_sign_in_with_name_or_address_in_any_spelling(server, ana):
    ana.patch("/users/me", {"email": f"{ana.username}@Example.org"}).expect(200)
    for login in (ana.username.upper(), f"  {ana.username} ", f"{ana.username}@example.ORG"):
        assert try_in(Person(server, ""), PASSWORD, login).status == 200


def test_guessing_is_slowed_down_and_locks_nobody_out(server, ana, bo):
    guesser = Person(server, ana.username)
    tries = [try_in(guesser, f"{WRONG_PASSWORD} {number}") for number in range(6)]
    assert [answer.code for answer in tries] == ["not_authed"] * 5 + ["rate_limited"]
    waiting = tries[-1]
    assert waiting.status == 429
    assert waiting.error["retryable"] is True
    assert 0 < waiting.error["retry_after_ms"] <= 1000
    assert try_in(guesser, PASSWORD).code == "rate_limited"  # also the right one has to wait
    assert try_in(Person(server, bo.username), PASSWORD).status == 200
    elsewhere = Person(server, ana.username)
    elsewhere.http.mount("http://", From("127.0.0.2"))
    assert try_in(elsewhere, PASSWORD).status == 200
    time.sleep(waiting.error["retry_after_ms"] / 1000 + 0.05)
    assert try_in(guesser, PASSWORD).status == 200
    assert try_in(guesser, WRONG_PASSWORD).code == "not_authed"  # and counting starts anew


def test_each_wrong_guess_after_that_doubles_the_wait(server, ana):
    guesser, waits = Person(server, ana.username), []
    for _ in range(5):
        try_in(guesser, WRONG_PASSWORD)
    for _ in range(2):
        wait = try_in(guesser, WRONG_PASSWORD).error["retry_after_ms"]
        waits.append(wait)
        time.sleep(wait / 1000 + 0.02)
        assert try_in(guesser, WRONG_PASSWORD).code == "not_authed"
    waits.append(try_in(guesser, WRONG_PASSWORD).error["retry_after_ms"])
    assert waits[0] <= 1000 < waits[1] <= 2000 < waits[2] <= 4000


def test_many_guesses_at_once_are_counted_each(server, ana):
    guesser = Person(server, ana.username)
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda _: try_in(Person(server, ana.username), WRONG_PASSWORD), range(12)))
    codes = [reply.code for reply in replies]
    assert set(codes) == {"not_authed", "rate_limited"}
    assert codes.count("not_authed") <= 6  # five are free, and two are verified side by side
    assert try_in(guesser, PASSWORD).code == "rate_limited"


def test_many_devices_of_one_person_may_sign_in_at_once(server, ana):
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda _: try_in(Person(server, ana.username), PASSWORD), range(12)))
    assert {reply.status for reply in replies} == {200}


# Another password ----------------------------------------------------------------------------------------

NEW_PASSWORD = "battery staple horse"


def changes_password(person: Person, current: str = PASSWORD, new: str = NEW_PASSWORD) -> Reply:
    return person.put("/users/me/password", {"current_password": current, "password": new})


def test_someone_changes_the_password_and_is_signed_out_everywhere_else(server, connect, ana):
    phone, elsewhere = connect(ana), Person(server, ana.username).sign_in()
    changes_password(ana).expect(200)
    assert phone.disconnected.wait(10)
    assert elsewhere.get("/users/me").code == "session_expired"
    assert [session["current"] for session in ana.get("/sessions").data["sessions"]] == [True]
    assert try_in(Person(server, ana.username), PASSWORD).code == "not_authed"
    assert try_in(Person(server, ana.username), NEW_PASSWORD).status == 200


def test_who_does_not_know_the_password_does_not_change_it(server, ana):
    elsewhere = Person(server, ana.username).sign_in()
    wrong = changes_password(ana, WRONG_PASSWORD)
    assert (wrong.status, wrong.code, wrong.error["field"]) == (403, "forbidden", "current_password")
    assert elsewhere.get("/users/me").status == 200
    assert try_in(Person(server, ana.username), PASSWORD).status == 200
    assert changes_password(newcomer(server)).code == "not_authed"


def test_guessing_the_password_of_an_open_browser_is_slowed_down_too(ana):
    tries = [changes_password(ana, f"{WRONG_PASSWORD} {number}") for number in range(6)]
    assert [answer.code for answer in tries] == ["forbidden"] * 5 + ["rate_limited"]
    assert changes_password(ana).code == "rate_limited"
    time.sleep(tries[-1].error["retry_after_ms"] / 1000 + 0.05)
    changes_password(ana).expect(200)
    assert changes_password(ana, WRONG_PASSWORD).code == "forbidden"  # and counting starts anew


def test_a_new_password_is_neither_short_nor_endless(ana):
    for password in ("", "1234567", "x" * 257):
        reply = changes_password(ana, new=password)
        assert (reply.code, reply.error["field"]) == ("invalid_arguments", "password")


def test_of_two_changes_at_once_with_the_same_password_one_holds(server, ana):
    there = [ana, Person(server, ana.username).sign_in()]
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda at: changes_password(there[at], new=f"{NEW_PASSWORD} {at}"), range(2)))
    assert sorted(reply.status for reply in replies) in ([200, 401], [200, 403])
    [winner] = [at for at, reply in enumerate(replies) if reply.status == 200]
    assert try_in(Person(server, ana.username), f"{NEW_PASSWORD} {winner}").status == 200


def test_someone_signs_out_everywhere_else_at_once(server, connect, ana, bo):
    phone, elsewhere, his = connect(ana), Person(server, ana.username).sign_in(), connect(bo)
    ana.delete("/sessions").expect(200)
    assert phone.disconnected.wait(10)
    assert elsewhere.get("/users/me").code == "session_expired"
    assert ana.get("/users/me").status == 200
    assert his.asks("ping").code == "ok"


class From(HTTPAdapter):
    """Asks from another address of this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, source_address=(self.address, 0))


# Other sites ---------------------------------------------------------------------------------------------


def unsafe_rules() -> list[tuple[str, str, str]]:
    """Every address of the app that changes something: (method, rule, action)."""
    import warnings

    from chat import create_app

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = create_app({"DATABASE_URL": "sqlite:///never-opened.db", "SECRET_KEY": "s" * 40, "RATE_LIMITS": "off"})
    action_at = {(route.method, f"/api/v1{route.path}"): route.action for route in ROUTES}
    rules = [(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods & UNSAFE]
    return sorted((method, rule, action_at.get((method, rule), "")) for method, rule in rules)


RULES = unsafe_rules()
EXEMPT = {"sign_up", "sign_in"}


def test_the_list_of_addresses_that_change_something_is_not_empty():
    assert {action for _, _, action in RULES} >= EXEMPT
    assert len(RULES) >= len([route for route in ROUTES if route.method in UNSAFE])


def call(person: Person, method: str, rule: str, **headers: str | None) -> Reply:
    """Ask an address with these headers; the path's parameters name nothing."""
    path = rule.replace("<path:", "<").replace("<", "").replace(">", "")
    known = {name: value for name, value in {**person.http.headers, **headers}.items() if value is not None}
    response = requests.request(
        method, f"{person.server.url}{path}", json={}, cookies=person.http.cookies.get_dict(), headers=known, timeout=10
    )
    data = response.json()
    return Reply(response.status_code, data, data.get("error"))


@pytest.fixture(scope="module")
def browser(server: Server, owner: Person) -> Callable[[], Person]:
    """Someone signed in; signed in anew when a call before signed them out."""
    person = server.person("visitor", owner)

    def signed_in() -> Person:
        return person if person.get("/session").status == 200 else person.sign_in()

    return signed_in


@pytest.mark.parametrize(("method", "rule", "action"), RULES, ids=[f"{method} {rule}" for method, rule, _ in RULES])
def test_nothing_is_changed_without_the_csrf_token(browser, owner, method, rule, action):
    person = browser()
    other_token = owner.http.headers["X-CSRF-Token"]
    refused = [call(person, method, rule, **{"X-CSRF-Token": token}) for token in (None, "", "nonsense", other_token)]
    if action in EXEMPT:
        assert all(reply.code == "invalid_arguments" for reply in refused)
    else:
        assert {(reply.status, reply.code, reply.error["field"]) for reply in refused} == {
            (403, "forbidden", "X-CSRF-Token")
        }
    let_in = call(person, method, rule)
    assert (let_in.code, (let_in.error or {}).get("field")) != ("forbidden", "X-CSRF-Token")


@pytest.mark.parametrize(("method", "rule", "action"), RULES, ids=[f"{method} {rule}" for method, rule, _ in RULES])
def test_another_sites_page_changes_nothing_even_with_the_token(browser, method, rule, action):
    person = browser()
    foreign: list[dict[str, str]] = [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": person.server.url.replace("http:", "https:")},
        {"Origin": f"{person.server.url}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": person.server.url, "Sec-Fetch-Site": "cross-site"},
        {"Origin": EVIL, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    ]
    for headers in foreign:
        reply = call(person, method, rule, **headers)
        assert (reply.status, reply.code) == (403, "forbidden"), headers
    own = call(person, method, rule, Origin=person.server.url, **{"Sec-Fetch-Site": "same-origin"})
    assert own.code != "forbidden" or own.error["field"] != "Origin"


def test_signing_in_from_another_site_is_refused(server, ana):
    body = {"login": ana.username, "password": PASSWORD}
    address = f"{server.url}/api/v1/session"
    assert requests.post(address, json=body, headers={"Origin": server.url}).status_code == 200
    assert requests.post(address, json=body, headers={"Origin": EVIL}).status_code == 403
    form = {"Content-Type": "text/plain"}
    assert requests.post(address, data=json.dumps(body), headers=form).status_code == 422


def test_no_answer_lets_another_site_read_it(server, ana):
    for path in ("/api/v1/session", "/api/v1/channels", "/healthz"):
        response = ana.http.get(f"{server.url}{path}", headers={"Origin": EVIL})
        assert "Access-Control-Allow-Origin" not in response.headers
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


FOREIGN = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": EVIL, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    {"Origin": EVIL, "Forwarded": "host=evil.example;proto=https"},
    {"Origin": EVIL, "X-Forwarded-Host": "evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_sites_page_opens_no_connection(server, ana, headers):
    cookie = {"Cookie": f"session={cookie_of(ana)}"}
    polling = f"{server.url}/socket.io/?EIO=4&transport=polling"
    live = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    own = {**cookie, "Origin": server.url}
    assert requests.get(polling, headers=own).status_code == 200
    websocket.create_connection(live, 5, header=own, suppress_origin=True).shutdown()
    assert requests.get(polling, headers={**cookie, **headers}).status_code in (400, 403)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(live, 5, header={**cookie, **headers}, suppress_origin=True)
    assert refused.value.status_code in (400, 403)


# Connecting ----------------------------------------------------------------------------------------------


def refusal_of(server: Server, **options: Any) -> Any:
    """What the stock client is told when it may not connect."""
    client = socketio.Client(reconnection=False)
    told: list[Any] = []
    client.on("connect_error", told.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(server.url, transports=["websocket"], **options)
    client.disconnect()
    return until(lambda: told)[0]


def test_who_may_not_connect_is_told_why(server, ana):
    gone = Person(server, ana.username).sign_in()
    cookie = cookie_of(gone)
    Phone(ana).hangs_up()  # it works for those who may
    gone.delete("/session").expect(200)
    expected = {
        "not_authed": [{}, {"auth": {"token": "nonsense"}}, {"auth": {"token": None}}],
        "session_expired": [{"headers": {"Cookie": f"session={cookie}"}}],
    }
    for code, ways in expected.items():
        for options in ways:
            refusal = refusal_of(server, **options)
            assert set(refusal) == {"message", "data"}
            assert refusal["data"]["code"] == code
            assert refusal["message"] == refusal["data"]["message"]
            assert set(refusal["data"]) == {"code", "message", "retryable", "retry_after_ms", "field"}


def test_a_token_counts_before_the_cookie(server, ana, bo):
    client, told = socketio.Client(reconnection=False), []
    client.on("hello", told.append)
    client.connect(server.url, auth={"token": bo.token}, headers={"Cookie": f"session={cookie_of(ana)}"})
    assert until(lambda: told)[0]["user"]["id"] == bo.id
    client.disconnect()
