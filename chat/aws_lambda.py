"""The door inside a Lambda: `chat.aws_lambda.handler` takes the API Gateway's events without a service in between.

It needs the package, boto3 and the database, and nothing of eventlet or Socket.IO. The service's processes go on
telling: they find in the registry who listens, and what was written here by their next look at the heads.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Flask

from chat import database, rates
from chat.actors import Workspace
from chat.aws.gateway import Door
from chat.aws.post import ManagementApi, Post, region_of
from chat.aws.registry import Registry
from chat.dispatch import Dispatch
from chat.extensions import db
from chat.tickets import parse_keys
from config import read_settings

# One event at a time comes here, so one connection is enough; it may have been cut while the Lambda slept.
ENGINE = {"pool_size": 1, "max_overflow": 0, "pool_pre_ping": True, "hide_parameters": True}
PATIENCE = 20.0  # seconds for the answers to leave; the API Gateway waits for 29


@dataclass(frozen=True)
class Inside:
    """What stays between two events: the app that holds the database, and the door."""

    app: Flask
    door: Door


def handler(event: Any, _context: Any = None) -> dict[str, int]:
    """The Lambda's entry point; see ``Door.handle`` for the status. Everything is posted by the time it returns."""
    inside = built()
    with inside.app.app_context():
        status = inside.door.handle(event)
    inside.door.post.wait(PATIENCE)
    return {"statusCode": status}


@cache
def built() -> Inside:
    """Made once for as long as the Lambda lives, from the settings of the service."""
    settings = read_settings()
    logging.getLogger("chat").setLevel(settings["LOG_LEVEL"])
    app = Flask("chat")
    app.config.from_mapping(
        settings, SQLALCHEMY_DATABASE_URI=settings["DATABASE_URL"], SQLALCHEMY_ENGINE_OPTIONS=ENGINE
    )
    db.init_app(app)
    with app.app_context():
        database.prepare_engine(db.engine)
    keys = parse_keys(settings["TICKET_KEYS"])
    workspace = Workspace(session_days=settings["SESSION_DAYS"], ticket_keys=keys)
    dispatch = Dispatch(workspace, rates=rates.parse(settings["RATE_LIMITS"]))
    registry, endpoint = Registry(app.app_context), settings["AWS_GATEWAY_ENDPOINT"]
    post = Post(ManagementApi(endpoint, region_of(endpoint)), gone=lambda connection_id: registry.end([connection_id]))
    return Inside(app, Door(dispatch, registry, post, keys, per_user=settings["CONNECTIONS_PER_USER"]))
