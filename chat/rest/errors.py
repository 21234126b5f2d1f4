"""Every failure under /api in the one shape: ``{"error": {…}}`` with the error's HTTP status."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from chat.basics import new_id
from chat.errors import ChatError

log = logging.getLogger("chat.rest")
BY_STATUS = {401: "not_authed", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def init_app(app: Flask) -> None:
    """Map our refusals, Werkzeug's and whatever nobody expected."""

    @app.errorhandler(ChatError)
    def refused(error: ChatError) -> ResponseReturnValue:
        return shape(error)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        if not request.path.startswith("/api/"):
            return error
        headers = {"Allow": ", ".join(allowed)} if (allowed := getattr(error, "valid_methods", None)) else {}
        return *shape(ChatError(BY_STATUS.get(error.code or 500, "invalid_arguments"))), headers

    @app.errorhandler(Exception)
    def unexpected(_error: Exception) -> ResponseReturnValue:
        incident = new_id()
        log.exception("%s failed, incident %s", request.endpoint, incident, extra={"incident": incident})
        return shape(ChatError("internal_error", incident=incident))


def shape(error: ChatError) -> tuple[dict[str, Any], int]:
    """An error as a response."""
    return {"error": error.as_dict()}, error.status
