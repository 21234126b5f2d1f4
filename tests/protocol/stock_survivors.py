"""Stock python-socketio clients, one for each transport, that outlive the server: stock_survivors.py URL TOKEN."""

from __future__ import annotations

import sys
import time

import socketio

url, token = sys.argv[1:]
greetings: list[str] = []


def wait_for(count: int) -> None:
    """Until this many greetings came."""
    end = time.monotonic() + 30
    while len(greetings) < count:
        assert time.monotonic() < end, greetings
        time.sleep(0.01)


ways = {"reconnection_delay": 0.1, "reconnection_delay_max": 0.5}
clients = {transport: socketio.Client(**ways) for transport in ("websocket", "polling")}
for transport, client in clients.items():
    client.on("hello", lambda _, transport=transport: greetings.append(transport))
    client.connect(url, auth={"token": token}, transports=[transport], wait_timeout=10)
wait_for(2)
print("connected", flush=True)
wait_for(4)
assert sorted(greetings) == ["polling", "polling", "websocket", "websocket"]
for client in clients.values():
    assert client.call("ping", {}, timeout=10)["ok"]
    client.disconnect()
print("came back", flush=True)
