"""Puts the application together: settings, extensions, doors; and hands upward what the lower parts may not import."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import socketio
from flask import Flask
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from chat import concurrency, database, failpoints, logs, rates, rest, tickets, web
from chat.actors import Asker, Workspace
from chat.aws.appsync import AppSyncPublisher, EventsApi
from chat.aws.blueprint import doorway, listeners_doorway
from chat.aws.gateway import Door
from chat.aws.post import ManagementApi, Post, region_of
from chat.aws.publisher import GatewayPublisher
from chat.aws.registry import Registry
from chat.dispatch import Dispatch
from chat.errors import ChatError
from chat.extensions import db
from chat.limits import MAX_BODY
from chat.realtime.dispatcher import Dispatcher
from chat.realtime.gateway import Gateway, SocketPost
from chat.realtime.hints import Hints
from chat.realtime.reader import DatabaseReader
from chat.realtime.rooms import Rooms
from chat.realtime.server import Server
from chat.rest import credentials
from chat.retention import Retention
from config import secret_key


@dataclass(frozen=True)
class Parley:
    """What belongs to one app; the doors find it in ``app.extensions["chat"]``."""

    dispatch: Dispatch
    dispatcher: Dispatcher
    reader: DatabaseReader
    rooms: Rooms
    gateway: Gateway
    sio: Server
    retention: Retention
    door: Door | None = None  # the API Gateway's, where it is used
    teller: GatewayPublisher | None = None
    broadcaster: AppSyncPublisher | None = None

    def find_session(self, secret: str, kind: str) -> tuple[str, str] | None:
        """The session that a cookie's or token's secret opens, and whose it is."""
        return self.reader.find_session(secret, kind)

    def begin(self) -> None:
        """The process is about to serve: start what it does by itself."""
        if self.teller or self.broadcaster:
            self.dispatcher.start()  # whether anybody is connected here or not, it may be the one to tell others
        if self.retention.days:
            concurrency.start(self.retention.keep, "retention")

    def end(self) -> None:
        """The process stops serving: let everyone go to the next one."""
        for each in (self.teller, self.broadcaster):
            if each:
                each.stop()
        self.gateway.drain()


def build(settings: dict[str, Any], *, migrates: bool) -> Flask:
    """The application for these checked settings."""
    failpoints.activate(settings["CHAT_FAILPOINTS"])
    logs.set_up(settings["LOG_FORMAT"])
    app = Flask("chat")
    logging.getLogger("chat").setLevel(settings["LOG_LEVEL"])
    app.config.from_mapping(
        settings,
        SECRET_KEY=secret_key(settings),
        MAX_CONTENT_LENGTH=MAX_BODY,
        SESSION_COOKIE_NAME="__Host-session" if settings["HTTPS"] else "session",
        SESSION_COOKIE_SECURE=settings["HTTPS"],
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=settings["SESSION_DAYS"]),
        SQLALCHEMY_DATABASE_URI=settings["DATABASE_URL"],
        SQLALCHEMY_ENGINE_OPTIONS=database.engine_options(settings["DATABASE_URL"]),
    )
    if settings["STRICT"]:
        app.config["TRUSTED_HOSTS"] = [urlsplit(settings["PUBLIC_URL"]).hostname, "127.0.0.1", "localhost"]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    db.init_app(app)
    if migrates:
        from flask_migrate import Migrate

        Migrate(app, db, directory=f"{app.root_path}/migrations", render_as_batch=True)
    with app.app_context():
        engine = db.engine
    database.prepare_engine(engine)
    app.extensions["chat"] = parley = connect(app, engine)
    rest.init_app(app)
    web.init_app(app)
    if parley.door:
        app.register_blueprint(doorway(parley.door, settings["AWS_FORWARD_SECRET"].encode()))
    app.wsgi_app = socketio.WSGIApp(parley.sio, app.wsgi_app)  # type: ignore[method-assign]
    if proxies := settings["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
    app.on_worker_start = parley.begin  # type: ignore[attr-defined]  # called by realtime/gunicorn_conf
    app.on_worker_stop = parley.end  # type: ignore[attr-defined]  # called by realtime/worker
    return app


def connect(app: Flask, engine: Engine) -> Parley:
    """The parts of the live path, each given the others it calls."""
    settings, in_database = app.config, partial(database.using, engine)
    reader = DatabaseReader(in_database, workspace(settings))
    dispatcher = Dispatcher(reader, settings["POLL_SECONDS"])
    hints = Hints(dispatcher, settings["REDIS_URL"], settings["SECRET_KEY"])
    dispatcher.begins_with.append(hints.run)
    rates_of_app = rates.parse(settings["RATE_LIMITS"])
    dispatch = Dispatch(reader.workspace, hints.wake, hints.close_sessions, rates_of_app)

    def is_welcome(origin: str, environ: dict[str, Any]) -> bool:
        try:
            with app.request_context(environ):
                return credentials.is_own(origin)
        except HTTPException:  # the Host header is none of TRUSTED_HOSTS
            return False

    sio = Server(
        async_mode=async_mode(settings["ASYNC_MODE"]),
        cors_allowed_origins=is_welcome,
        per_address=settings["CONNECTIONS_PER_ADDRESS"],
        is_paced=bool(rates_of_app.paces),
        transports=transports(settings),
    )
    rooms = Rooms(
        dispatcher,
        SocketPost(sio),
        reader.members_among,
        reader.place_of,
        settings["HEADS_SECONDS"],
        hints.say_typing,
    )
    hints.hear_typing = rooms.hear_typing
    dispatch.audience = rooms.audience
    dispatcher.publishers.append(rooms)

    def identify(environ: dict[str, Any], auth: Any) -> Asker:
        with app.request_context(environ):
            return credentials.asker(auth)

    gateway = Gateway(
        sio,
        dispatch,
        dispatcher,
        rooms,
        in_database,
        identify,
        reader.channels_of,
        per_user=settings["CONNECTIONS_PER_USER"],
    )
    retention = Retention(settings["RETENTION_DAYS"], in_database, dispatch.commits.write)
    parley = Parley(dispatch, dispatcher, reader, rooms, gateway, sio, retention)
    if settings["AWS_GATEWAY_ENDPOINT"]:
        parley = with_gateway(app, parley, hints)
    return with_appsync(app, parley) if settings["APPSYNC_EVENTS_ENDPOINT"] else parley


def with_appsync(app: Flask, parley: Parley) -> Parley:
    """AppSync Events beside the doors: the same dispatcher tells it what happens in public channels."""
    settings, dispatcher, reader = app.config, parley.dispatcher, parley.reader
    endpoint = settings["APPSYNC_EVENTS_ENDPOINT"]
    broadcaster = AppSyncPublisher(
        Registry(reader.context),
        EventsApi(endpoint, region_of(endpoint), settings["APPSYNC_NAMESPACE"]),
        reader.public_channels,
        dispatcher.hold,
        dispatcher.release,
    )
    if settings["POLL_SECONDS"]:
        broadcaster.lasts = timedelta(seconds=2 * settings["POLL_SECONDS"])
    dispatcher.publishers.append(broadcaster)

    def may_listen(session_id: str, user_id: str, channel_id: str) -> bool:
        try:
            asker, asked = Asker(session_id, user_id), {"channel_id": channel_id}
            shown = parley.dispatch.perform(asker, "show_channel", asked).data
        except ChatError:
            return False
        return bool(shown["channel"]["kind"] == "public")

    app.register_blueprint(listeners_doorway(may_listen, settings["AWS_FORWARD_SECRET"].encode()))
    return replace(parley, broadcaster=broadcaster)


def with_gateway(app: Flask, parley: Parley, hints: Hints) -> Parley:
    """The API Gateway's door beside the others: the same dispatcher tells its connections, in rooms of their own."""
    settings, dispatcher, reader, dispatch = app.config, parley.dispatcher, parley.reader, parley.dispatch
    endpoint = settings["AWS_GATEWAY_ENDPOINT"]
    post = Post(ManagementApi(endpoint, region_of(endpoint)))
    rooms = Rooms(dispatcher, post, reader.members_among, reader.place_of, heads_seconds=0)
    registry = Registry(reader.context)

    def may_hear(session_id: str, user_id: str, channel_id: str) -> bool:
        try:
            with reader.context():
                dispatch.perform(Asker(session_id, user_id), "show_channel", {"channel_id": channel_id})
        except ChatError:
            return False
        return True

    teller = GatewayPublisher(registry, reader, rooms, dispatcher.sent, post.kick, may_hear)
    if settings["POLL_SECONDS"]:
        teller.lasts = timedelta(seconds=2 * settings["POLL_SECONDS"])
    post.gone = lambda connection_id: dispatcher.soon(partial(teller.lost, connection_id))
    dispatcher.publishers.append(teller)

    def show_typing(*who: Any, on: bool) -> None:
        for each in (parley.rooms, rooms):
            each.show_typing(*who, on=on)

    def hear_typing(*sign: Any) -> None:
        for each in (parley.rooms, rooms):
            each.hear_typing(*sign)

    def audience(channel_id: str) -> tuple[int, int]:
        (here, counting), (there, counting_there) = (each.audience(channel_id) for each in (parley.rooms, rooms))
        return here + there, counting + counting_there

    parley.gateway.show_typing, hints.hear_typing, dispatch.audience = show_typing, hear_typing, audience
    door = Door(
        dispatch,
        registry,
        post,
        dispatch.workspace.ticket_keys,
        per_user=settings["CONNECTIONS_PER_USER"],
        wake=lambda: dispatcher.soon(teller.mirror),
        show_typing=show_typing,
    )
    return replace(parley, door=door, teller=teller)


def workspace(settings: dict[str, Any]) -> Workspace:
    """What the actions may know of the settings."""
    return Workspace(
        registration=settings["REGISTRATION"],
        open_first_account=not settings["STRICT"],
        session_days=settings["SESSION_DAYS"],
        ticket_keys=tickets.parse_keys(settings["TICKET_KEYS"]) or tickets.derived_key(settings["SECRET_KEY"]),
        public_url=settings["PUBLIC_URL"].rstrip("/") or f"http://{settings['HOST']}:{settings['PORT']}",
        run_blocking=concurrency.run_blocking,
        slow_work=concurrency.slow_work,
    )


def transports(settings: dict[str, Any]) -> list[str]:
    """How one may connect. Each poll is a request, and of several workers any may get it, who would not know it."""
    can_poll = settings["POLLING"] == "auto" and settings["WEB_CONCURRENCY"] == 1
    return ["polling", "websocket"] if can_poll else ["websocket"]


def async_mode(setting: str) -> str:
    """How connections are served: by eventlet where the process was patched, else by threads."""
    if setting == "auto":
        return "eventlet" if concurrency.is_green() else "threading"
    return setting
