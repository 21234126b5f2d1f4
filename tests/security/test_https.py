"""Where people come over https: cookies, hosts, origins and headers, as a browser behind the proxy gets them."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

import pytest
import requests
import websocket

from chat.basics import now
from chat.rest.routes import ROUTES
from tests.security.conftest import HOST, PUBLIC_URL, THROUGH_THE_PROXY, Browser
from tests.support import Server

POLICY = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    f"connect-src 'self' ws://{HOST} wss://{HOST}",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
]
PAGES = ["/", "/browse", "/people", "/c/x", "/sign-in", "/sign-up", "/invite/x", "/nowhere", "/c/"]
INLINE = re.compile(r"<script(?![^>]*\bsrc=\"/)|<style|\bstyle=|\bon\w+=|javascript:|<base|<iframe|<object", re.I)


@pytest.fixture(scope="module")
def ana_outside(public: Server) -> Browser:
    """Someone signed in, for tests that only look."""
    return Browser(public).sign_in("owner")


def test_every_cookie_that_is_ever_set_is_for_this_site_over_https_alone(browser):
    ana, given = browser(), []
    for route in ROUTES:
        if ana.ask("GET", "/api/v1/session").status_code != 200:  # signed out by the call before
            given, ana = given + ana.given, browser()
        path = re.sub(r"<[^>]+>", "x", f"/api/v1{route.path}")
        ana.ask(route.method, path, None if route.method == "GET" else {})
    for page in PAGES:
        ana.ask("GET", page)
    for cookie in given + ana.given:
        assert cookie.key == "__Host-session"
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["path"], cookie["domain"]) == ("/", "")
        days = (parsedate_to_datetime(cookie["expires"]) - now()).total_seconds() / 86400
        assert 13.9 < days <= 14 if cookie.value else days < 0
    assert {bool(cookie.value) for cookie in given + ana.given} == {True, False}  # given and taken back


@pytest.mark.parametrize("host", ["evil.example", f"{HOST}.evil.example", f"evil.{HOST}", "x; script-src *"])
@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/session", "/static/icon.svg", "/healthz", "/nothing"])
def test_a_host_that_is_not_ours_is_refused_and_harms_nothing(public: Server, path: str, host: str) -> None:
    assert requests.get(public.url + path, headers=THROUGH_THE_PROXY, timeout=10).status_code in (200, 401, 404)
    logged = len(public.log())
    for headers in ({"Host": host, "X-Forwarded-Host": HOST + host}, {"Host": host}):
        answer = requests.get(public.url + path, headers={**headers, "X-Forwarded-Proto": "https"}, timeout=10)
        assert answer.status_code in (400, 422)
        assert "script-src *" not in answer.headers.get("Content-Security-Policy", "")
    assert len(public.log()) == logged


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"http://{HOST}"},
    {"Origin": f"https://{HOST}.evil.example"},
    {"Origin": f"https://{HOST}:444"},
    {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
    {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example", "Host": "evil.example"},
    {"Origin": "https://evil.example", "Forwarded": "host=evil.example;proto=https"},
]


@pytest.mark.parametrize("transport", ["polling", "websocket"])
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_no_page_but_our_own_opens_a_connection(ana_outside, public, transport, headers):
    cookie = "; ".join(f"{name}={value}" for name, value in ana_outside.cookies.items())

    def status(**more: str) -> int:
        known = {**THROUGH_THE_PROXY, "Cookie": cookie, **more}
        path = f"127.0.0.1:{public.port}/socket.io/?EIO=4&transport={transport}"
        if transport == "polling":
            return requests.get(f"http://{path}", headers=known, timeout=10).status_code
        try:
            host = known.pop("Host")
            websocket.create_connection(f"ws://{path}", 10, header=known, host=host, suppress_origin=True).shutdown()
        except websocket.WebSocketBadStatusException as refused:
            return refused.status_code
        return 200

    assert status(Origin=PUBLIC_URL) == 200
    assert status(**headers) in (400, 403)


@pytest.mark.parametrize("path", [*PAGES, "/api/v1/session", "/api/v1/nothing", "/static/icon.svg", "/static/nothing"])
def test_every_answer_carries_the_whole_policy(ana_outside, path):
    for method in ("GET", "POST"):
        headers = ana_outside.ask(method, path).headers
        assert headers["Content-Security-Policy"].split("; ") == POLICY
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_a_script_or_style_of_its_own(ana_outside, path):
    answer = ana_outside.ask("GET", f"{path}?next=<script>alert(1)</script>")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert not INLINE.search(answer.text)


def test_a_forged_address_is_no_way_around_the_wait_after_wrong_passwords(server, ana):
    body = {"login": ana.username, "password": "wrong horse battery"}
    codes = []
    for number in range(7):
        forged = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        answer = requests.post(f"{server.url}/api/v1/session", json=body, headers=forged, timeout=10)
        codes.append(answer.status_code)
    assert codes == [401] * 5 + [429] * 2
