"""The pages and the headers of every answer, as a browser gets them."""

from __future__ import annotations

import re

import pytest
import requests

from tests.support import Person, Server

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|javascript:", re.I)


def fetch(server: Server, path: str) -> requests.Response:
    return requests.get(server.url + path, allow_redirects=False, timeout=30)


@pytest.mark.parametrize("path", ["/", "/c/anything", "/browse", "/people"])
def test_who_is_not_signed_in_is_sent_to_sign_in(server: Server, path: str) -> None:
    answer = fetch(server, path)
    assert answer.status_code == 302
    assert answer.headers["Location"] == ("/sign-in" if path == "/" else f"/sign-in?next={path}")


@pytest.mark.parametrize("path", ["/", "/c/anything", "/browse", "/people"])
def test_who_is_signed_in_gets_the_app_at_every_address(ana: Person, path: str) -> None:
    answer = ana.http.get(ana.server.url + path, timeout=30)
    assert answer.status_code == 200
    assert 'id="app"' in answer.text


def test_whose_session_was_ended_gets_to_the_form(ana: Person) -> None:
    elsewhere = Person(ana.server, ana.username).sign_in()
    ana.delete("/sessions").expect(200)
    for path, answered in (("/c/anything", 302), ("/sign-in?next=/c/anything", 200)):
        answer = elsewhere.http.get(f"{ana.server.url}{path}", allow_redirects=False, timeout=30)
        assert answer.status_code == answered


def test_the_app_can_be_installed(server: Server) -> None:
    page = fetch(server, "/sign-in").text
    link = re.search(r'<link rel="manifest" href="([^"]+)"', page)
    assert link
    answer = fetch(server, link[1])
    assert answer.headers["Content-Type"] == "application/manifest+json"
    manifest = answer.json()
    assert (manifest["name"], manifest["display"], manifest["start_url"]) == ("Parley", "standalone", "/")
    for icon in manifest["icons"]:
        shown = fetch(server, icon["src"])
        assert (shown.status_code, shown.headers["Content-Type"].split(";")[0]) == (
            200,
            icon.get("type", "image/svg+xml"),
        )


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/c/one?x=1", "/c/one?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_signing_in_leads_only_into_this_site(ana: Person, wanted: str, given: str) -> None:
    answer = ana.http.get(f"{ana.server.url}/sign-in", params={"next": wanted}, allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (302, given)


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/invite/secret"])
def test_pages_hold_no_inline_script_or_style(server: Server, path: str) -> None:
    answer = fetch(server, path)
    assert answer.status_code == 200
    assert not INLINE.search(answer.text)


@pytest.mark.parametrize(
    "path", ["/sign-in", "/", "/api/v1/session", "/api/v1/nothing", "/static/icon.svg", "/nowhere"]
)
def test_every_answer_is_guarded(server: Server, path: str) -> None:
    headers = fetch(server, path).headers
    policy = headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert f"connect-src 'self' ws://127.0.0.1:{server.port} wss://127.0.0.1:{server.port}" in policy
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_a_host_header_cannot_write_into_the_policy(server: Server) -> None:
    answer = requests.get(f"{server.url}/sign-in", headers={"Host": "x; script-src *"}, timeout=30)
    assert "script-src *" not in answer.headers.get("Content-Security-Policy", "")


@pytest.mark.parametrize(
    ("unpacks", "coding"),
    [("br, gzip", "br"), ("gzip", "gzip"), ("gzip, deflate, br;q=0", "gzip"), ("identity", None), ("", None)],
)
def test_scripts_come_packed_for_whom_can_unpack_them(server: Server, unpacks: str, coding: str | None) -> None:
    script = re.search(r'src="(/static/app/assets/[^"]+\.js)"', fetch(server, "/sign-in").text)
    assert script
    plain = requests.get(server.url + script[1], headers={"Accept-Encoding": "identity"}, timeout=30)
    packed = requests.get(server.url + script[1], headers={"Accept-Encoding": unpacks}, stream=True, timeout=30)
    size = len(packed.raw.read(decode_content=False))
    assert packed.headers.get("Content-Encoding") == coding
    assert packed.headers["Content-Type"] == plain.headers["Content-Type"]
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "immutable" in packed.headers["Cache-Control"]
    assert (size < len(plain.content) / 2) == bool(coding)


def test_pages_are_never_kept_and_hashed_files_for_ever(server: Server) -> None:
    page = fetch(server, "/sign-in")
    assert page.headers["Cache-Control"] == "no-store"
    script = re.search(r'src="(/static/app/assets/[^"]+\.js)"', page.text)
    assert script
    assert "immutable" in fetch(server, script[1]).headers["Cache-Control"]
    assert fetch(server, "/api/v1/session").headers["Cache-Control"] == "no-store"
