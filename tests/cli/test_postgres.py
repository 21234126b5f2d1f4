"""The `chat` command on PostgreSQL: the same as on SQLite, and its own tools for backups."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Chat
from tests.cli.test_doctor import lines
from tests.doors.wire import Wire
from tests.importers.support import Slack
from tests.servers.postgres import Postgres, connected
from tests.support import PASSWORD, ROOT, Person, Phone, Server, until

pytestmark = pytest.mark.postgresql


@pytest.fixture
def chat(chat: Chat, postgres: Postgres) -> Chat:
    """Runs commands on an empty database: the first of them makes the tables."""
    address = postgres.database()
    return lambda *arguments, typed="": chat(*arguments, typed=typed, DATABASE_URL=address)


def test_people_are_looked_after(chat: Chat) -> None:
    assert chat("user", "create", "olga", typed=f"{PASSWORD}\n").output == "olga can sign in, as owner.\n"
    assert chat("user", "create", "bo", "--role", "guest", typed=f"{PASSWORD}\n").exit_code == 0
    assert chat("user", "role", "bo", "member").exit_code == 0
    assert chat("user", "password", "bo", typed="another good one\n").exit_code == 0
    assert chat("user", "deactivate", "bo").exit_code == 0
    assert [line.split() for line in chat("user", "list").output.splitlines()] == [
        ["bo", "bo", "member", "deactivated"],
        ["olga", "olga", "owner"],
    ]
    assert "/invite/" in chat("user", "invite").output


def test_a_team_is_planted_and_an_export_taken_and_twice_is_once(chat: Chat, tmp_path: Path) -> None:
    assert "5,047  messages of people" in chat("seed").output
    slack = Slack()
    slack.channel("tides", slack.person("mira"))
    slack.says("tides", "UMIRA", "low at noon 🌊")
    path = slack.exports(tmp_path / "slack.zip")
    assert "mira" in chat("import", "slack", str(path)).output + chat("user", "list").output
    people = chat("user", "list").output
    assert chat("import", "slack", str(path)).exit_code == 0
    assert chat("user", "list").output == people


def test_the_doctor_looks_at_it(chat: Chat, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.commands.doctor.is_built", lambda: True)
    chat("user", "create", "olga", typed=f"{PASSWORD}\n")
    seen = chat("doctor").output
    assert lines(seen, "bad") == {"database": "fsync is off, so what was acknowledged can be lost"}, "true of this one"
    assert lines(seen, "ok")["migrations"].startswith("up to date")


def test_a_database_that_knows_no_emoji_or_is_not_there_is_refused_in_one_line(
    tmp_path: Path, postgres: Postgres
) -> None:
    latin = "ENCODING 'LATIN1' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    postgres.execute(f"CREATE DATABASE latin {latin}")
    for name, words in (("latin", "ENCODING 'UTF8'"), ("nowhere", 'database "nowhere" does not exist')):
        address = postgres.address.rpartition("/")[0] + f"/{name}"
        refused = Server(tmp_path, database=address).chat("run")
        assert refused.returncode == 1
        assert words in refused.stderr
        assert len(refused.stderr.splitlines()) == 1, refused.stderr


def test_servers_that_start_at_once_migrate_one_after_the_other(postgres: Postgres, tmp_path: Path) -> None:
    server = Server(tmp_path, database=postgres.database())
    command = [sys.executable, "-m", "chat.cli", "db", "upgrade"]
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
    with connected(server.database) as first:
        first.execute("SELECT pg_advisory_lock(hashtext('parley migrations'))")  # as one that migrates just now
        starting = [subprocess.Popen(command, cwd=ROOT, env=server.environ, stderr=subprocess.DEVNULL) for _ in "123"]
        until(lambda: postgres.execute(waiting) == [(3,)], 60)
    assert [each.wait(60) for each in starting] == [0, 0, 0]
    assert server.sql("SELECT count(*) FROM deployment") == [(1,)]


def test_backups_are_left_to_its_own_tools(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "some.db").write_text("a backup")
    assert chat("backup", str(tmp_path / "new.db")).output == (
        "chat: the database is PostgreSQL; back it up with pg_dump (docs/self-hosting.md)\n"
    )
    refused = chat("restore", str(tmp_path / "some.db"))
    assert refused.output == (
        "chat: the database is PostgreSQL; restore it with pg_restore, then say: chat restore --new-epoch\n"
    )
    assert chat("restore").exit_code == chat("restore", str(tmp_path / "some.db"), "--new-epoch").exit_code == 1


def test_after_a_restore_by_other_tools_every_page_starts_anew(
    postgres: Postgres, own_server: Callable[..., Server], connect: Callable[..., Phone], tmp_path: Path
) -> None:
    server = own_server()
    ana = server.owner()
    town = ana.opens()
    kept = ana.says(town, "before the backup")
    epoch = epoch_of(ana, town)
    dump = tmp_path / "parley.dump"
    tool(postgres, "pg_dump", "--format=custom", f"--file={dump}", server.database)
    ana.says(town, "after it")
    server.stop()
    tool(postgres, "pg_restore", "--clean", "--if-exists", f"--dbname={server.database}", str(dump))
    assert server.chat("restore", "--new-epoch").returncode == 0
    server.start()
    page = connect(ana).looks_at(town, since=kept["seq"] + 1, epoch=epoch)
    assert page["epoch"] != epoch
    assert (page["limited"], [message["id"] for message in page["messages"]]) == (True, [kept["id"]])


def test_a_running_server_notices_a_new_epoch(own_server: Callable[..., Server]) -> None:
    server = own_server()
    wire = Wire(server).connects(server.owner().token)
    assert server.chat("restore", "--new-epoch").returncode == 0
    assert wire.is_closed(within=10)
    wire.hangs_up()


def epoch_of(person: Person, channel_id: str) -> str:
    wire = Wire(person.server).connects(person.token)
    answer = wire.asks(json.dumps(["subscribe", {"channel_id": channel_id}]))
    wire.hangs_up()
    return str(answer["data"]["epoch"])


def tool(postgres: Postgres, name: str, *words: str) -> None:
    done = subprocess.run([postgres.bin / name, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
