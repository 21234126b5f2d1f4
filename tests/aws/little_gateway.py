"""A little API Gateway on loopback: WebSockets outside, the shipped Lambdas inside, the management calls beside them.

It does what docs/aws.md says of the real one as far as the door can tell: a connection opens after the authorizer and
the service agreed, frames are handed on side by side, a post to a connection that is gone answers 410.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import secrets
import sys
import threading
import time
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import unquote

from simple_websocket import ConnectionClosed
from simple_websocket import Server as WebSocket
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.support import ROOT, free_port

STAGE = "live"
SECRET = "forward-" + "f" * 40
KEYS = "first:" + "k" * 40


def built_zip(folder: Path) -> Path:
    """What deploy/aws/build.py makes."""
    spec = importlib.util.spec_from_file_location("aws_build", ROOT / "deploy" / "aws" / "build.py")
    assert spec
    assert spec.loader
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    build.build(folder / "parley-aws.zip")
    return folder / "parley-aws.zip"


def shipped(archive: Path, name: str, environ: dict[str, str]) -> ModuleType:
    """A module out of the zip, with an environment of its own."""
    module = sys.modules[name] = ModuleType(name)
    source = zipfile.ZipFile(archive).read(f"{name}.py").decode()
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    module.os = SimpleNamespace(environ=environ)
    return module


class LittleGateway:
    """``forward_to`` is the services' addresses, asked in turn."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        archive = built_zip(folder)
        self.environ = {"TICKET_KEYS": KEYS, "FORWARD_SECRET": SECRET, "ALLOWED_ORIGINS": "https://chat.example.org"}
        shipped(archive, "tickets", {})
        self.authorizer = shipped(archive, "authorizer", self.environ)
        self.forwarder = shipped(archive, "forwarder", self.environ)
        self.forward_to: list[str] = []
        self.sockets: dict[str, WebSocket] = {}
        self.calls: list[tuple[str, str]] = []  # every management call: method and connection
        self.refused_with: int | None = None  # a status that posts are answered with, in place of being sent
        self.says_disconnect = True
        self.server = make_server("127.0.0.1", self.port, self, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.port}/{STAGE}"

    @property
    def settings(self) -> dict[str, str]:
        """What a service needs to stand behind it."""
        return {
            "AWS_GATEWAY_ENDPOINT": f"http://127.0.0.1:{self.port}/{STAGE}",
            "AWS_GATEWAY_URL": self.url,
            "AWS_FORWARD_SECRET": SECRET,
            "TICKET_KEYS": KEYS,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def serves(self, *services: Any) -> None:
        """Bring events to these servers."""
        self.forward_to = [f"{service.url}/internal/aws/ws" for service in services]

    def stop(self) -> None:
        self.says_disconnect = False
        for socket in list(self.sockets.values()):
            socket.close()
        self.server.shutdown()
        self.server.server_close()

    # The two faces ---------------------------------------------------------------------------------

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        if "/@connections/" in request.path:
            response = self.manage(request)
        elif request.headers.get("Upgrade", "").lower() == "websocket":
            response = self.open(request, environ)
        else:
            response = Response("not here", 404)
        return response(environ, start_response)

    def manage(self, request: Request) -> Response:
        """A management call, as boto3 makes it."""
        connection_id = unquote(request.environ["REQUEST_URI"].rpartition("/")[2])
        self.calls.append((request.method, connection_id))
        assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")
        if self.refused_with:
            return Response("{}", self.refused_with, mimetype="application/json")
        socket = self.sockets.get(connection_id)
        if socket is None:
            return Response('{"message":"gone"}', 410, {"x-amzn-ErrorType": "GoneException"})
        data = request.get_data()
        if len(data) > 128 * 1024:
            return Response("{}", 413)
        try:
            if request.method == "DELETE":
                self.sockets.pop(connection_id, None)
                socket.close()
            else:
                socket.send(data.decode())
        except ConnectionClosed:
            return Response('{"message":"gone"}', 410)
        return Response("", 204 if request.method == "DELETE" else 200)

    def open(self, request: Request, environ: dict[str, Any]) -> Response:
        """A handshake, and the connection as long as it lasts."""
        connection_id = base64.b64encode(b"\xfb\xff" + secrets.token_bytes(9)).decode()  # +/ may be in every real one
        asked: dict[str, Any] = {
            "headers": dict(request.headers),
            "queryStringParameters": dict(request.args) or None,
        }
        if "ticket" not in request.args:
            return Response('{"message":"Unauthorized"}', 401)
        verdict = self.authorizer.handler({"type": "REQUEST", "methodArn": "arn:aws:x/live/$connect", **asked}, None)
        if verdict["policyDocument"]["Statement"][0]["Effect"] != "Allow":
            return Response('{"message":"User is not authorized"}', 403)
        about = {"principalId": verdict["principalId"], **verdict["context"]}
        status = self.hand_on("CONNECT", connection_id, about, **asked)
        if status != 200:
            return Response("", status)
        socket = WebSocket(environ)
        self.sockets[connection_id] = socket
        try:
            while True:
                frame = socket.receive()
                threading.Thread(target=self.act, args=(connection_id, about, frame), daemon=True).start()
        except ConnectionClosed:
            pass
        self.sockets.pop(connection_id, None)
        if self.says_disconnect:
            self.hand_on("DISCONNECT", connection_id, about)
        return Response("")

    def act(self, connection_id: str, about: dict[str, str], frame: str) -> None:
        """Hand on a frame; trouble is told to the client in the API Gateway's own words."""
        status = self.hand_on("MESSAGE", connection_id, about, body=frame)
        socket = self.sockets.get(connection_id)
        if status != 200 and socket is not None:
            trouble = {"message": "Internal server error", "connectionId": connection_id, "requestId": "aws"}
            socket.send(json.dumps(trouble))

    def hand_on(self, kind: str, connection_id: str, about: dict[str, str], **more: Any) -> int:
        """Have the forwarder bring an event to the service."""
        context = {
            "eventType": kind,
            "routeKey": {"CONNECT": "$connect", "DISCONNECT": "$disconnect"}.get(kind, "$default"),
            "connectionId": connection_id,
            "requestId": secrets.token_hex(6),
            "stage": STAGE,
            "domainName": "127.0.0.1",
            "requestTimeEpoch": int(time.time() * 1000),
            "identity": {"sourceIp": "192.0.2.7", "userAgent": "little"},
            "authorizer": about,
        }
        event = {"requestContext": context, "isBase64Encoded": False, **more}
        self.forward_to.append(self.forward_to.pop(0))
        self.environ["FORWARD_URL"] = self.forward_to[0]
        return int(self.forwarder.handler(event, None)["statusCode"])
