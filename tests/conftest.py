"""Fixtures: a server for the whole run, and people on it. Tests make channels of their own and share nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.servers.postgres import Postgres
from tests.servers.redis import Redis
from tests.support import Database, Person, Phone, Server

# The folders, and the files of others, that run on both databases: where the database makes a difference. Everything
# else runs on SQLite; or all on the one that PARLEY_TEST_DATABASE names.
SLOWLY_ON_POSTGRESQL = {"importers", "retention"}
ON_BOTH = {
    *SLOWLY_ON_POSTGRESQL,
    "actions",
    "test_hiding",
    "test_lapsed",
    "test_lambda",
    "test_taking_away",
    "test_audit",
    "test_real_run",
} | {f"test_{door}" for door in ("concurrent_sends", "crowded_sends", "live", "malformed", "sessions", "who_may_what")}

CHOSEN = os.environ.get("PARLEY_TEST_DATABASE", "")

# What takes longest begins first: begun last, it would be waited for by those who have nothing left to do.
LONGEST = (
    "test_scenarios",
    "test_retention",
    "test_mutants",
    "test_access",
    "test_scenarios_on_postgres",
    "test_chatting",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--all``: also what takes too long for every change, marked slow."""
    parser.addoption("--all", action="store_true", help="also the slow tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is slow, unless all is asked for, and bring the files that take longest to the front."""
    slow = [] if config.getoption("all") else [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask each test that matters twice, once on each database."""
    test, both = metafunc.definition, ["sqlite", "postgresql"]
    if "database" not in metafunc.fixturenames:
        return
    kinds: list[Any] = [kind for kind in both if test.get_closest_marker(kind)]
    if not kinds and not ON_BOTH.isdisjoint({test.path.parent.name, test.path.stem}) and not CHOSEN:
        kinds = both
        if test.path.parent.name in SLOWLY_ON_POSTGRESQL:
            kinds = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
    if kinds:
        metafunc.parametrize("database", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL for the whole run, started when first asked for. Who breaks one starts it with ``own=True``."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_with_tables(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """Makes databases in it that have their tables already: to copy them is ten times as fast as to migrate."""
    template = Server(tmp_path_factory.mktemp("template"), database=postgres.database())
    migrated = template.chat("db", "upgrade")
    assert migrated.returncode == 0, migrated.stderr
    return lambda: postgres.database(template.database)


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A real Redis for the whole run, started when first asked for. Who breaks one starts it with ``own=True``."""
    server = Redis()
    yield server
    server.close()


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Database:
    """Makes databases of the kind that is at hand."""
    kind: str = getattr(request, "param", CHOSEN or "sqlite")
    if kind == "sqlite":
        return in_its_folder
    assert kind == "postgresql", f"PARLEY_TEST_DATABASE must be sqlite or postgresql, not {kind}"
    made: Callable[[], str] = request.getfixturevalue("postgres_with_tables")
    return made


@pytest.fixture
def scratch(database: Database, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database for one test, gone after it."""
    address = database()
    postgres: Postgres | None = request.getfixturevalue("postgres") if address else None
    yield address
    if postgres:
        postgres.drop(address)


def in_its_folder() -> str:
    """SQLite: no address is needed."""
    return ""


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[Database, Server]]:
    """The servers for the whole run, by what made their database: a file's tests go to and fro between the two."""
    running: dict[Database, Server] = {}
    yield running
    for server in running.values():
        server.stop()


@pytest.fixture(scope="session")
def server(database: Database, servers: dict[Database, Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """One running server for all tests that do not stop it; its heads come often, so that tests need not wait."""
    if database not in servers:
        folder = tmp_path_factory.mktemp("server")
        servers[database] = Server(folder, {"HEADS_SECONDS": "2"}, database()).start()
    return servers[database]


@pytest.fixture
def own_server(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts servers for a test that stops them, kills them, or needs other settings."""
    started: list[Server] = []

    def start(**settings: str) -> Server:
        started.append(Server(tmp_path_factory.mktemp("own"), settings, database()).start())
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def owner(server: Server) -> Person:
    """The workspace's owner."""
    return server.owner()


@pytest.fixture
def person(server: Server, owner: Person) -> Callable[[str], Person]:
    """Makes new people."""
    return lambda name: server.person(name, owner)


@pytest.fixture
def ana(person: Callable[[str], Person]) -> Person:
    return person("ana")


@pytest.fixture
def bo(person: Callable[[str], Person]) -> Person:
    return person("bo")


@pytest.fixture
def cleo(person: Callable[[str], Person]) -> Person:
    """Someone else, usually the outsider."""
    return person("cleo")


@pytest.fixture
def connect() -> Iterator[Callable[..., Phone]]:
    """Opens live connections and hangs up at the end."""
    phones: list[Phone] = []

    def open_phone(person: Person, **options: object) -> Phone:
        phones.append(person.connect(**options))
        return phones[-1]

    yield open_phone
    for phone in phones:
        phone.hangs_up()
