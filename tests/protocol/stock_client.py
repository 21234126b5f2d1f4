"""A client written from docs/protocol.md alone, with the stock python-socketio: prints a line for what works.

python stock_client.py URL LOGIN PASSWORD cookie|token TRANSPORT,…
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import requests
import socketio

url, login, password, credential, transport_list = sys.argv[1:]
transports = transport_list.split(",")


def check(name: str) -> None:
    print(f"ok {name}", flush=True)


# REST -----------------------------------------------------------------------------------------------

http = requests.Session()


def rest(method: str, path: str, body: Any = None) -> dict[str, Any]:
    return dict(http.request(method, f"{url}/api/v1{path}", json=body, timeout=10).json())


me = rest("POST", "/session", {"login": login, "password": password})
http.headers["X-CSRF-Token"] = me["csrf_token"]
assert me["user"]["username"] == login
auth = {"token": rest("POST", "/tokens", {"name": "stock"})["token"]} if credential == "token" else None
cookie = {"Cookie": f"session={http.cookies['session']}"} if credential == "cookie" else {}
channel = rest("POST", "/channels", {"name": f"stock-{uuid.uuid4()}", "kind": "private"})["channel"]
check("signed in and opened a channel over REST")

# The connection -------------------------------------------------------------------------------------

client = socketio.Client(reconnection_delay=0.1)
# A function, because the library takes the cookie out of a dictionary when it upgrades, and would come back without.
ways = {"auth": auth, "headers": cookie.copy, "transports": transports, "wait_timeout": 10}
told: list[tuple[str, Any]] = []
connected = threading.Semaphore(0)
first_answer: list[Any] = []


@client.event
def connect() -> None:
    """The first packet after CONNECT: an action, with nothing asked or heard before it."""
    if not first_answer:
        first_answer.append(None)
        body = {"channel_id": channel["id"], "client_msg_id": str(uuid.uuid4()), "text": "the first thing of all"}
        client.emit("message", body, callback=first_answer.append)


@client.on("*")
def on_event(name: str, payload: Any) -> None:
    told.append((name, payload))


def until(that: Callable[[], Any], what: str) -> Any:
    for _ in range(1000):
        if found := that():
            return found
        time.sleep(0.01)
    raise AssertionError(f"did not happen: {what}; told: {told}")


def hears(name: str, that: Callable[[dict[str, Any]], Any] = lambda _: True) -> Any:
    return until(
        lambda: next((payload for heard, payload in list(told) if heard == name and that(payload)), None), name
    )


def ask(action: str, payload: Any = None) -> dict[str, Any]:
    answer = client.call(action, payload, timeout=8)
    assert answer["ok"] is True, answer
    return dict(answer["data"])


def send(text: str, **more: Any) -> dict[str, Any]:
    return ask("message", {"channel_id": channel["id"], "client_msg_id": str(uuid.uuid4()), "text": text, **more})


def refused(code: str, action: str, payload: Any) -> None:
    answer = client.call(action, payload, timeout=8)
    assert answer["ok"] is False
    assert answer["error"]["code"] == code, answer
    assert (answer["error"]["retryable"], answer["error"]["retry_after_ms"]) == (False, None)


client.connect(url, **ways)
first = until(lambda: first_answer[1:], "the first answer")[0]["data"]
assert first["duplicate"] is False
check("sent something as the very first packet")

hello = hears("hello")
assert hello["user"]["id"] == hello["stream"] == me["user"]["id"]
[mine] = [each for each in hello["channels"] if each["id"] == channel["id"]]
assert mine["seq"] > 0
assert mine["read"]
assert hello["epoch"]
assert hello["limits"]["text"] == 4000
assert datetime.fromisoformat(hello["server_time"])
check("was greeted")

if "websocket" in transports:
    until(lambda: client.transport() == "websocket", "the upgrade")
check("uses the best transport it may")

# Actions and events ---------------------------------------------------------------------------------

page = ask("subscribe", {"channel_id": channel["id"]})
assert page["messages"] == [first["message"]]
assert (page["limited"], page["epoch"], page["seq"]) == (False, hello["epoch"], first["seq"])
check("subscribed")

same = str(uuid.uuid4())
sent, repeated = (send("hello 🙂", client_msg_id=same) for _ in range(2))
assert (sent["duplicate"], repeated["duplicate"]) == (False, True)
assert repeated["message"] == sent["message"]
event = hears("message", lambda heard: heard["seq"] == sent["seq"])
assert event == {"stream": channel["id"], "prev": sent["seq"] - 1, "seq": sent["seq"], "message": sent["message"]}
check("sent a message, heard it, and sent it again to no effect")

message_id = {"message_id": sent["message"]["id"]}
for action, more in (
    ("edit", {"text": "changed", "base_rev": sent["message"]["rev"]}),
    ("addReaction", {"emoji": "👍"}),
    ("removeReaction", {"emoji": "👍"}),
    ("delete", {}),
):
    answer = ask(action, {**message_id, **more})
    assert answer["changed"] is True
    heard = hears("message", lambda event, seq=answer["seq"]: event["seq"] == seq)
    assert heard["message"] == answer["message"]
check("edited, reacted, took it back and deleted")

refused("invalid_arguments", "message", {"channel_id": channel["id"]})
refused("no_text", "message", {"channel_id": channel["id"], "client_msg_id": str(uuid.uuid4()), "text": " "})
refused("channel_not_found", "subscribe", {"channel_id": "nothing"})
refused("message_not_found", "edit", {**message_id, "text": "too late"})
refused("unknown_action", "nonsense", {})
refused("invalid_arguments", "message", ({"channel_id": channel["id"]}, {}))
refused("invalid_arguments", "message", {"channel_id": channel["id"], "text": b"bytes"})
check("was refused what is not in order")

ask("typing", {"channel_id": channel["id"], "on": True})
assert hears("typing") == {"channel_id": channel["id"], "user_ids": [me["user"]["id"]]}
ask("typing", {"channel_id": channel["id"], "on": False})
hears("typing", lambda heard: heard["user_ids"] == [])
check("showed that it types")

read = ask("markRead", {"channel_id": channel["id"], "seq": 1, "unread": True})["read"]
assert read["last_read_seq"] == 1
assert hears("read", lambda heard: heard["channel_id"] == channel["id"])["read"] == read
check("marked as read")

pong = ask("ping")
assert datetime.fromisoformat(pong["server_time"])
assert pong["heads"][channel["id"]] >= sent["seq"]
assert me["user"]["id"] in pong["heads"]
check("pinged")

# Gaps -----------------------------------------------------------------------------------------------

cursor = ask("subscribe", {"channel_id": channel["id"]})["seq"]
client.disconnect()
body = {"client_msg_id": str(uuid.uuid4()), "text": "missed"}
missed = rest("POST", f"/channels/{channel['id']}/messages", body)
client.connect(url, **ways)
streams = ask("sync", {"cursors": {channel["id"]: cursor, "nothing": 0}, "epoch": hello["epoch"]})["streams"]
expected = {"stream": channel["id"], "prev": cursor, "seq": missed["seq"], "message": missed["message"]}
assert streams[channel["id"]] == {"events": [{"event": "message", **expected}], "seq": missed["seq"], "limited": False}
assert streams["nothing"] == {"gone": True}
check("caught up after a gap")


def greetings() -> int:
    return len([name for name, _ in list(told) if name == "hello"])


until(lambda: greetings() == 2, "the second hello")
ask("subscribe", {"channel_id": channel["id"], "since": missed["seq"], "epoch": hello["epoch"]})
for _ in range(30):
    client.eio.send("x")  # no Socket.IO packet
until(lambda: greetings() == 3, "the third hello")
late = send("back again")
since = ask("subscribe", {"channel_id": channel["id"], "since": missed["seq"], "epoch": hello["epoch"]})
assert since["messages"] == [late["message"]]
check("came back by itself after the server hung up")

ask("unsubscribe", {"channel_id": channel["id"]})
unheard = send("nobody looks")
ask("ping")
assert not [heard for name, heard in told if name == "message" and heard["seq"] == unheard["seq"]]
hears("activity", lambda heard: heard["seq"] == unheard["seq"])
check("unsubscribed, and hears that there is news")

ended = threading.Event()
client.on("disconnect", lambda *_: ended.set())
for session in rest("GET", "/sessions")["sessions"]:
    if not session["current"]:
        rest("DELETE", f"/sessions/{session['id']}")
rest("DELETE", "/session")
assert ended.wait(2)
until(lambda: client.eio.state == "disconnected", "the end")
refusals: list[Any] = []
client.on("connect_error", refusals.append)
try:
    client.connect(url, **ways)
    raise AssertionError("was let in")
except socketio.exceptions.ConnectionError:
    pass
assert until(lambda: refusals, "the reason")[0]["data"]["code"] == "session_expired"
check("is out for good when its session ends")
client.shutdown()
