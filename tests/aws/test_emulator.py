"""The shipped template, deployed into an emulator of AWS, and the contract through what came of it."""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from botocore.exceptions import ClientError

from chat import tickets
from tests.aws import test_contract as contract
from tests.aws.little_gateway import KEYS
from tests.aws.ministack import Ministack, needs_emulator
from tests.aws.phone import GatewayPhone, refused
from tests.support import Person, Server, free_port, until

pytestmark = needs_emulator

# The same script, through this gateway.
test_every_action_is_done_and_told = contract.test_every_action_is_done_and_told
test_events_come_in_order_and_without_a_gap = contract.test_events_come_in_order_and_without_a_gap
test_who_does_not_look_hears_that_there_is_news = contract.test_who_does_not_look_hears_that_there_is_news
test_refused_is = contract.test_refused_is
test_a_removed_member_hears_no_more = contract.test_a_removed_member_hears_no_more
test_people_of_both_doors_see_each_others_messages_in_one_order = (
    contract.test_people_of_both_doors_see_each_others_messages_in_one_order
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    """The stack, with the address at which the service will be."""
    emulator = Ministack(tmp_path_factory.mktemp("ministack"))
    emulator.service_port = free_port()
    try:
        emulator.deploy(f"http://127.0.0.1:{emulator.service_port}/internal/aws/ws")
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture(scope="module")
def service(gateway: Ministack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the credentials of a user that holds the template's policy and nothing else."""
    server = Server(tmp_path_factory.mktemp("service"), gateway.settings, port=gateway.service_port).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def ana(service: Server) -> Person:
    return service.person("ana")


@pytest.fixture(scope="module")
def bo(service: Server) -> Person:
    return service.person("bo")


@pytest.fixture(scope="module")
def cleo(service: Server) -> Person:
    return service.person("cleo")


def ticket_of(person: Person) -> str:
    return person.post("/tickets").expect(201).data["ticket"]


def signed(person: Person, **changed: object) -> str:
    """A ticket with other claims, under a right signature."""
    head, body, _ = ticket_of(person).split(".")
    claims = {**json.loads(base64.urlsafe_b64decode(body + "==")), **changed}
    body = tickets._base64(json.dumps(claims).encode())
    return f"{head}.{body}.{tickets._base64(tickets._signature(tickets.parse_keys(KEYS)['first'], f'{head}.{body}'))}"


def test_a_connection_without_a_ticket_gets_401(gateway, ana):
    assert refused(lambda: GatewayPhone(ana, gateway.url, "")) == 401


def test_a_forged_ticket_gets_403(gateway, ana):
    ticket = ticket_of(ana)
    assert refused(lambda: GatewayPhone(ana, gateway.url, ticket[:-4] + "AAAA")) == 403


def test_a_ticket_that_ran_out_gets_403(gateway, ana):
    long_ago = int(time.time()) - 100
    assert refused(lambda: GatewayPhone(ana, gateway.url, signed(ana, iat=long_ago, exp=long_ago + 60))) == 403


def test_a_ticket_that_was_used_gets_403(gateway, ana):
    ticket = signed(ana)  # as good as the server's own
    GatewayPhone(ana, gateway.url, ticket).hangs_up()
    assert refused(lambda: GatewayPhone(ana, gateway.url, ticket)) == 403


def test_a_ticket_of_a_session_that_ended_gets_403(gateway, service, ana):
    other = service.stranger(ana.username).sign_in()
    ticket = ticket_of(other)
    other.delete("/session").expect(200)
    assert refused(lambda: GatewayPhone(ana, gateway.url, ticket)) == 403


def test_a_page_of_another_origin_gets_403(gateway, ana):
    GatewayPhone(ana, gateway.url, origin="https://chat.example.org").hangs_up()
    assert refused(lambda: GatewayPhone(ana, gateway.url, origin="https://evil.example")) == 403


def test_signing_out_closes_the_connection(dial, service, ana):
    other = service.stranger(ana.username).sign_in()
    phone = dial(other)
    other.delete("/session").expect(200)
    until(phone.disconnected.is_set)


def test_a_row_whose_connection_never_was_is_taken_out_by_the_410(dial, service, ana):
    town = ana.opens("public")
    phone = dial(ana)
    phone.looks_at(town)
    with closing(sqlite3.connect(service.folder / "chat.db", timeout=10)) as database, database:
        [[real]] = database.execute(
            "SELECT id FROM gateway_connections WHERE user_id = ? AND ended_at IS NULL ORDER BY opened_at DESC LIMIT 1",
            (ana.id,),
        ).fetchall()
        columns = "user_id, session_id, heads, opened_at, changed_at, ended_at"
        copied = f"SELECT 'Z2hvc3Q=', {columns} FROM gateway_connections WHERE id = ?"
        database.execute(f"INSERT INTO gateway_connections (id, {columns}) {copied}", (real,))
        stamp = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.gmtime())
        database.execute("UPDATE gateway_connections SET changed_at = ? WHERE id = 'Z2hvc3Q='", (stamp,))
    time.sleep(2)  # whoever tells looks at the registry by then
    ana.put(f"/channels/{town}/read", {"seq": 1, "unread": True}).expect(200)

    def ended() -> bool:
        with closing(sqlite3.connect(service.folder / "chat.db", timeout=10)) as database:
            query = "SELECT ended_at IS NOT NULL FROM gateway_connections WHERE id = 'Z2hvc3Q='"
            return bool(database.execute(query).fetchone()[0])

    until(ended)
    assert phone.asks("ping").expect(200)


def test_without_the_policy_aws_refuses_every_post(gateway, dial, service, ana):
    town = ana.opens("public")
    phone = dial(ana)
    phone.looks_at(town)
    api = gateway.client("apigatewaymanagementapi", gateway.key, gateway.secret, f"http://{gateway.stage}")
    gateway.revoke()
    try:
        with pytest.raises(ClientError, match="AccessDenied"):
            api.post_to_connection(ConnectionId="any=", Data=b"{}")
        ana.says(town, "unheard")
        until(lambda: "lacks execute-api:ManageConnections" in service.log())
    finally:
        gateway.grant()
    with pytest.raises(ClientError, match="Gone"):
        api.post_to_connection(ConnectionId="any=", Data=b"{}")
    ana.says(town, "heard")
    phone.hears("message", lambda event: event["message"]["text"] == "heard")
    assert "unheard" not in str(phone.told)


def test_the_policy_allows_nothing_but_the_connections_of_this_api(gateway):
    for service, call in (("s3", "list_buckets"), ("secretsmanager", "list_secrets"), ("iam", "list_users")):
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(gateway.client(service, gateway.key, gateway.secret), call)()
