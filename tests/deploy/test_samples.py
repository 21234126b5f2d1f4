"""The samples for systemd and containers, as far as they can be held to something without running them."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from chat.realtime.places import REQUEST_WITHIN
from config import SETTINGS
from tests.support import ROOT

DEPLOY = ROOT / "deploy"
UNITS = [DEPLOY / "parley.service", DEPLOY / "parley@.service"]
KNOWN = {setting.name for setting in SETTINGS}


# systemd -------------------------------------------------------------------------------------------------


def unit(path: Path) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(path.read_text())
    return parsed


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_understands_every_line_of_the_unit(path: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze comes with systemd, which is not on this machine")
    # What is not installed here cannot be found by it: another program stands in for Parley.
    text = path.read_text().replace("/opt/parley/.venv/bin/chat", "/bin/true").replace("/opt/parley/docs", "/")
    copy = tmp_path / path.name
    copy.write_text(text)
    command = ["systemd-analyze", "verify", "--recursive-errors=no", str(copy)]
    verified = subprocess.run(command, capture_output=True, text=True, timeout=60)
    mine = [line for line in verified.stderr.splitlines() if "parley" in line]
    assert (verified.returncode, mine) == (0, [])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_the_unit_tells_when_it_is_up_stops_gracefully_and_may_open_many_files(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["Type"] == "notify"
    assert service["ExecReload"] == "/bin/kill -s HUP $MAINPID"
    assert service["KillMode"] == "mixed"  # only the master hears of it, and lets its worker say goodbye
    assert int(service["TimeoutStopSec"]) > graceful_timeout()
    assert int(service["LimitNOFILE"]) >= 65536
    assert service["User"] != "root"
    assert service["Environment"] == f"DATA_DIR=/var/lib/{service['StateDirectory']}"
    assert service["StateDirectoryMode"] == "0700"


def test_both_units_are_alike_but_for_the_port() -> None:
    one, many = (unit(path) for path in UNITS)
    different = {key for key in one["Service"] if one["Service"][key] != many["Service"][key]}
    assert different == {"ExecStart"}
    assert many["Service"]["ExecStart"] == f"/usr/bin/env PORT=%i {one['Service']['ExecStart']}"


def graceful_timeout() -> int:
    conf = (ROOT / "chat" / "realtime" / "gunicorn_conf.py").read_text()
    return int(re.findall(r"^graceful_timeout = (\d+)", conf, re.MULTILINE)[0])


# Containers ----------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """The Containerfile's instructions: each word, and what follows it."""
    text = (DEPLOY / "Containerfile").read_text()
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines if line.strip()]


def test_the_containerfile_runs_nothing_through_a_shell_and_nothing_as_root() -> None:
    words = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert {word for word, _ in instructions()} == words
    for word, rest in instructions():
        if word in ("RUN", "CMD", "VOLUME"):
            assert isinstance(json.loads(rest), list), rest
        if word == "HEALTHCHECK":
            probe = json.loads(rest.partition("CMD ")[2])
            compile(probe[2], "probe", "exec")
            assert "127.0.0.1:5000/healthz" in probe[2]
    order = [word for word, _ in instructions()]
    assert order.index("USER") < order.index("CMD")
    [user] = [rest for word, rest in instructions() if word == "USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)  # a number, so that it is known not to be root
    assert not [rest for word, rest in instructions() if word == "FROM" and ":" not in rest]


def test_what_the_containerfile_copies_is_there_and_all_that_the_server_needs() -> None:
    copied = [
        name
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from")
        for name in rest.split()[:-1]
    ]
    for name in copied:
        assert (ROOT / name).exists(), name
    package = (ROOT / "setup.cfg").read_text()
    for module in re.findall(r"py_modules =\n((?:    \w+\n)+)", package)[0].split():
        assert f"{module}.py" in copied
    assert {"chat/", "requirements/run.txt", "setup.cfg", "pyproject.toml"} <= set(copied)
    [env] = [rest for word, rest in instructions() if word == "ENV" and "HOST" in rest]
    assert {pair.partition("=")[0] for pair in env.split()} <= KNOWN


def test_a_container_is_made_of_no_secrets_and_no_leftovers() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", ".venv", "**/node_modules", "instance", "**/.env", "deploy/tls"} <= set(ignored)


@pytest.fixture
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def test_the_compose_file_names_nothing_that_it_does_not_have(compose: dict[str, Any]) -> None:
    assert set(compose) == {"services", "networks", "volumes"}
    services = compose["services"]
    assert set(services) == {"app", "database", "redis", "proxy"}
    for name, service in services.items():
        assert set(service.get("networks", ())) <= set(compose["networks"]), name
        needed = service.get("depends_on", {})
        assert set(needed) <= set(services), name
        for other, how in needed.items():
            is_checked = "healthcheck" in services[other] or other == "app"  # whose Containerfile has one
            assert how["condition"] == "service_started" or is_checked
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source.startswith("./") or source in compose["volumes"], volume
        assert re.search(r":\d", service.get("image", ":1")), f"{name} has no version"
    assert (ROOT / "deploy" / services["app"]["build"]["context"] / services["app"]["build"]["dockerfile"]).exists()
    assert set(services["app"]["environment"]) - {"REDIS_URL"} <= KNOWN


def test_only_the_proxy_can_be_reached_and_no_password_is_written_down(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["back"] == {"internal": True}
    assert compose["services"]["database"]["networks"] == ["back"]
    assert compose["services"]["redis"]["networks"] == ["back"]
    text = (DEPLOY / "compose.yaml").read_text()
    for name in ("SECRET_KEY", "DATABASE_PASSWORD", "REDIS_PASSWORD"):
        assert f"${{{name}:?}}" in text
        assert f"${{{name}}}" not in text  # without a value it must not start with an empty one


def test_the_proxy_of_the_compose_file_is_the_sample_with_its_places_changed(compose: dict[str, Any]) -> None:
    [_, _, script] = compose["services"]["proxy"]["command"]
    sample = (DEPLOY / "nginx.conf").read_text()
    changes = re.findall(r"-e 's\|([^|]+)\|([^|]+)\|'", script)
    assert len(changes) == 4
    for pattern, _ in changes:
        assert re.search(pattern, sample), pattern
    assert int(compose["services"]["app"]["stop_grace_period"].rstrip("s")) > graceful_timeout()


# Web servers ---------------------------------------------------------------------------------------------


def test_what_is_begun_and_never_ended_has_a_time_in_both_web_servers_too() -> None:
    nginx, caddy = ((DEPLOY / name).read_text() for name in ("nginx.conf", "Caddyfile"))
    for setting in ("client_header_timeout", "client_body_timeout"):
        assert re.search(rf"^{setting} {REQUEST_WITHIN:.0f}s;$", nginx, re.MULTILINE)
    for setting in ("read_header", "read_body"):
        assert re.search(rf"^\t\t\t{setting} {REQUEST_WITHIN:.0f}s$", caddy, re.MULTILINE)
    # No web server keeps a connection for longer than Parley does.
    assert int(re.findall(r"keepalive_timeout (\d+)s;", nginx)[0]) < keepalive()
    [bound] = re.findall(r"^    limit_conn parley_addresses (\d+);$", nginx, re.MULTILINE)
    [usual] = [setting.default for setting in SETTINGS if setting.name == "CONNECTIONS_PER_ADDRESS"]
    assert int(bound) > usual  # who is bounded there has been told so by Parley first


def keepalive() -> int:
    conf = (ROOT / "chat" / "realtime" / "gunicorn_conf.py").read_text()
    return int(re.findall(r"^keepalive = (\d+)", conf, re.MULTILINE)[0])
