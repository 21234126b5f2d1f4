"""chat seed: a believable small team to try Parley with."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from chat.seed import LONG, team
from tests.cli.conftest import Chat
from tests.support import PASSWORD, Person, Server


def test_the_team_is_the_same_each_time() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert team(now) == team(now)


def test_it_is_planted_once_and_people_sign_in(chat: Chat, folder: Path) -> None:
    planted = chat("seed")
    assert planted.exit_code == 0
    refused = chat("seed")
    assert refused.exit_code == 1
    assert refused.output == "chat: this workspace is not empty; --force adds the team to what is there\n"
    server = Server(folder).start()
    try:
        ana = Person(server, "ana")
        (password,) = re.findall(r"password  (\S+)", planted.output)
        signed_in = ana.post("/session", {"login": "ana", "password": password}).expect(200).data
        assert signed_in["user"]["role"] == "owner"
        channels = {channel["name"]: channel for channel in ana.get("/channels").data["channels"] if channel["name"]}
        assert channels["general"]["read"]["mentions"] == 1
        assert channels["field-notes"]["posted"] == LONG
        assert channels["summer-trip"]["archived_at"]
        assert channels["leads"]["kind"] == "private"
        kinds = {channel["kind"] for channel in ana.get("/channels").data["channels"]}
        assert kinds == {"public", "private", "dm", "group_dm"}
        page = ana.get(f"/channels/{channels['general']['id']}/messages").data["messages"]
        assert max(message["reply_count"] for message in page) == 4
        assert any(message["reactions"] for message in page)
    finally:
        server.stop()


def test_force_adds_it_beside_what_is_there(chat: Chat) -> None:
    chat("user", "create", "ana", typed=f"{PASSWORD}\n")
    assert "as ana-2" in chat("seed", "--force").output
    listed = chat("user", "list").output
    assert re.search(r"^ana-2 .* member", listed, re.MULTILINE)
    assert re.search(r"^ana .* owner", listed, re.MULTILINE)
