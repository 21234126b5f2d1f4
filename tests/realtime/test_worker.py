"""The gunicorn worker: serves, patches itself only, and stops gracefully."""

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]

# A stand-in for Parley: /slow takes a second, /file is sent from disk, /socket becomes a websocket that echoes.
APPLICATION = """
import os, time
from eventlet import patcher, websocket

open_sockets = []

@websocket.WebSocketWSGI
def echo(ws):
    open_sockets.append(ws)
    while (said := ws.wait()) is not None:
        ws.send(said)

def application(environ, start_response):
    if environ["PATH_INFO"] == "/socket":
        environ["eventlet.input"] = Input(environ["gunicorn.socket"])
        return echo(environ, start_response)
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1)
    if environ["PATH_INFO"] == "/file":
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](open("file", "rb"))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok" if patcher.is_monkey_patched("socket") else b"no"]

class Input:
    def __init__(self, socket):
        self.get_socket = lambda: socket

class app:
    def __call__(self, environ, start_response):
        return application(environ, start_response)

    def on_worker_stop(self):
        for ws in open_sockets:
            ws.close()

app = app()
"""


@pytest.fixture
def gunicorn(tmp_path):
    """A real gunicorn serving the stand-in with Parley's own gunicorn.conf.py."""
    (tmp_path / "standin.py").write_text(APPLICATION)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", ROOT / "gunicorn.conf.py", "standin:app"],
            cwd=tmp_path,
            env={**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    process.folder, process.log = tmp_path, log
    process.url = f"http://127.0.0.1:{port}"
    process.address = ("127.0.0.1", port)
    try:
        wait_until_served(process)
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until_served(process):
    for _ in range(300):
        assert process.poll() is None, process.log.read_text()
        try:
            return requests.get(process.url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(process.log.read_text())


def open_websocket(process):
    """A bare websocket, so that only the worker is tried and no client library."""
    connection = socket.create_connection(process.address, timeout=20)
    connection.sendall(
        b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n\r\n"
    )
    assert connection.recv(4096).startswith(b"HTTP/1.1 101")
    return connection


def test_requests_are_answered_side_by_side_in_a_patched_process(gunicorn):
    began = time.monotonic()
    with ThreadPoolExecutor(5) as people:
        answers = list(people.map(requests.get, [f"{gunicorn.url}/slow"] * 5))
    assert [answer.text for answer in answers] == ["ok"] * 5
    assert time.monotonic() - began < 4


def test_a_connection_is_kept_for_the_next_request(gunicorn):
    with requests.Session() as browser:
        first = browser.get(gunicorn.url)
        assert first.headers["Connection"] == "keep-alive"
        assert browser.get(gunicorn.url).text == "ok"


def test_a_file_arrives_whole(gunicorn):
    content = bytes(range(256)) * 10_000
    gunicorn.folder.joinpath("file").write_bytes(content)
    assert requests.get(f"{gunicorn.url}/file", timeout=10).content == content


def test_stopping_answers_the_request_in_flight_and_closes_websockets(gunicorn):
    with closing(open_websocket(gunicorn)) as websocket, ThreadPoolExecutor(1) as person:
        answer = person.submit(requests.get, f"{gunicorn.url}/slow")
        time.sleep(0.3)  # the request is on its way
        gunicorn.send_signal(signal.SIGTERM)
        began = time.monotonic()

        closing_frame = websocket.recv(16)
        assert closing_frame[0] == 0x88, "the websocket ends with a proper close"
        assert answer.result().text == "ok"
        assert gunicorn.wait(10) == 0
    assert time.monotonic() - began < 5, "an open websocket holds nothing up"
    assert "unanswered" not in gunicorn.log.read_text()


def test_a_reload_changes_workers_without_refusing_anyone(gunicorn):
    with closing(open_websocket(gunicorn)) as websocket:
        gunicorn.send_signal(signal.SIGHUP)
        while (said := websocket.recv(16)) and said[0] != 0x88:
            assert requests.get(gunicorn.url, timeout=5).text == "ok"
    assert requests.get(gunicorn.url, timeout=5).text == "ok"


def test_interrupting_stops_at_once(gunicorn):
    gunicorn.send_signal(signal.SIGINT)
    assert gunicorn.wait(10) == 0
    assert "Traceback" not in gunicorn.log.read_text()


def test_a_worker_without_its_master_stops(gunicorn):
    os.kill(gunicorn.pid, signal.SIGKILL)
    gunicorn.wait()
    for _ in range(50):
        try:
            requests.get(gunicorn.url, timeout=1)
        except requests.ConnectionError:
            return
        time.sleep(0.1)
    raise AssertionError("the orphan still serves")


def test_importing_the_worker_patches_nothing_and_loads_nothing_early():
    # What is imported before the patch keeps the blocking lock and socket it found.
    probe = (
        "import sys, chat.realtime.worker; from eventlet import patcher\n"
        "assert not patcher.is_monkey_patched('socket')\n"
        "assert not {'flask', 'sqlalchemy', 'socketio'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", probe], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
