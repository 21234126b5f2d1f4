"""What Prometheus reads at /metrics: what people do can be found in it, people cannot, and strangers get nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.doors.test_limits import is_cut
from tests.doors.wire import Wire
from tests.support import Person, Server, until

TOKEN = "m" * 40


class Figures:
    """The figures of a server as they are now."""

    def __init__(self, server: Server, **headers: str) -> None:
        answer = requests.get(f"{server.url}/metrics", headers=headers, timeout=10)
        answer.raise_for_status()
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        self.text = answer.text
        self.samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]

    def of(self, name: str, **labels: str) -> float:
        """One figure; 0 as long as nothing was counted."""
        found = [s.value for s in self.samples if s.name == f"parley_{name}" and s.labels == labels]
        return found[0] if found else 0.0


@pytest.fixture
def count(own_server: Callable[..., Server]) -> Callable[..., Figures]:
    """Starts a server of its own the first time, and reads its figures."""
    server = own_server()
    read = lambda: Figures(server)  # noqa: E731
    read.server = server  # type: ignore[attr-defined]
    return read


def test_what_people_do_is_counted(count, connect):
    server = count.server
    ana = server.owner()
    bo = server.person("bo", ana)
    town = ana.opens("public", bo)
    phone = connect(ana)
    phone.looks_at(town)
    requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling", timeout=10)
    before = count()
    for number in range(3):
        phone.sends(town, f"{number}").expect(200)
    assert phone.asks("message", {"channel_id": town}).code == "invalid_arguments"
    bo.says(town, "over REST")
    phone.hears("message", lambda event: event["message"]["text"] == "over REST")
    after = count()

    def more(name: str, **labels: str) -> float:
        return after.of(name, **labels) - before.of(name, **labels)

    assert after.of("connections", transport="websocket") == 1
    assert after.of("connections", transport="polling") == 1
    assert more("actions_total", action="message", code="ok") == 4
    assert more("actions_total", action="message", code="invalid_arguments") == 1
    assert more("commit_actions_sum") == 4
    assert 1 <= more("commit_actions_count") <= 4
    assert more("commit_wait_seconds_count") == more("commit_actions_count")  # who waited longest for each
    assert 1 <= more("delivery_lag_seconds_count") <= 4
    assert 0 < more("delivery_lag_seconds_sum") < 10
    assert after.of("streams_followed") == 2  # the channel, and the person's own
    assert after.of("dispatcher_queue") == 0
    assert after.of("database_connections") in (0, 1)
    assert "process_resident_memory_bytes" in after.text


def test_what_another_process_did_is_found_by_a_poll_and_counted(count, connect):
    server = count.server
    ana = server.owner()
    town = ana.opens("public")
    phone = connect(ana)
    phone.looks_at(town)
    assert count().of("catch_up_reads_total") == 0
    other = Server(server.folder, server.settings, server.database).start()
    try:
        Person(other, "owner").sign_in().says(town, "from over there")
        phone.hears("message", lambda event: event["message"]["text"] == "from over there")
    finally:
        other.stop()
    figures = count()
    assert figures.of("catch_up_reads_total") >= 1
    assert figures.of("polls_total", outcome="ok") >= 1
    assert figures.of("polls_total", outcome="failed") == 0
    assert figures.of("delivery_lag_seconds_count") == 0


def test_who_is_refused_and_who_is_cut_off_is_counted(own_server, connect):
    server = own_server(RATE_LIMITS="message=1/2", CONNECTIONS_PER_USER="1")
    ana = server.owner()
    town = ana.opens("public")
    phone = connect(ana)
    for _ in range(4):
        phone.sends(town, "hurry")
    second = Wire(server)
    second.sends("40" + json.dumps({"token": ana.token}))
    assert second.is_closed()
    second.hangs_up()
    figures = Figures(server)
    assert figures.of("actions_total", action="message", code="rate_limited") >= 1
    assert figures.of("connections_refused_total", code="rate_limited") == 1


def test_what_waits_for_a_slow_reader_is_counted_until_it_is_cut_off(count, connect):
    server = count.server
    ana = server.owner()
    bo = server.person("bo", ana)
    town = ana.opens("public", bo)
    slow = Wire(server)
    slow.socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connects(bo.token)
    slow.asks(json.dumps(["subscribe", {"channel_id": town}]))
    phone = connect(ana)
    most = 0.0
    while not is_cut(slow):
        phone.sends(town, "🙂" * 4000).expect(200)
        most = max(most, count().of("transport_backlog_bytes"))
    assert most > 10_000
    assert count().of("slow_readers_cut_off_total") == 1
    assert count().of("transport_backlog_bytes") == 0
    slow.hangs_up()


@pytest.mark.sqlite  # PostgreSQL has backups of its own
def test_a_restored_backup_is_counted(count, tmp_path):
    server = count.server
    ana = server.owner()
    wire = Wire(server).connects(ana.token)
    assert server.chat("backup", str(tmp_path / "copy.db")).returncode == 0
    until(lambda: count().of("polls_total", outcome="ok"))
    assert server.chat("restore", str(tmp_path / "copy.db")).returncode == 0
    assert wire.is_closed(within=10)
    wire.hangs_up()
    assert count().of("epoch_resets_total") == 1


def test_a_server_that_was_held_up_says_so(count):
    server = count.server
    assert count().of("loop_stall_seconds_count") == 0  # the first look begins the measuring
    until(lambda: count().of("loop_stall_seconds_count") >= 2)
    [worker] = server.workers()
    os.kill(worker, signal.SIGSTOP)
    time.sleep(1)
    os.kill(worker, signal.SIGCONT)
    until(lambda: count().of("loop_stall_seconds_sum") > 0.8)
    quick = count().of("loop_stall_seconds_bucket", le="0.5")
    assert count().of("loop_stall_seconds_count") > quick


def test_nobody_can_be_found_in_the_figures(count, connect):
    server = count.server
    ana = server.owner()
    bo = server.person("bo", ana)
    town = ana.opens("private", bo)
    phone = connect(ana)
    phone.looks_at(town)
    phone.sends(town, "for us alone")
    phone.asks("no such action", {})
    text = count().text
    assert 'action="message"' in text
    for secret in (ana.id, ana.username, bo.id, bo.username, town, ana.token, "for us alone", "no such", "127.0.0.1"):
        assert secret not in text


PUBLIC = {"PUBLIC_URL": "https://chat.example.org", "SECRET_KEY": "k" * 40, "TRUSTED_PROXIES": "1"}


@pytest.mark.parametrize("settings", [{}, {"METRICS_TOKEN": TOKEN}], ids=["without a token", "with a token"])
def test_a_stranger_gets_nothing(own_server, settings):
    server = own_server(**PUBLIC, **settings)
    proxied = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "localhost"}
    for shown in ("", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer é", "Bearer None"):
        for headers in ({}, proxied, {"Host": "chat.example.org"}):
            asked = {**headers, **({"Authorization": shown.encode()} if shown else {})}
            answer = requests.get(f"{server.url}/metrics", headers=asked, timeout=10)
            assert answer.status_code == 401
            assert "parley_" not in answer.text
            assert "process_" not in answer.text
    if settings:
        assert "parley_connections" in Figures(server, Authorization=f"Bearer {TOKEN}").text


def test_who_shows_the_token_gets_the_figures_and_a_member_does_not(own_server):
    server = own_server(METRICS_TOKEN=TOKEN)
    owner = server.owner()
    assert owner.http.get(f"{server.url}/metrics", timeout=10).status_code == 401
    member = {"Authorization": f"Bearer {owner.token}"}
    assert requests.get(f"{server.url}/metrics", headers=member, timeout=10).status_code == 401
    assert Figures(server, Authorization=f"Bearer {TOKEN}").of("actions_total", action="create_token", code="ok") == 1
