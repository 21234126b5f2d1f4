"""The web door: serves the page that the web client runs in, and guards every answer with headers."""

from __future__ import annotations

from flask import Flask

from chat.web import assets, headers
from chat.web.pages import pages


def init_app(app: Flask) -> None:
    """Register the pages, the asset() helper of their templates and the headers."""
    app.register_blueprint(pages)
    assets.init_app(app)
    headers.init_app(app)
