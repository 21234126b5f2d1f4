"""Parley behind nginx as deploy/nginx.conf has it: everything gets through but what nobody should believe."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
import requests

from tests.deploy.conftest import HOST, PUBLIC, Front, first_invite
from tests.doors.wire import Wire
from tests.support import Server, until


@pytest.fixture
def server(own_server) -> Server:
    return own_server(**PUBLIC, CONNECTIONS_PER_ADDRESS="3", METRICS_TOKEN="m" * 40)


def dial(front: Front, **headers: str) -> Wire:
    return Wire(front, through={"host": HOST, "sslopt": {"ca_certs": front.certificate}}, **headers)


def says(wire: Wire, channel_id: str, text: str) -> dict:
    asked = {"channel_id": channel_id, "client_msg_id": str(uuid.uuid4()), "text": text}
    return wire.asks(json.dumps(["message", asked]))


@pytest.mark.parametrize("ports", [[5000], [5001, 5002]], ids=["one process", "several processes"])
def test_nginx_takes_the_sample(tmp_path: Path, ports: list[int]) -> None:
    said = Front(tmp_path, ports).check()
    assert "test is successful" in said
    assert "[warn]" not in said
    assert "[emerg]" not in said


def test_people_talk_through_it_and_come_back_after_a_restart(front, server):
    proxy = front(server)
    ana = proxy.person("owner", first_invite(server))
    bo = proxy.person("bo", ana.post("/invites").data["invite"])
    town = ana.opens("public", bo)
    wire, other = dial(proxy).connects(ana.token), dial(proxy).connects(bo.token)
    assert other.asks(json.dumps(["subscribe", {"channel_id": town}]))["ok"]
    assert says(wire, town, "through the proxy")["ok"]
    assert "through the proxy" in other.reads_until(lambda frame: frame.startswith('42["message"'))
    server.stop()
    assert other.is_closed()
    assert '42["goodbye"' in "".join(other.frames)
    wire.hangs_up()
    other.hangs_up()
    server.start()
    again = until(lambda: proxy.get("/readyz").ok) and dial(proxy).connects(bo.token)
    assert says(again, town, "and on")["ok"]
    again.hangs_up()


def test_what_someone_writes_into_the_proxys_headers_does_not_arrive(front, server):
    proxy = front(server)
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}
    ana = proxy.person("owner", first_invite(server), **forged)
    assert {session["ip"] for session in ana.get("/sessions").data["sessions"]} == {"127.0.0.1"}
    answer = proxy.get("/sign-in", **forged)
    assert "evil.example" not in answer.headers["Content-Security-Policy"]
    assert HOST in answer.headers["Content-Security-Policy"]
    assert answer.headers["Strict-Transport-Security"]
    dial(proxy, Origin=f"https://{HOST}", **forged).hangs_up()
    with pytest.raises(Exception, match="400"):
        dial(proxy, Origin="https://evil.example", **forged)
    given = uuid.uuid4().hex
    assert proxy.get("/healthz", **{"X-Request-Id": given}).headers["X-Request-Id"] != given  # nginx gives its own
    # Nor do made-up addresses open more connections than one address may have.
    wires = [dial(proxy, **{"X-Forwarded-For": f"203.0.113.{number}"}) for number in range(3)]
    with pytest.raises(Exception, match="429"):
        dial(proxy, **{"X-Forwarded-For": "203.0.113.77"})
    for wire in wires:
        wire.hangs_up()


def test_the_figures_are_not_for_the_world_and_the_log_keeps_no_secret(front, server):
    proxy = front(server)
    invite = first_invite(server)
    assert proxy.get("/metrics", Authorization=f"Bearer {'m' * 40}").status_code == 404
    assert "nginx" in proxy.get("/metrics").text
    assert proxy.get(f"/invite/{invite}?secret=in-the-query", Referer="https://x/referer").status_code in (200, 503)
    server.stop()
    assert proxy.get(f"/invite/{invite}?secret=in-the-query").status_code == 502
    until(lambda: proxy.log.count("/invite/...") == 2)
    for secret in (invite, "in-the-query", "referer"):
        assert secret not in proxy.log


def test_who_comes_without_tls_is_sent_to_it(front):
    proxy = front()
    answer = requests.get(
        f"http://127.0.0.1:{proxy.plain_port}/c/x?y=1", headers={"Host": HOST}, allow_redirects=False, timeout=30
    )
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{HOST}/c/x?y=1")


def test_what_is_too_large_is_refused_by_parley_itself(front, server):
    proxy = front(server)
    ana = proxy.person("owner", first_invite(server))
    answer = ana.post("/invites", {"channel_ids": ["x" * 300_000]})
    assert (answer.status, answer.code) == (413, "too_large")


def test_with_several_processes_a_client_that_polls_stays_with_its_own(front, own_server):
    one = own_server(**PUBLIC)
    two = Server(one.folder, one.settings).start()
    try:
        proxy = front(one, two)
        for _ in range(6):
            opened = json.loads(proxy.get("/socket.io/?EIO=4&transport=polling").text[1:])
            told = requests.post(
                f"{proxy.url}/socket.io/?EIO=4&transport=polling&sid={opened['sid']}",
                data="40",
                headers={"Host": HOST},
                verify=proxy.certificate,
                timeout=30,
            )
            assert (told.status_code, told.text) == (200, "OK")
    finally:
        two.stop()
