"""What every answer tells browsers: what may run, who may frame it, what may be kept."""

from __future__ import annotations

import re

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import SecurityError

YEAR = 31_536_000
HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


def init_app(app: Flask) -> None:
    """Add the headers to every answer of the app."""
    app.after_request(guard)


def guard(response: Response) -> Response:
    """Refuse inline scripts, foreign sources, framing and guessing of types; keep only what is hashed."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy(own_host()))
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


def policy(host: str) -> str:
    """The content security policy. Browsers disagree whether 'self' covers WebSockets, so they are named."""
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
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
