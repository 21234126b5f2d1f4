"""The OpenAPI document, made of the routes table and the marshmallow schemas."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from chat.dispatch import ACTIONS
from chat.rest.routes import ROUTES, WITHOUT_CSRF, Route
from chat.schemas.resources import Failure

VERSION = "1"
document = Blueprint("document", __name__)


@document.get("/api/v1/openapi.json")
def openapi() -> ResponseReturnValue:
    """The whole REST interface, for programs that read such documents."""
    return describe()


@cache
def describe() -> dict[str, Any]:
    """The document as a dictionary."""
    spec = APISpec(
        title="Parley",
        version=VERSION,
        openapi_version="3.1.0",
        info={"description": "The REST interface of Parley. Live events come over Socket.IO; see docs/protocol.md."},
        servers=[{"url": "/api/v1"}],
        plugins=[MarshmallowPlugin(schema_name_resolver=_name)],
    )
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme("cookie", {"type": "apiKey", "in": "cookie", "name": "session"})
    spec.components.schema("Failure", schema=Failure)
    for route in ROUTES:
        path = re.sub(r"<(?:path:)?(\w+)>", r"{\1}", route.path)
        spec.path(path=path, operations={route.method.lower(): _operation(route)})
    return spec.to_dict()


def _operation(route: Route) -> dict[str, Any]:
    action = ACTIONS[route.action]
    failure = {"description": "A refusal.", "content": _json("Failure")}
    answered = {"description": "Answered.", "content": _json(type(action.answer))}
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{route.action}",
        "summary": action.summary,
        "parameters": [
            {"in": "path", "name": name, "required": True, "schema": {"type": "string"}} for name in route.parameters
        ],
        "responses": {"200": answered, "4XX": failure, "5XX": failure},
        "security": [] if action.anyone else [{"bearer": []}, {"cookie": []}],
    }
    if route.method == "POST":
        operation["responses"]["201"] = {**answered, "description": "Something new came into being."}
    if route.method not in ("GET",) and not action.anyone and route.action not in WITHOUT_CSRF:
        operation["parameters"].append(
            {
                "in": "header",
                "name": "X-CSRF-Token",
                "description": "Needed with a cookie, not with a bearer token.",
                "schema": {"type": "string"},
            }
        )
    rest = tuple(name for name in action.params.fields if name not in route.parameters)
    if rest and route.method == "GET":
        operation["parameters"].append({"in": "query", "schema": type(action.params)(only=rest)})
    elif rest:
        partial = type(action.params)(only=rest)
        operation["requestBody"] = {"required": True, "content": _json(partial)}
    return operation


def _json(schema: object) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _name(schema: Any) -> str:
    """Params and answers may share a name with a resource; a part of a schema is a name of its own."""
    kind = schema if isinstance(schema, type) else type(schema)
    part = "" if isinstance(schema, type) or not isinstance(schema, Schema) or not schema.only else "Body"
    module = kind.__module__.rpartition(".")[2]
    return {"params": "Ask", "answers": "Answer"}.get(module, "") + kind.__name__ + part
