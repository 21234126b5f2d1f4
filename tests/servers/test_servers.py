"""The servers of the tests are real: they start, forget, freeze, die and come back, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import psycopg2
import pytest
import redis as client_of_redis
from sqlalchemy.engine import make_url

from tests.servers import postgres as finding_postgres
from tests.servers import redis as finding_redis
from tests.servers.postgres import Postgres, connected
from tests.servers.programs import Missing
from tests.servers.redis import Redis


def test_every_database_is_of_its_own_and_can_be_copied(postgres: Postgres) -> None:
    first, second = postgres.database(), postgres.database()
    with connected(first) as cursor:
        cursor.execute("CREATE TABLE notes (text text)")
        cursor.execute("INSERT INTO notes VALUES ('kept')")
    with connected(second) as cursor, pytest.raises(psycopg2.errors.UndefinedTable):
        cursor.execute("SELECT * FROM notes")
    with connected(postgres.database(template=first)) as cursor:
        cursor.execute("SELECT text FROM notes")
        assert cursor.fetchall() == [("kept",)]


def test_text_is_in_the_order_of_its_bytes_as_on_sqlite(postgres: Postgres) -> None:
    assert postgres.execute("SELECT * FROM (VALUES ('b'), ('a'), ('B'), ('é')) AS words (word) ORDER BY word") == [
        ("B",),
        ("a",),
        ("b",),
        ("é",),
    ]


def test_postgresql_crashes_recovers_and_freezes() -> None:
    server = Postgres(own=True)
    try:
        address = server.database()
        with connected(address) as cursor:
            cursor.execute("CREATE TABLE notes (text text)")
            server.restart_immediately()
            with pytest.raises(psycopg2.OperationalError):
                cursor.execute("SELECT 1")
        with connected(address) as cursor:
            cursor.execute("SELECT count(*) FROM notes")
            server.end_connections()
            with pytest.raises(psycopg2.OperationalError):
                cursor.execute("SELECT 1")
        with server.frozen(), pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(make_url(address).render_as_string(hide_password=False), connect_timeout=2)
        assert server.answers()
    finally:
        server.close()
    assert server.program
    assert not server.program.folder.exists()


def test_redis_stops_forgets_freezes_and_asks_for_its_password() -> None:
    server = Redis(password="sesame")
    try:
        with server.client() as mine:
            mine.set("a", "1")
            server.flush()
            assert mine.get("a") is None
            mine.set("a", "2")
        server.stop()
        assert not server_answers(server.url)
        server.start()
        with server.client() as mine:
            assert mine.get("a") is None, "it keeps nothing"
        with pytest.raises(client_of_redis.AuthenticationError):
            client_of_redis.Redis(port=server.port).ping()
        with server.frozen():
            assert not server_answers(server.url)
        assert server_answers(server.url)
    finally:
        server.close()


def server_answers(url: str) -> bool:
    try:
        with client_of_redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except (client_of_redis.ConnectionError, client_of_redis.TimeoutError):
        return False


def test_without_a_server_the_tests_say_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(finding_postgres, "SYSTEMS", (str(tmp_path),))
    for module in (finding_postgres, finding_redis):
        monkeypatch.setattr(module, "package_folder", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match="TEST_DATABASE_URL"):
        finding_postgres.find_programs()
    with pytest.raises(Missing, match="TEST_REDIS_URL"):
        finding_redis.find_program()
