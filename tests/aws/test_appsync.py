"""AppSync Events beside the doors: what happens in public channels, published by the service into an emulator of AWS.

The emulator has no CloudFormation for AppSync's event APIs, so boto3 makes one. It asks the Lambda authorizer about
signed publishes too, which AWS judges by the role alone: a wrapper around the shipped one lets those through.
"""

from __future__ import annotations

import base64
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import websocket
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from chat import tickets
from chat.aws.appsync import AppSyncPublisher, Busy
from chat.aws.signing import WINDOW, signature
from chat.journal import Event
from tests.aws.little_gateway import KEYS, SECRET, built_zip, shipped
from tests.aws.ministack import REGION, Ministack, needs_emulator
from tests.support import Person, Server, free_port, until

NAMESPACE = "parley"
WRAPPER = """
from appsync_authorizer import handler as shipped

def handler(event, context):
    if event["requestContext"]["operation"] == "EVENT_PUBLISH" and event["authorizationToken"].startswith("AWS4-HMAC-"):
        return {"isAuthorized": True}
    return shipped(event, context)
"""


class Relay:
    """A web proxy to the emulator, whose host names nothing resolves; ``broken``: what it answers in its place."""

    def __init__(self, to: int) -> None:
        self.to, self.port, self.broken, self.refused = to, free_port(), 0, 0
        self.server = make_server("127.0.0.1", self.port, self, threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        if self.broken:
            self.refused += 1
            return Response("", self.broken)(environ, start_response)
        headers = {name: value for name, value in request.headers if name not in ("Connection", "Content-Length")}
        answer = requests.post(f"http://127.0.0.1:{self.to}/event", request.get_data(), headers=headers, timeout=20)
        return Response(answer.content, answer.status_code)(environ, start_response)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Stage:
    """The emulator with an event API in it, the relay before it, and the service that publishes."""

    def __init__(self, folder: Any) -> None:
        self.emulator = Ministack(folder)
        self.relay = Relay(self.emulator.port)
        self.service = Server(folder / "service")
        self.service.folder.mkdir()
        try:
            self.begin(folder)
        except BaseException:
            self.stop()
            raise

    def begin(self, folder: Any) -> None:
        """Put the authorizer, the API and a user who may publish into the emulator, and start the service."""
        code = io.BytesIO(built_zip(folder).read_bytes())
        with zipfile.ZipFile(code, "a") as archive:
            archive.writestr("wrapper.py", WRAPPER)
        variables = {
            "NAMESPACE": NAMESPACE,
            "FORWARD_URL": f"{self.service.url}/internal/aws/appsync",
            "FORWARD_SECRET": SECRET,
            "TICKET_KEYS": KEYS,
        }
        iam = self.emulator.client("iam")
        trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        role = iam.create_role(RoleName="authorizer", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        made = self.emulator.client("lambda").create_function(
            FunctionName="authorizer",
            Runtime="python3.13",
            Handler="wrapper.handler",
            Role=role,
            Code={"ZipFile": code.getvalue()},
            Environment={"Variables": variables},
        )
        appsync, by_lambda, by_role = self.emulator.client("appsync"), "AWS_LAMBDA", "AWS_IAM"
        uri = {"authorizerUri": made["FunctionArn"], "authorizerResultTtlInSeconds": 0}
        config = {
            "authProviders": [{"authType": by_lambda, "lambdaAuthorizerConfig": uri}, {"authType": by_role}],
            "connectionAuthModes": [{"authType": by_lambda}],
            "defaultPublishAuthModes": [{"authType": by_role}],
            "defaultSubscribeAuthModes": [{"authType": by_lambda}],
        }
        self.api = appsync.create_api(name="parley", eventConfig=config)["api"]
        appsync.create_channel_namespace(apiId=self.api["apiId"], name=NAMESPACE)
        iam.create_user(UserName="publisher")
        resource = f"{self.api['apiArn']}/channelNamespace/{NAMESPACE}"
        allowed = {"Effect": "Allow", "Action": "appsync:EventPublish", "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName="publisher", PolicyName="publish", PolicyDocument=document)
        key = iam.create_access_key(UserName="publisher")["AccessKey"]
        self.service.settings = {
            "APPSYNC_EVENTS_ENDPOINT": f"http://{self.api['dns']['HTTP']}/event",
            "AWS_FORWARD_SECRET": SECRET,
            "TICKET_KEYS": KEYS,
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_DEFAULT_REGION": REGION,
            "HTTP_PROXY": f"http://127.0.0.1:{self.relay.port}",
            "http_proxy": f"http://127.0.0.1:{self.relay.port}",
        }
        self.service.start()

    def stop(self) -> None:
        self.service.stop()
        self.relay.stop()
        self.emulator.stop()


class Listener:
    """Someone at AppSync's real socket."""

    def __init__(self, stage: Stage, ticket: str) -> None:
        self.token = {"host": stage.api["dns"]["HTTP"], "Authorization": ticket}
        shown = base64.urlsafe_b64encode(json.dumps(self.token).encode()).rstrip(b"=").decode()
        self.socket = websocket.create_connection(
            f"ws://127.0.0.1:{stage.emulator.port}/event/realtime",
            host=stage.api["dns"]["REALTIME"],
            subprotocols=["aws-appsync-event-ws", f"header-{shown}"],
            timeout=20,
        )
        self.told: list[dict[str, Any]] = []
        self.count = 0

    def asks(self, kind: str, channel: str, **more: Any) -> str:
        """What the answer to a frame is called."""
        self.count += 1
        frame = {"type": kind, "id": str(self.count), "channel": channel, "authorization": self.token, **more}
        self.socket.send(json.dumps(frame))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == str(self.count) and answer["type"] != "data":
                return str(answer["type"])

    def hears(self, seconds: float = 20) -> dict[str, Any] | None:
        """The next event, if one comes in time."""
        self.socket.settimeout(seconds)
        try:
            while True:
                frame = json.loads(self.socket.recv())
                if frame["type"] == "data":
                    return dict(json.loads(frame["event"]))
        except websocket.WebSocketTimeoutException:
            return None


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("appsync"))
    yield stage
    stage.stop()


@pytest.fixture(scope="module")
def ana(stage: Stage) -> Person:
    return stage.service.person("ana")


@pytest.fixture(scope="module")
def bo(stage: Stage) -> Person:
    return stage.service.person("bo")


@pytest.fixture
def listen(stage: Stage) -> Iterator[Any]:
    opened: list[Listener] = []

    def open_one(person: Person) -> Listener:
        opened.append(Listener(stage, person.post("/tickets").expect(201).data["ticket"]))
        return opened[-1]

    yield open_one
    for each in opened:
        each.socket.close()


def town_of(person: Person) -> str:
    """A public channel that the service follows by now."""
    town = person.opens("public")
    time.sleep(2.5)  # the tick comes each second
    return town


def texts(listener: Listener, count: int) -> list[tuple[int, int, str]]:
    """Number before, number and text of the next events."""
    heard = [listener.hears() for _ in range(count)]
    assert all(each and each["event"] == "message" for each in heard), heard
    return [(each["data"]["prev"], each["data"]["seq"], each["data"]["message"]["text"]) for each in heard if each]


@needs_emulator
def test_what_is_said_in_a_public_channel_arrives_in_order(stage, ana, bo, listen):
    town = town_of(ana)
    bos = listen(bo)
    assert bos.asks("subscribe", f"/{NAMESPACE}/{town}") == "subscribe_success"
    for number in range(12):
        ana.says(town, f"no {number}")
    heard = texts(bos, 12)
    assert [text for _, _, text in heard] == [f"no {number}" for number in range(12)]
    assert all(prev == before for (prev, _, _), (_, before, _) in zip(heard[1:], heard, strict=False))


@needs_emulator
def test_nobody_listens_where_they_may_not_and_nobody_publishes(stage, ana, bo, listen):
    den, town = ana.opens("private"), ana.opens("public")
    bos = listen(bo)
    for channel in (f"/{NAMESPACE}/{den}", f"/{NAMESPACE}/*", f"/{NAMESPACE}/{bo.id}", f"/other/{town}"):
        assert bos.asks("subscribe", channel) == "subscribe_error", channel
    assert bos.asks("publish", f"/{NAMESPACE}/{town}", events=["{}"]) == "publish_error"
    assert bos.asks("subscribe", f"/{NAMESPACE}/{town}") == "subscribe_success"


@needs_emulator
def test_a_channel_made_private_is_heard_no_more(stage, ana, bo, listen):
    town = town_of(ana)
    bos = listen(bo)
    bos.asks("subscribe", f"/{NAMESPACE}/{town}")
    ana.says(town, "open")
    assert [text for _, _, text in texts(bos, 1)] == ["open"]
    ana.patch(f"/channels/{town}", {"kind": "private"}).expect(200)
    ana.says(town, "closed")
    assert bos.hears(3) is None


@needs_emulator
def test_while_aws_is_down_nobody_else_notices_and_the_gap_shows(stage, ana, bo, listen):
    town = town_of(ana)
    phone, bos = bo.connect(), listen(bo)
    phone.looks_at(town)
    bos.asks("subscribe", f"/{NAMESPACE}/{town}")
    ana.says(town, "before")
    [(_, last, _)] = texts(bos, 1)
    stage.relay.broken = 503
    try:
        ana.says(town, "lost")
        phone.hears("message", lambda event: event["message"]["text"] == "lost")
        until(lambda: "events could not be published" in stage.service.log())
    finally:
        stage.relay.broken = 0
    ana.says(town, "after")
    [(prev, _, text)] = texts(bos, 1)
    assert text == "after"
    assert prev > last
    page = bo.get(f"/channels/{town}/messages").expect(200).data["messages"]
    assert {"before", "lost", "after"} <= {message["text"] for message in page}
    assert "lost" not in stage.service.log()
    phone.hangs_up()


# Without the emulator: what it does not show ----------------------------------------------------------


def test_who_may_listen_is_told_to_the_authorizer_alone_and_for_a_moment(own_server):
    server = own_server(APPSYNC_EVENTS_ENDPOINT="http://127.0.0.1:9/event", AWS_FORWARD_SECRET=SECRET, TICKET_KEYS=KEYS)
    ana = server.owner()
    bo = server.person("bo", ana)
    [session] = (each["id"] for each in bo.get("/sessions").data["sessions"] if each["current"])

    def may(channel_id: str, secret: str = SECRET, age: int = 0, body: bytes = b"") -> int:
        question = {"session_id": session, "user_id": bo.id, "channel_id": channel_id}
        body = body or json.dumps(question).encode()
        timestamp = str(int(time.time()) - age)
        headers = {"X-Chat-Timestamp": timestamp, "X-Chat-Signature": signature(secret.encode(), timestamp, body)}
        return requests.post(f"{server.url}/internal/aws/appsync", body, headers=headers, timeout=10).status_code

    public, private = ana.opens("public"), ana.opens("private", bo)
    assert may(public) == 200
    assert may(private) == 403  # a member, too, hears of it elsewhere
    assert may("nothing") == 403
    assert may(public, secret="another" * 9) == 403
    assert may(public, age=WINDOW + 2) == 403
    assert may(public, body=b"[1]") == 422
    assert requests.post(f"{server.url}/internal/aws/appsync", b"{}", timeout=10).status_code == 403
    bo.delete("/session").expect(200)
    assert may(public) == 403


def test_the_authorizer_knows_tickets_operations_and_channels(tmp_path):
    archive = built_zip(tmp_path)
    environ = {"NAMESPACE": NAMESPACE, "TICKET_KEYS": KEYS}
    for name in ("tickets", "authorizer", "forwarder"):
        shipped(archive, name, environ)
    authorizer = shipped(archive, "appsync_authorizer", environ)
    asked: list[dict[str, str]] = []
    status = 200

    def forward(body: bytes) -> int:
        asked.append(json.loads(body))
        return status

    authorizer.forward = forward
    until_when = int(time.time()) + 60
    good = tickets.issue(tickets.parse_keys(KEYS), tickets.Ticket("t", "user", "session", 1, until_when))
    old = tickets.issue(tickets.parse_keys(KEYS), tickets.Ticket("t", "user", "session", 1, until_when - 200))

    def may(operation: str, channel: str | None = None, token: str = good) -> bool:
        context = {"operation": operation, "channel": channel}
        answer = authorizer.handler({"authorizationToken": token, "requestContext": context}, None)
        assert answer["ttlOverride"] == 0
        return bool(answer["isAuthorized"])

    assert may("EVENT_CONNECT")
    for bad in ("", "nonsense", good[:-4] + "AAAA", old):
        assert not may("EVENT_CONNECT", token=bad)
        assert not may("EVENT_SUBSCRIBE", "/parley/abc", bad)
    assert not may("EVENT_PUBLISH", "/parley/abc")
    for channel in ("/parley/*", "/other/abc", "/parley/abc/def", "/parley/", "/parley", None):
        assert not may("EVENT_SUBSCRIBE", channel)
    assert not asked
    assert may("EVENT_SUBSCRIBE", "/parley/abc")
    assert asked == [{"user_id": "user", "session_id": "session", "channel_id": "abc"}]
    status = 403
    assert not may("EVENT_SUBSCRIBE", "/parley/abc")


class Lease:
    """A registry in which the lease is free, or is not."""

    def __init__(self) -> None:
        self.free = True

    def hold_lease(self, *_: Any) -> bool:
        return self.free


class Ear:
    """Takes what is published; busy for as many times as told."""

    def __init__(self) -> None:
        self.heard: list[list[str]] = []
        self.busy = 0

    def publish(self, stream_id: str, events: list[str]) -> None:
        if self.busy:
            self.busy -= 1
            raise Busy
        self.heard.append([json.loads(event)["data"]["seq"] for event in events])


def test_it_tells_in_order_five_at_a_time_and_tries_again_and_only_what_is_public_and_its_own():
    lease, ear, public, followed = Lease(), Ear(), {"town"}, set[str]()
    publisher = AppSyncPublisher(lease, ear, lambda: public, followed.update, followed.difference_update)
    publisher.tell(Event("town", 0, 1, "message", {}))  # no lease yet
    publisher.tick()
    assert followed == {"town"}
    ear.busy = 2
    for seq in range(2, 14):
        publisher.tell(Event("town", seq - 1, seq, "message", {}))
    publisher.tell(Event("den", 0, 1, "message", {}))
    until(lambda: sum(map(len, ear.heard)) == 12)
    assert [seq for batch in ear.heard for seq in batch] == list(range(2, 14))
    assert max(map(len, ear.heard)) <= 5
    public.clear()  # between two ticks
    publisher.tell(Event("town", 13, 14, "message", {}))
    until(lambda: not publisher._waiting)
    assert sum(map(len, ear.heard)) == 12
    lease.free = False
    publisher.tick()
    assert not followed
    assert not publisher.holding
