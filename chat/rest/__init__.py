"""The REST door, /api/v1: the same actions over HTTP."""

from __future__ import annotations

from flask import Flask

from chat.rest import api, credentials, errors, monitoring, openapi


def init_app(app: Flask) -> None:
    """Register the blueprints, the credentials and the one error shape."""
    credentials.init_app(app)
    errors.init_app(app)
    app.register_blueprint(api.api)
    app.register_blueprint(openapi.document)
    app.register_blueprint(monitoring.monitoring)
