"""How the server is: open checks for whoever starts and stops it, and figures for Prometheus."""

from __future__ import annotations

from hmac import compare_digest

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from chat import metrics
from chat.errors import ChatError
from chat.extensions import db
from chat.rest import credentials

monitoring = Blueprint("monitoring", __name__)


@monitoring.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Whether the process is alive."""
    return {"ok": True}


@monitoring.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Whether the database can be reached."""
    try:
        current_app.extensions["chat"].reader.epoch()
    except ChatError as error:
        return {"ok": False, "error": error.as_dict()}, error.status
    return {"ok": True}


@monitoring.get("/metrics")
def show_metrics() -> ResponseReturnValue:
    """What this process counted and how it stands, in Prometheus's words."""
    if not may_see_metrics():
        return Response("Show METRICS_TOKEN as a bearer token.\n", 401, mimetype="text/plain")
    metrics.watch_the_loop()
    look()
    return Response(metrics.written(metrics.REGISTRY), content_type=metrics.MEDIA_TYPE)


def may_see_metrics() -> bool:
    """Whoever shows METRICS_TOKEN may; without one, everybody, but only where nobody else can reach the server."""
    if wanted := current_app.config["METRICS_TOKEN"]:
        return compare_digest((credentials.bearer(request) or "").encode(), wanted.encode())
    return not current_app.config["STRICT"]


def look() -> None:
    """Set what has a value at any moment."""
    parley = current_app.extensions["chat"]
    transports, backlog = parley.sio.eio.load()
    for transport, number in transports.items():
        metrics.CONNECTIONS.labels(transport).set(number)
    metrics.BACKLOG.set(backlog)
    metrics.STREAMS.set(len(parley.dispatcher.followed))
    metrics.QUEUE.set(parley.dispatcher.waiting)
    metrics.DATABASE.set(db.engine.pool.checkedout())  # type: ignore[attr-defined]  # every pool of ours counts
