"""What gunicorn says of requests it cannot read: a status and nothing of their content, which may hold a password."""

from __future__ import annotations

from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.util import write_error

STATUSES = {LimitRequestLine: (414, "URI Too Long"), LimitRequestHeaders: (431, "Request Header Fields Too Large")}


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
            write_error(client, *STATUSES.get(type(exc), (400, "Bad Request")), "")
        except OSError:
            self.log.debug("who sent it is gone")
