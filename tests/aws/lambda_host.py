"""Runs chat.aws_lambda as a Lambda would be run, where neither eventlet nor Socket.IO can be imported."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

FORBIDDEN = ("eventlet", "socketio", "engineio", "gunicorn")
for name in FORBIDDEN:
    sys.modules[name] = None  # type: ignore[assignment]

from chat.aws_lambda import handler  # noqa: E402


class Host(BaseHTTPRequestHandler):
    """Hands each event that is posted to the handler; the status it returns is the answer's."""

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(handler(event, None)["statusCode"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Host).serve_forever()
