"""The REST interface, for what a program reads and makes."""

from __future__ import annotations

from typing import Any

import requests

from chat.client.connection import Token
from chat.client.errors import Refused
from chat.client.events import Channel, Row, User

SECONDS = 30


class Rest:
    """Calls below ``/api/v1`` of a server, with a bearer token."""

    def __init__(self, url: str, token: Token) -> None:
        self.url = url.rstrip("/")
        self._token = token

    def channels(self) -> list[Channel]:
        """The channels one is in, and the public ones."""
        return [Channel.from_dict(row) for row in self.read_all("/channels", "channels")]

    def users(self) -> list[User]:
        """Everyone."""
        return [User.from_dict(row) for row in self.read_all("/users", "users")]

    def read_all(self, path: str, name: str) -> list[Row]:
        """All of a list, page by page: ``chat.read_all("/channels/…/members", "members")``."""
        rows: list[Row] = []
        page: Row = {"next": ""}
        while page["next"] is not None:
            page = self.get(path, **({"after": page["next"]} if rows else {}))
            rows += page[name]
        return rows

    def get(self, path: str, **query: Any) -> Row:
        """Read over REST: ``chat.get("/channels/…/messages", before=100)``."""
        return self.rest("GET", path, params=query)

    def post(self, path: str, body: Row | None = None) -> Row:
        """Make something over REST: ``chat.post("/dms", {"user_ids": […]})``."""
        return self.rest("POST", path, json=body or {})

    def rest(self, method: str, path: str, **options: Any) -> Row:
        """Any other call of the REST interface; the answer, or Refused."""
        token = self._token() if callable(self._token) else self._token
        headers = {"Authorization": f"Bearer {token}"}
        response = requests.request(method, f"{self.url}/api/v1{path}", headers=headers, timeout=SECONDS, **options)
        try:
            answer: Row = response.json()
        except requests.JSONDecodeError:
            answer = {}
        if not response.ok:
            raise Refused.from_dict(answer.get("error"))
        return answer
