"""A server as the world sees it: behind a proxy that speaks https, known by one name."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import Morsel, SimpleCookie
from typing import Any

import pytest
import requests

from tests.support import PASSWORD, Database, Server

HOST = "chat.example.org"
PUBLIC_URL = f"https://{HOST}"
THROUGH_THE_PROXY = {
    "Host": HOST,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": HOST,
    "X-Forwarded-For": "203.0.113.7",
}


@dataclass
class Browser:
    """Speaks to the public server through its proxy, and keeps every cookie that it was ever given."""

    server: Server
    cookies: dict[str, str] = field(default_factory=dict)
    given: list[Morsel[str]] = field(default_factory=list)
    csrf: str = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        known = {**THROUGH_THE_PROXY, "X-CSRF-Token": self.csrf, **headers}
        known["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = requests.request(
            method, f"{self.server.url}{path}", json=body, headers=known, allow_redirects=False, timeout=30
        )
        for line in answer.raw.headers.getlist("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.given.append(morsel)
                self.cookies[name] = morsel.value
        return answer

    def sign_in(self, username: str) -> Browser:
        answer = self.ask("POST", "/api/v1/session", {"login": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.csrf = answer.json()["csrf_token"]
        return self


@pytest.fixture(scope="package")
def public(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"PUBLIC_URL": PUBLIC_URL, "SECRET_KEY": "k" * 40, "TRUSTED_PROXIES": "1", "REGISTRATION": "open"}
    server = Server(tmp_path_factory.mktemp("public"), settings, database()).start()
    invite = server.log().split("/invite/")[1].split()[0]
    body = {"username": "owner", "display_name": "Owner", "password": PASSWORD, "invite": invite}
    assert Browser(server).ask("POST", "/api/v1/users", body).status_code == 201
    yield server
    server.stop()


@pytest.fixture
def browser(public: Server) -> Callable[[], Browser]:
    """Makes browsers of people who have just signed up and in."""

    def open_browser() -> Browser:
        name = f"ana-{uuid.uuid4().hex[:8]}"
        body = {"username": name, "display_name": "Ana", "password": PASSWORD}
        assert Browser(public).ask("POST", "/api/v1/users", body).status_code == 201
        return Browser(public).sign_in(name)

    return open_browser
