"""The API Gateway door: an event of a WebSocket goes in, an action is asked, its answer is posted back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chat import strict_json, tickets
from chat.actions.connections import Holder
from chat.actors import Asker
from chat.aws import events
from chat.aws.events import BadEvent, GatewayEvent
from chat.aws.post import MAX_MESSAGE, Post, pack
from chat.aws.registry import Registry
from chat.dispatch import LIVE, Dispatch
from chat.errors import ChatError
from chat.limits import MAX_FRAME, PAGE
from chat.text import is_storable

log = logging.getLogger("chat.aws")
MAX_REQUEST_ID = 100  # characters that are said again
OTHER_EPOCH = "-"  # no deployment's: what is asked with it is answered with a page

Payload = dict[str, Any]


def nothing() -> None:
    """Nobody here tells connections; whoever does finds the change in the registry."""


@dataclass
class Door:
    """One per app. ``wake``: the registry changed; ``show_typing``: tell who writes, to whoever is told here."""

    dispatch: Dispatch
    registry: Registry
    post: Post
    keys: Mapping[str, bytes]
    per_user: int = 0  # connections that one person may have; 0: any number
    wake: Callable[[], None] = nothing
    show_typing: Callable[..., None] = field(default=lambda *_, **__: None)

    def handle(self, event: Any) -> int:
        """Take an event and return an HTTP status. A refused action is a 200: its answer says so.

        A connect is answered 200, 401 (no ticket that holds), 403 (used, or its session ended), 429 or 503. Of what
        else happens only trouble of our own is no 200, so that the API Gateway tells the client that nothing was done.
        """
        try:
            asked = events.read(event)
            if asked.kind == "CONNECT":
                return self._connect(asked)
            if asked.kind == "DISCONNECT":
                self.registry.end([asked.connection_id])
                self.wake()
                return 200
            return self._message(asked)
        except BadEvent:
            return 400
        except ChatError as refusal:
            return int(refusal.status)
        except Exception:
            log.exception("an event of the API Gateway could not be handled")
            return 500

    # Connecting ----------------------------------------------------------------------------------

    def _connect(self, asked: GatewayEvent) -> int:
        """Let someone in whose ticket holds; the authorizer looked at it, and only we know whether it was used."""
        try:
            ticket = tickets.verify(self.keys, asked.ticket)
        except tickets.BadTicket:
            return 401
        if asked.authorized.get("sid", ticket.session_id) != ticket.session_id:
            return 403
        asker = Asker(ticket.session_id, ticket.user_id, asked.address, asked.user_agent, asked.connection_id)
        opening = {
            "ticket_id": ticket.id,
            "expires_at": ticket.expires_at,
            "version": ticket.version,
            "connection_id": asked.connection_id,
            "at_most": self.per_user,
        }
        try:
            self.dispatch.perform(asker, "open_connection", opening)
        except ChatError as refusal:
            return 403 if refusal.code in ("not_authed", "session_expired") else int(refusal.status)
        return 200

    # Acting --------------------------------------------------------------------------------------

    def _message(self, asked: GatewayEvent) -> int:
        holder = self.registry.find(asked.connection_id)
        if holder is None or asked.authorized.get("sid", holder.session_id) != holder.session_id:
            self.post.kick(asked.connection_id)  # we never let it in, or it was closed while this was on its way
            return 200
        request_id, answer = self._answer(asked, holder)
        self.post.put(asked.connection_id, pack({"event": "ack", "request_id": request_id, **answer}))
        if not answer["ok"] and answer["error"]["code"] in ("session_expired", "not_authed"):
            self.registry.end([asked.connection_id])
            self.post.kick(asked.connection_id)
        self.wake()
        return 200

    def _answer(self, asked: GatewayEvent, holder: Holder) -> tuple[str | None, Payload]:
        """The answer to a frame, whatever happens inside it, and the request's id as the client gave it."""
        request_id = None
        try:
            payload = read_frame(asked.body)
            name, request_id = payload.pop("action", None), payload.pop("request_id", None)
            if not (isinstance(request_id, str) and len(request_id) <= MAX_REQUEST_ID and is_storable(request_id)):
                request_id = None
            asker = Asker(holder.session_id, holder.user_id, asked.address, asked.user_agent, asked.connection_id)
            if not holder.greeted:
                self._greet(asker)
            if not isinstance(name, str):
                raise ChatError("invalid_arguments", "A frame is one JSON object with an action.", field="action")
            if name not in LIVE:
                raise ChatError("unknown_action")
            return request_id, {"ok": True, "data": self._act(asker, name, payload)}
        except ChatError as refusal:
            return request_id, {"ok": False, "error": refusal.as_dict()}
        except Exception:
            log.exception("a frame could not be answered")
            return request_id, {"ok": False, "error": ChatError("internal_error").as_dict()}

    def _greet(self, asker: Asker) -> None:
        """Say hello before the first answer: the API Gateway takes nothing for a connection that is just opening."""
        assert asker.connection is not None
        answer = self.dispatch.perform(asker, "hello", {})
        hello = answer.data
        heads = {**(answer.heads or {}), hello["stream"]: hello["seq"]}
        if not self.registry.greet(asker.connection, heads):
            return  # another frame came at the same moment
        frame = pack({"event": "hello", "data": hello})
        if len(frame) > MAX_MESSAGE:
            frame = pack({"event": "hello", "data": {**hello, "channels": [], "truncated": True}})
        self.post.put(asker.connection, frame)

    def _act(self, asker: Asker, name: str, payload: Payload) -> Payload:
        assert asker.connection
        assert asker.user_id
        data = self._fitting(asker, name, payload)
        if name == "subscribe":
            self.registry.subscribe(asker.connection, payload["channel_id"], data["seq"])
        elif name == "unsubscribe":
            self.registry.unsubscribe(asker.connection, payload["channel_id"])
        elif name == "typing":
            self.show_typing(asker.user_id, payload["channel_id"], payload.get("thread_id"), on=payload["on"])
        elif name == "ping":
            data["heads"] = self.registry.heads(asker.connection)
        return data

    def _fitting(self, asker: Asker, name: str, payload: Payload) -> Payload:
        """The answer in no more bytes than the API Gateway carries: with fewer rows, or ``limited``."""
        data = self.dispatch.perform(asker, name, payload).data
        if name == "sync":
            return fitting_sync(data)
        limit = payload.get("limit", PAGE)
        while name == "subscribe" and not fits(data) and limit > 1:
            limit //= 2
            smaller = {**payload, "limit": limit} | ({"epoch": OTHER_EPOCH} if "since" in payload else {})
            data = self.dispatch.perform(asker, name, smaller).data
        if not fits(data):
            raise ChatError("too_large", "This answer does not fit through the API Gateway; ask for it over HTTP.")
        return data


def read_frame(body: str) -> Payload:
    """The JSON object in a frame; raises ChatError ``invalid_arguments``."""
    try:
        if len(body.encode("utf-8", "surrogatepass")) > MAX_FRAME:
            raise ChatError("too_large")
        payload = strict_json.loads(body)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise ChatError("invalid_arguments", "A frame is one JSON object with an action.")
    return payload


def fits(data: Payload) -> bool:
    """Whether an answer, with what stands around it, is one message of the API Gateway's."""
    return len(pack(data)) < MAX_MESSAGE - 1024


def fitting_sync(data: Payload) -> Payload:
    """An answer to sync that fits: the longest streams are answered ``limited`` until it does."""
    while not fits(data):
        sizes = {id: len(pack(each)) for id, each in data["streams"].items() if each.get("events")}
        if not sizes:
            raise ChatError("too_large", "This answer does not fit through the API Gateway; ask for fewer streams.")
        longest = max(sizes, key=lambda id: sizes[id])
        shortened = {"events": [], "seq": data["streams"][longest]["seq"], "limited": True}
        data = {**data, "streams": {**data["streams"], longest: shortened}}
    return data
