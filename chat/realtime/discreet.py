"""What gunicorn says of requests: never their content, their query or their headers, which may hold a password."""

from __future__ import annotations

import json
import logging
import os
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException

from chat import logs
from chat.errors import ChatError

STATUSES = {LimitRequestLine: (414, "URI Too Long"), LimitRequestHeaders: (431, "Request Header Fields Too Large")}

SAYABLE = frozenset((*"hltsmHbBTDMLp", "{x-request-id}o"))  # of what gunicorn's access_log_format may name


class DiscreetLogger(Logger):
    """Gunicorn's own log in the shape that LOG_FORMAT asks for; its access log, which is off without your asking,
    knows nothing secret, whatever format it is given."""

    def setup(self, cfg: Any) -> None:
        """Shape the handlers, in the master already."""
        super().setup(cfg)
        self.error_log.setLevel(max(self.error_log.level, logging.INFO))  # below it writes every address down
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            logs.shape(handler, os.environ.get("LOG_FORMAT", "text").strip())

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> dict[str, Any]:
        """What a format may name; anything else is shown as ``-``. A path is shown as the route that it took."""
        found = super().atoms(resp, req, environ, request_time)
        known = {name: atom for name, atom in found.items() if name in SAYABLE}
        route = environ.get("chat.route") or ("/socket.io/" if found["U"] == "/socket.io/" else "-")
        return {**known, "U": route, "r": f"{found['m']} {route} {found['H']}"}


class Discreet:
    """Mixed into a worker. Gunicorn itself would write the line or header at fault into the log and the answer."""

    log: Any

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Refuse what is no HTTP; whatever else went wrong is logged without the address that was asked for."""
        if not isinstance(exc, ParseException):
            super().handle_error(None, client, addr, exc)  # type: ignore[misc]
            return
        self.log.info("refused a request that is no HTTP: %s", type(exc).__name__)
        try:
            client.sendall(refusal(exc))
        except OSError:
            self.log.debug("who sent it is gone")


def refusal(exc: ParseException) -> bytes:
    """The response to what is no HTTP, or too long: an error in the one shape, after which nothing is read."""
    status, reason = STATUSES.get(type(exc), (400, "Bad Request"))
    error = ChatError("too_large" if type(exc) in STATUSES else "invalid_arguments")
    body = json.dumps({"error": error.as_dict()}).encode()
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
