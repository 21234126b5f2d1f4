"""What every answer tells browsers: what may run, who may frame it, what may be kept, and which request it answers."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import SecurityError

from chat import logs

YEAR = 31_536_000
REQUEST_ID = re.compile(r"[0-9a-fA-F-]{16,64}")  # as proxies make them; no words that somebody might hide in it
HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


def init_app(app: Flask) -> None:
    """Number every request of the app, and add the headers to its answer."""
    app.before_request(begin)
    app.after_request(guard)
    app.teardown_request(end)


def begin() -> None:
    """Give the request its id, the proxy's if it set a proper one; whatever is logged meanwhile carries it."""
    shown = request.headers.get("X-Request-Id", "")
    g.request_id = shown if REQUEST_ID.fullmatch(shown) else uuid4().hex
    request.environ["chat.route"] = str(request.url_rule or "-")  # what an access log may show of the address
    g.about = logs.about(request_id=g.request_id)
    g.about.__enter__()


def end(_error: BaseException | None = None) -> None:
    """The request is answered."""
    if about := g.pop("about", None):
        about.__exit__()


def guard(response: Response) -> Response:
    """Refuse inline scripts, foreign sources, framing and guessing of types; keep only what is hashed."""
    headers = response.headers
    if request_id := g.get("request_id"):  # none for a host that is not ours: it is refused before anything else
        headers["X-Request-Id"] = request_id
    headers.setdefault("Content-Security-Policy", policy(own_host(), current_app.config["AWS_GATEWAY_URL"]))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.is_secure or current_app.config["HTTPS"]:
        headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    if request.path.startswith("/static/app/assets/") and response.status_code in (200, 206, 304):
        headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    elif not request.path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    return response


def own_host() -> str:
    """The host that was asked for, or nothing when it is none of ours: that request is refused already."""
    try:
        return request.host
    except SecurityError:
        return ""


def policy(host: str, gateway: str = "") -> str:
    """The content security policy. Browsers disagree whether 'self' covers WebSockets, so they are named."""
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
    if gateway:
        sockets += f" {urlsplit(gateway).scheme}://{urlsplit(gateway).netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "manifest-src 'self'",
            f"connect-src 'self'{sockets}",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
