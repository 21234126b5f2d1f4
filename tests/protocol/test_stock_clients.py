"""Clients written from the protocol's document alone, with the stock libraries, in processes of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import PASSWORD, ROOT, Person

HERE = Path(__file__).parent
CHECKS = """
signed in and opened a channel over REST
{first}
was greeted
uses the best transport it may
subscribed
sent a message, heard it, and sent it again to no effect
edited, reacted, took it back and deleted
was refused what is not in order
showed that it types
marked as read
pinged
caught up after a gap
came back by itself after the server hung up{meanwhile}
unsubscribed, and hears that there is news
is out for good when its session ends
"""
WAYS = [("token", "websocket"), ("cookie", "polling,websocket"), ("cookie", "polling")]


def node() -> str:
    """Where node is: beside this Python, or in the PATH."""
    beside = Path(sys.executable).parent / "node"
    return str(beside) if beside.exists() else shutil.which("node") or ""


def run(command: list[str], person: Person, credential: str, transports: str) -> list[str]:
    """Let a client do all it can; what it says worked."""
    arguments = [person.server.url, person.username, PASSWORD, credential, transports]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def expected(first: str, meanwhile: str = "") -> list[str]:
    """The lines that a client says."""
    return [f"ok {line}" for line in CHECKS.format(first=first, meanwhile=meanwhile).strip().splitlines()]


@pytest.mark.parametrize(("credential", "transports"), WAYS)
def test_the_stock_javascript_client_finds_everything_as_written(ana, credential, transports):
    if not node() or not (ROOT / "client/node_modules/socket.io-client").exists():
        pytest.fail("needs node and client/node_modules: python3 dev.py test brings both")
    said = run([node(), str(HERE / "stock_client.mjs")], ana, credential, transports)
    assert said == expected("flushed what was written before connecting", ", and sent what was written meanwhile")


@pytest.mark.parametrize(("credential", "transports"), WAYS)
def test_the_stock_python_client_finds_everything_as_written(ana, credential, transports):
    said = run([sys.executable, str(HERE / "stock_client.py")], ana, credential, transports)
    assert said == expected("sent something as the very first packet")


def test_stock_clients_come_back_by_themselves_when_the_server_was_restarted(own_server):
    server = own_server()
    command = [sys.executable, str(HERE / "stock_survivors.py"), server.url, server.owner().token]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as survivors:
        assert survivors.stdout.readline() == "connected\n"
        server.stop()
        server.start()
        assert survivors.stdout.readline() == "came back\n"
    assert survivors.returncode == 0
