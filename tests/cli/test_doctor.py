"""chat doctor: a line for each thing, and an exit code for all."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Chat
from tests.servers.redis import Redis
from tests.support import PASSWORD, free_port


def lines(output: str, mark: str) -> dict[str, str]:
    """What is ok, or bad: the thing and what is said of it."""
    return dict(line[5:].split(": ", 1) for line in output.splitlines() if line.startswith(f"{mark:<4} "))


@pytest.fixture
def settled(chat: Chat) -> None:
    """A workspace that has begun."""
    chat("user", "create", "olga", typed=f"{PASSWORD}\n")


def test_all_is_well(chat: Chat, settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.commands.doctor.is_built", lambda: True)
    seen = chat("doctor")
    assert lines(seen.output, "bad") == {}
    assert seen.exit_code == 0
    assert lines(seen.output, "ok").keys() >= {
        "Python",
        "packages",
        "settings",
        "secret key",
        "web client",
        "database",
        "migrations",
        "integrity",
        "clock",
    }


def test_a_fresh_checkout_has_no_database_yet_and_gets_none(chat: Chat, folder: Path) -> None:
    seen = chat("doctor")
    assert seen.exit_code == 1
    assert "`chat run` makes it" in lines(seen.output, "bad")["database"]
    assert not folder.exists()


def test_an_unsafe_setting_is_bad(chat: Chat) -> None:
    seen = chat("doctor", HOST="0.0.0.0")
    assert seen.exit_code == 1
    assert "SECRET_KEY must be set" in lines(seen.output, "bad")["settings"]


def test_a_key_that_others_can_read_is_bad(chat: Chat, settled: None, folder: Path) -> None:
    (folder / "secret_key").chmod(0o644)
    assert "chmod 600" in lines(chat("doctor").output, "bad")["secret key"]


def test_a_client_that_is_not_built_is_bad(chat: Chat, settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.commands.doctor.is_built", lambda: False)
    assert "not built" in lines(chat("doctor").output, "bad")["web client"]


def test_an_old_database_is_bad(chat: Chat, settled: None, folder: Path) -> None:
    with sqlite3.connect(folder / "chat.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    assert "brings it up to date" in lines(chat("doctor").output, "bad")["migrations"]


def test_a_damaged_database_is_bad(chat: Chat, settled: None, folder: Path) -> None:
    (folder / "chat.db").write_bytes(b"not a database at all, not even a little one" * 200)
    for leftover in folder.glob("chat.db-*"):
        leftover.unlink()
    seen = chat("doctor")
    assert seen.exit_code == 1
    assert "database" in lines(seen.output, "bad")


def test_redis_is_asked_where_there_is_to_be_one(chat: Chat, settled: None, redis: Redis) -> None:
    assert "Redis" not in lines(chat("doctor").output, "ok")
    assert lines(chat("doctor", REDIS_URL=redis.url).output, "ok")["Redis"] == "answers"


def test_a_redis_that_is_not_there_or_lets_one_not_in_is_bad(chat: Chat, settled: None) -> None:
    seen = chat("doctor", REDIS_URL=f"redis://:hush-hush@127.0.0.1:{free_port()}")
    assert seen.exit_code == 1
    assert "cannot be reached" in lines(seen.output, "bad")["Redis"]
    guarded = Redis(password="open sesame")
    try:
        refused = chat("doctor", REDIS_URL=guarded.url.replace("open sesame", "hush-hush"))
        assert "refuses the name or password" in lines(refused.output, "bad")["Redis"]
        assert lines(chat("doctor", REDIS_URL=guarded.url).output, "ok")["Redis"] == "answers"
    finally:
        guarded.close()
    assert "hush-hush" not in seen.output + refused.output


def test_messages_from_the_future_tell_of_a_wrong_clock(chat: Chat, folder: Path) -> None:
    chat("seed")
    with sqlite3.connect(folder / "chat.db") as connection:
        connection.execute("UPDATE messages SET created_at = '2999-01-01 00:00:00.000000' WHERE posted = 1")
    connection.close()
    assert "2999" in lines(chat("doctor").output, "bad")["clock"]
