"""Backing up and restoring, while people are connected."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.doors.wire import Wire

pytestmark = pytest.mark.sqlite  # test_postgres.py has the other's


def test_a_backup_brings_everything_back_and_every_page_starts_anew(own_server, connect, tmp_path: Path):
    server = own_server()
    ana = server.owner()
    bo = server.person("bo", ana)
    town = ana.opens("public", bo)
    kept = ana.says(town, "before the backup")
    assert bo.token  # a sign-in after the backup is gone with it
    assert server.chat("backup", str(tmp_path / "copy.db")).returncode == 0
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
    ana.says(town, "after it")
    wire = Wire(server).connects(bo.token)
    epoch = wire.asks(json.dumps(["subscribe", {"channel_id": town}]))["data"]["epoch"]

    restored = server.chat("restore", str(tmp_path / "copy.db"))
    assert restored.returncode == 0, restored.stderr
    assert wire.is_closed(within=10)
    wire.hangs_up()
    again = connect(bo)
    assert again.hello["epoch"] != epoch
    page = again.looks_at(town, since=page_end(ana, town) + 1, epoch=epoch)
    assert (page["limited"], [message["id"] for message in page["messages"]]) == (True, [kept["id"]])
    assert ana.says(town, "and on")["seq"] == kept["seq"] + 1
    again.hears("message", lambda event: event["message"]["text"] == "and on")

    [former] = server.folder.glob("chat-before-*.db")
    with sqlite3.connect(former) as database:
        texts = [text for (text,) in database.execute("SELECT text FROM messages ORDER BY seq")]
    database.close()
    assert texts == ["before the backup", "after it"]
    assert not list(server.folder.glob("restore-*"))


def page_end(person, channel_id: str) -> int:
    return person.get(f"/channels/{channel_id}/messages").data["seq"]


def test_a_backup_taken_while_people_write_is_whole(own_server, tmp_path: Path):
    server = own_server()
    ana = server.owner()
    town = ana.opens()
    for number in range(20):
        ana.says(town, f"message {number}")
        if number % 5 == 0:
            assert server.chat("backup", str(tmp_path / f"{number}.db")).returncode == 0
            with sqlite3.connect(tmp_path / f"{number}.db") as database:
                [(count, head)] = database.execute("SELECT count(*), max(seq) FROM messages")
                assert (count, database.execute("PRAGMA integrity_check").fetchone()) == (number + 1, ("ok",))
                assert head == number + 3
            database.close()


@pytest.mark.parametrize("content", [b"this is no database" * 100, b""])
def test_what_is_no_backup_changes_nothing(own_server, tmp_path: Path, content: bytes):
    server = own_server()
    ana = server.owner()
    (tmp_path / "wrong.db").write_bytes(content)
    refused = server.chat("restore", str(tmp_path / "wrong.db"))
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "is no backup of Parley" in refused.stderr
    assert ana.get("/session").status == 200
    assert not list(server.folder.glob("*before*")) + list(server.folder.glob("restore-*"))


def test_a_backup_overwrites_nothing(own_server, tmp_path: Path):
    server = own_server()
    (tmp_path / "mine.txt").write_text("precious")
    refused = server.chat("backup", str(tmp_path / "mine.txt"))
    assert (refused.returncode, (tmp_path / "mine.txt").read_text()) == (1, "precious")
