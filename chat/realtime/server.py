"""The Socket.IO server, hardened: what is malformed is refused with a clear answer, and harms nobody.

Every private part of python-socketio and python-engineio that we lean on is named here; tests/realtime/test_seams.py
fails when an upgrade moves one of them.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable
from typing import Any

import engineio
import socketio
from engineio.exceptions import EngineIOError
from engineio.payload import Payload
from socketio import packet

from chat import strict_json
from chat.errors import ChatError
from chat.limits import MAX_FRAME

log = logging.getLogger("chat.socketio")
MAX_OFFENCES = 20  # malformed packets before we hang up
MAX_NAMESPACE = 100  # characters of a foreign namespace that are said again
NAMESPACE = "/"
EVENTS = (packet.EVENT, packet.BINARY_EVENT)
_ACK_ID = re.compile(r"2(?:/,)?(\d{1,15})[\[{]")

# A client that comes back by long-polling flushes everything it wrote meanwhile in one request.
Payload.max_decode_packets = 1000

Answer = dict[str, Any]
After = Callable[[], None]


class TextPacket(packet.Packet):
    """A Socket.IO packet without binary attachments, in strict JSON."""

    uses_binary_events = False
    json = strict_json


class Server(socketio.Server):
    """Hands every event to ``on_action`` and always acknowledges it; greets who connected after the CONNECT answer."""

    on_action: Callable[[str, str, list[Any]], tuple[Answer, After | None]]
    on_connected: Callable[[str], None]

    def __init__(self, **options: Any) -> None:
        super().__init__(
            serializer=TextPacket,
            async_handlers=False,  # else the actions of one connection overtake each other
            namespaces=[NAMESPACE],
            max_http_buffer_size=MAX_FRAME,
            logger=False,
            engineio_logger=False,
            **options,
        )
        self.offences: dict[str, int] = {}
        harden(self.eio)

    # The overridden parts of socketio.Server -------------------------------------------------------

    def _engineio_server_class(self) -> type[engineio.Server]:
        return Engine

    def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        if eio_sid not in self.environ:
            return  # hung up on, but its last frames had arrived already
        pkt = self._read_packet(data)
        if pkt is None:
            self._refuse_packet(eio_sid, data)
        elif (pkt.namespace or NAMESPACE) != NAMESPACE:
            self._refuse_namespace(eio_sid, pkt)
        elif pkt.packet_type == packet.CONNECT:
            self._handle_connect(eio_sid, NAMESPACE, pkt.data if isinstance(pkt.data, dict) else None)
        elif pkt.packet_type == packet.DISCONNECT:
            self._handle_disconnect(eio_sid, NAMESPACE, self.reason.CLIENT_DISCONNECT)
        elif pkt.packet_type == packet.EVENT and not pkt.attachment_count:
            self._handle_event(eio_sid, NAMESPACE, pkt.id, pkt.data)
        elif pkt.packet_type != packet.ACK:  # we never ask for acknowledgements
            self._refuse_packet(eio_sid, None, pkt.id if pkt.packet_type in EVENTS else None)

    def _read_packet(self, data: Any) -> packet.Packet | None:
        """The packet in a frame, if one is: binary frames hold none of ours."""
        try:
            return self.packet_class(encoded_packet=data) if isinstance(data, str) else None
        except (ValueError, RecursionError, IndexError, TypeError):
            return None

    def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        if self.manager.sid_from_eio_sid(eio_sid, namespace):
            self._offend(eio_sid)
            return
        super()._handle_connect(eio_sid, namespace, data)
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        if sid and self.manager.is_connected(sid, namespace):
            self.on_connected(sid)
        else:
            self._offend(eio_sid)  # nobody tries credentials for ever on one connection

    def _handle_event(self, eio_sid: str, namespace: str, id: int | None, data: Any) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        if not self.manager.is_connected(sid, namespace):
            return
        if not isinstance(data, list) or not data or not isinstance(data[0], str):
            self._refuse_packet(eio_sid, None, id)
            return
        answer, after = self.on_action(sid, data[0], data[1:])
        self._acknowledge(eio_sid, id, answer)
        if after:
            after()

    # ---------------------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """Hang up on everyone before the process ends; they come back to the next one."""
        super().shutdown()
        self.eio.disconnect()

    def hang_up(self, sid: str) -> None:
        """Close the engine under a connection at once; the client comes back by itself."""
        eio_sid = self.manager.eio_sid_from_sid(sid, NAMESPACE)
        if eio_sid:
            self.eio.disconnect(eio_sid)

    def kick(self, sid: str) -> None:
        """Disconnect someone who must not come back by themselves."""
        eio_sid = self.manager.eio_sid_from_sid(sid, NAMESPACE)
        self.disconnect(sid)
        if eio_sid:
            self.eio.disconnect(eio_sid)

    def _acknowledge(self, eio_sid: str, id: int | None, answer: Answer) -> None:
        if id is not None and eio_sid in self.eio.sockets:
            self._send_packet(eio_sid, self.packet_class(packet.ACK, namespace=NAMESPACE, id=id, data=[answer]))

    def _refuse_packet(self, eio_sid: str, data: Any, id: int | None = None) -> None:
        """Answer what cannot be read as well as it can be, and count it."""
        if isinstance(data, str) and (found := _ACK_ID.match(data)):
            id = int(found[1])
        error = ChatError("invalid_arguments", "This is not a well-formed Socket.IO event with one JSON object.")
        if self.manager.sid_from_eio_sid(eio_sid, NAMESPACE):
            self._acknowledge(eio_sid, id, {"ok": False, "error": error.as_dict()})
        self._offend(eio_sid)

    def _refuse_namespace(self, eio_sid: str, pkt: packet.Packet) -> None:
        """Tell who asks for another namespace that there is none, as a stock server does."""
        if pkt.packet_type == packet.CONNECT and len(pkt.namespace) <= MAX_NAMESPACE:
            refusal = ChatError("not_found", "There is no such namespace; connect to /.")
            data = {"message": refusal.words, "data": refusal.as_dict()}
            self._send_packet(eio_sid, self.packet_class(packet.CONNECT_ERROR, namespace=pkt.namespace, data=data))
        self._offend(eio_sid)

    def _offend(self, eio_sid: str) -> None:
        self.offences[eio_sid] = self.offences.get(eio_sid, 0) + 1
        if self.offences[eio_sid] >= MAX_OFFENCES:
            self.eio.disconnect(eio_sid)

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self.offences.pop(eio_sid, None)
        super()._handle_eio_disconnect(eio_sid, reason)


class Engine(engineio.Server):
    """Hangs up without a word and without waiting.

    The library would wait for ever for a client that reads nothing, and a CLOSE packet tells stock Python clients
    never to come back.
    """

    def disconnect(self, sid: str | None = None) -> None:
        for each in [sid] if sid else list(self.sockets):
            socket = self.sockets.get(each)
            if socket and not socket.closed:
                socket.close(wait=False, abort=True, reason=self.reason.SERVER_DISCONNECT)


class PollingSocket(engineio.socket.Socket):
    """Refuses a long-polling client's malformed request (400) and hangs up; the library logs it and answers 200."""

    def handle_post_request(self, environ: dict[str, Any]) -> None:
        try:
            super().handle_post_request(environ)
        except (ValueError, LookupError, RecursionError):
            raise EngineIOError from None


engineio.server.socket.Socket = PollingSocket  # the one place where the library makes them


def harden(eio: engineio.Server) -> None:
    """Wrap the websocket driver: no compression (100 KB a connection), no drafts, no tracebacks on the wire."""
    driver = eio._async["websocket"]

    class Hardened(driver):  # type: ignore[misc, valid-type]
        def __init__(self, handler: Callable[[Any], Any], server: Any, **options: Any) -> None:
            super().__init__(closing_on_error(handler), server, **options)
            self.support_legacy_versions = False

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            environ["wsgi.errors"] = io.StringIO()  # eventlet writes there of every socket it closes twice
            if "eventlet.input" not in environ and "gunicorn.socket" in environ:
                environ["eventlet.input"] = GunicornInput(environ["gunicorn.socket"])
            return super().__call__(environ, start_response)

    eio._async = dict(eio._async, websocket=Hardened)


class GunicornInput:
    """Gives the eventlet driver its socket where gunicorn serves; it asks for nothing else."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    def get_socket(self) -> Any:
        return self.socket


def closing_on_error(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The engine's websocket handler, closed cleanly when a frame cannot be read; else it stays a zombie for 50 s."""

    def handle(websocket: Any) -> Any:
        try:
            return handler(websocket)
        except Exception as error:
            socket = handler.__self__  # type: ignore[attr-defined]
            log.info("closed a connection that sent no Engine.IO packet: %s", type(error).__name__)
            socket.close(wait=False, abort=True, reason=socket.server.reason.TRANSPORT_ERROR)
            socket.queue.put(None)
            return []

    return handle
