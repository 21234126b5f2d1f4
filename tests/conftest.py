"""Fixtures: a server for the whole run, and people on it. Tests make channels of their own and share nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.servers.postgres import Postgres
from tests.servers.redis import Redis
from tests.support import Person, Phone, Server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL for the whole run, started when first asked for. Who breaks one starts it with ``own=True``."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A real Redis for the whole run, started when first asked for. Who breaks one starts it with ``own=True``."""
    server = Redis()
    yield server
    server.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One running server for all tests that do not stop it; its heads come often, so that tests need not wait."""
    server = Server(tmp_path_factory.mktemp("server"), {"HEADS_SECONDS": "2"}).start()
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Starts servers for a test that stops them, kills them, or needs other settings."""
    started: list[Server] = []

    def start(**settings: str) -> Server:
        started.append(Server(tmp_path_factory.mktemp("own"), settings).start())
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
