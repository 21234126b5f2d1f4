"""The views: one per line of the routes table, each asks its action and shows the answer."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields

from chat import strict_json
from chat.dispatch import ACTIONS
from chat.errors import ChatError
from chat.limits import MAX_STRANGERS_BODY
from chat.rest import credentials
from chat.rest.routes import ROUTES, WITHOUT_CSRF, Route

api = Blueprint("api", __name__, url_prefix="/api/v1")
NUMBER = re.compile(r"-?[0-9]{1,19}")


def ask(route: Route, path_arguments: dict[str, str]) -> ResponseReturnValue:
    """Ask the route's action with what stands in the path, the query and the body."""
    credentials.check_cross_site(needs_token=route.action not in WITHOUT_CSRF)
    asker = credentials.asker()
    if asker.user_id is None or ACTIONS[route.action].anyone:
        request.max_content_length = MAX_STRANGERS_BODY
    payload = {**query(ACTIONS[route.action].params), **body(), **path_arguments}
    answer = current_app.extensions["chat"].dispatch.perform(asker, route.action, payload)
    data = finish(route.action, dict(answer.data))
    return data, 201 if answer.new else 200


def finish(action: str, data: dict[str, Any]) -> dict[str, Any]:
    """What only a browser's sign-in needs: the cookie, and the token against forged requests."""
    if action == "sign_in":
        credentials.sign_in(data.pop("secret"), data["session_id"], data["user"]["id"])
    if action == "sign_out":
        credentials.sign_out()
    if action in ("sign_in", "show_session"):
        data["csrf_token"] = credentials.csrf_token(data.pop("session_id"))
    return data


def body() -> dict[str, Any]:
    """The JSON object in the request's body; none is an empty one."""
    raw = request.get_data()
    if not raw:
        return {}
    if not request.is_json:
        raise ChatError("invalid_arguments", "Send JSON, with Content-Type: application/json.")
    try:
        loaded = strict_json.loads(raw)
    except ValueError:
        raise ChatError("invalid_arguments", "The body is not well-formed JSON.") from None
    if not isinstance(loaded, dict):
        raise ChatError("invalid_arguments", "The body must be one JSON object.")
    return loaded


def query(schema: Schema) -> dict[str, Any]:
    """The query's arguments, numbers as numbers; the schema checks them like every other argument."""
    if request.method != "GET":
        return {}
    found: dict[str, Any] = {}
    for name, value in request.args.items():
        is_number = isinstance(schema.fields.get(name), fields.Integer) and NUMBER.fullmatch(value)
        found[name] = int(value) if is_number else value
    return found


def _register(route: Route) -> None:
    def view(**path_arguments: str) -> ResponseReturnValue:
        return ask(route, path_arguments)

    view.__doc__ = ACTIONS[route.action].summary
    name = f"{route.method}_{route.action}".lower()
    api.add_url_rule(route.path, name, view, methods=[route.method])


for _route in ROUTES:
    _register(_route)
