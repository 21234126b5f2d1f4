"""The REST door under made-up requests: whatever the OpenAPI document allows, or nearly allows, is answered as it says.

`PARLEY_FUZZ=50` makes fifty times as many.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chat.rest.openapi import describe
from tests.support import Database, Person, Server

TIMES = int(os.environ.get("PARLEY_FUZZ", "1"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
GUESSING = "PUT /users/me/password"
api = schemathesis.openapi.from_dict(describe(), config=SchemathesisConfig())
made_up = settings(
    max_examples=4 * TIMES,
    deadline=None,
    derandomize=TIMES == 1,  # the short run is the same each time; a long one looks further
    database=None,
    phases=[Phase.generate],  # requests that failed once cannot be shrunk: they changed what is there
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Target:
    """A server of this file's own, people on it, and things of theirs that really exist."""

    server: Server
    people: dict[str, Person]
    known: dict[str, list[str]]

    def call(self, case: Any, headers: dict[str, str]) -> Any:
        """Ask as the case says, but with these credentials in place of made-up ones."""
        case.headers, case.cookies = headers, {}
        return case.call(base_url=f"{self.server.url}/api/v1")

    def headers(self, door: str, label: str) -> dict[str, str]:
        """How someone shows who they are, signed in anew where a call before ended it. Bo is the one who guesses."""
        name = "bo" if label == GUESSING else "ana"
        person = self.people[name]
        if person.get("/session").status != 200:
            person = self.people[name] = Person(self.server, person.username).sign_in()
        if door == "cookie":
            cookie = f"session={person.http.cookies['session']}"
            return {"Cookie": cookie, "X-CSRF-Token": str(person.http.headers["X-CSRF-Token"])}
        if requests.get(f"{self.server.url}/api/v1/users/me", headers=bearer(person), timeout=10).status_code != 200:
            person._token = ""
        return bearer(person)


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


@pytest.fixture(scope="module")
def target(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    server = Server(tmp_path_factory.mktemp("openapi"), {"RATE_LIMITS": "off"}, database()).start()
    ana = server.owner()
    bo = server.person("bo", ana)
    town = ana.opens("public", bo)
    message = ana.says(town, "hello")
    reply = bo.says(town, "yes?", thread_id=message["id"])
    known = {
        "channel_id": [town, ana.talks_to(bo)],
        "message_id": [message["id"], reply["id"]],
        "user_id": [bo.id, ana.id],
        "session_id": [session["id"] for session in bo.get("/sessions").data["sessions"] * 2],
        "emoji": ["👍", ":+1:"],
    }
    yield Target(server, {"ana": ana, "bo": bo}, known)
    server.stop()
    assert "Traceback" not in server.log()


def with_known(case: Any, target: Target, choice: int) -> None:
    """Let the path name what exists, most of the time: made-up names are only ever not found."""
    for name in case.path_parameters or {}:
        if choice % 4:
            case.path_parameters[name] = target.known[name][choice % 2]


@api.given(choice=st.integers(0, 7))
@api.parametrize()
@made_up
def test_every_answer_is_as_the_document_says(target: Target, case: Any, choice: int) -> None:
    with_known(case, target, choice)
    label = case.operation.label
    if label == GUESSING:
        case.body = {**case.body, "current_password": "wrong"} if isinstance(case.body, dict) else case.body
    door = "cookie" if choice < 4 else "token"
    answer = target.call(case, target.headers(door, label))
    assert answer.status_code != 401 or label == "POST /session"
    case.validate_response(answer, checks=CHECKS)


@api.given(choice=st.integers(0, 7))
@api.parametrize()
@settings(made_up, max_examples=TIMES)
def test_who_shows_nothing_gets_nothing(target: Target, case: Any, choice: int) -> None:
    with_known(case, target, choice)
    answer = target.call(case, {"Authorization": "Bearer nonsense"} if choice % 2 else {})
    case.validate_response(answer, checks=CHECKS)
    if case.operation.definition.raw["security"]:
        assert answer.status_code in (401, 422)  # what is not even well formed may be told so first
        assert answer.status_code == 401 or answer.json()["error"]["code"] == "invalid_arguments"
    else:
        assert answer.status_code != 201 or case.operation.label == "POST /session"
