"""Fixtures: a service behind an API Gateway, and people who come in through either door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.aws.little_gateway import LittleGateway
from tests.aws.phone import GatewayPhone
from tests.support import Database, Person, Phone, Server


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LittleGateway]:
    gateway = LittleGateway(tmp_path_factory.mktemp("gateway"))
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def service(gateway: LittleGateway, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server behind the gateway."""
    folder = tmp_path_factory.mktemp("service")
    server = Server(folder, gateway.settings, database=database()).start()
    gateway.serves(server)
    yield server
    server.stop()


@pytest.fixture
def ana(service: Server) -> Person:
    return service.person("ana")


@pytest.fixture
def bo(service: Server) -> Person:
    return service.person("bo")


@pytest.fixture
def cleo(service: Server) -> Person:
    """Someone else, usually the outsider."""
    return service.person("cleo")


@pytest.fixture
def dial(gateway: Any) -> Iterator[Callable[..., Phone]]:
    """Opens connections through the door that is named, and hangs up at the end."""
    phones: list[Phone] = []

    def open_phone(person: Person, door: str = "apigw", **options: Any) -> Phone:
        phone = person.connect() if door == "socketio" else GatewayPhone(person, gateway.url, **options)
        phones.append(phone)
        return phone

    yield open_phone
    for phone in phones:
        phone.hangs_up()
