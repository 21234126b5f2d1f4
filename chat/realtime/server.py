"""The Socket.IO server, hardened: what is malformed is refused with a clear answer, and harms nobody.

Every private part of python-socketio that we lean on is named here and in transport/rooms.py, those of
python-engineio in transport/; tests/realtime/test_seams.py fails when an upgrade moves one of them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import socketio
from socketio import packet

from chat import failpoints, strict_json
from chat.errors import ChatError
from chat.limits import FRAMES_PER_SECOND, MAX_FRAME
from chat.realtime.transport import Engine, RoomManager

MAX_OFFENCES = 20  # malformed packets before we hang up
ARRIVING_AT_ONCE = 4  # whom we greet at a time: after a restart everyone comes, and who is in already must get through
REFUSED_CONNECT = 4  # offences that a refused CONNECT counts as: nobody tries credentials for ever on one connection
MAX_NAMESPACE = 100  # characters of a foreign namespace that are said again
NAMESPACE = "/"
KEPT = (
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "PATH_INFO",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "REMOTE_ADDR",
    "HTTP_HOST",
    "HTTP_COOKIE",
    "HTTP_AUTHORIZATION",
    "HTTP_USER_AGENT",
    "wsgi.url_scheme",
)
EVENTS = (packet.EVENT, packet.BINARY_EVENT)
_EVENT = re.compile(r"2(\d{1,15})?(?=\[)")  # its type, under what to answer, and a list
_ACK_ID = re.compile(r"2(?:/,)?(\d{1,15})[\[{]")

Answer = dict[str, Any]
After = Callable[[], None]


class TextPacket(packet.Packet):
    """A Socket.IO packet without binary attachments, in strict JSON."""

    uses_binary_events = False
    json = strict_json

    def decode(self, encoded_packet: str) -> int:
        """Read a packet; an event of the one namespace, in a sixth of the library's steps."""
        found = _EVENT.match(encoded_packet)
        if found is None:
            return super().decode(encoded_packet) or 0
        self.id = int(found[1]) if found[1] else None
        self.data = self.json.loads(encoded_packet[found.end() :])
        return 0


class Server(socketio.Server):
    """Hands every event to ``on_action`` and always acknowledges it; greets who connected after the CONNECT answer."""

    on_action: Callable[[str, str, list[Any]], tuple[Answer, After | None]]
    on_connected: Callable[[str], None]

    def __init__(self, *, per_address: int = 0, is_paced: bool = True, **options: Any) -> None:
        super().__init__(
            client_manager=RoomManager(),
            serializer=TextPacket,
            async_handlers=False,  # else the actions of one connection overtake each other
            namespaces=[NAMESPACE],
            max_http_buffer_size=MAX_FRAME,
            logger=False,
            engineio_logger=False,
            **options,
        )
        self.offences: dict[str, int] = {}
        self.arriving = threading.BoundedSemaphore(ARRIVING_AT_ONCE)
        self.eio.per_address = per_address
        self.eio.frames = FRAMES_PER_SECOND if is_paced else None

    # The overridden parts of socketio.Server -------------------------------------------------------

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        super()._handle_eio_connect(eio_sid, slim(environ))

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
            self.eio.has_to_join(eio_sid)
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
        self.eio.joined(eio_sid)  # it asked in time, however long it takes until its turn comes
        with self.arriving:
            if eio_sid not in self.environ:
                return  # gone while it waited
            super()._handle_connect(eio_sid, namespace, data)
            sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
            if sid and self.manager.is_connected(sid, namespace):
                self.on_connected(sid)
                return
        self.eio.has_to_join(eio_sid)
        self._offend(eio_sid, REFUSED_CONNECT)

    def _handle_event(self, eio_sid: str, namespace: str, id: int | None, data: Any) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
        if not self.manager.is_connected(sid, namespace):
            return
        if not isinstance(data, list) or not data or not isinstance(data[0], str):
            self._refuse_packet(eio_sid, None, id)
            return
        answer, after = self.on_action(sid, data[0], data[1:])
        self._acknowledge(eio_sid, id, answer)
        failpoints.hit("after_ack")
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

    def greet(self, sid: str, hello: Answer) -> None:
        """Say hello. It counts as an answer, not as an event that a slow reader leaves unread: it is as large as what
        the person is in, and must never be what keeps them out."""
        eio_sid = self.manager.eio_sid_from_sid(sid, NAMESPACE)
        if eio_sid:
            self.eio.answer(eio_sid, f"{packet.EVENT}{strict_json.dumps(['hello', hello])}")

    def _acknowledge(self, eio_sid: str, id: int | None, answer: Answer) -> None:
        if id is not None:
            self.eio.answer(eio_sid, f"{packet.ACK}{id}{strict_json.dumps([answer])}")

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

    def _offend(self, eio_sid: str, offences: int = 1) -> None:
        self.offences[eio_sid] = self.offences.get(eio_sid, 0) + offences
        if self.offences[eio_sid] >= MAX_OFFENCES:
            self.eio.disconnect(eio_sid)

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        self.offences.pop(eio_sid, None)
        super()._handle_eio_disconnect(eio_sid, reason)
        self.eio.left(eio_sid)


def slim(environ: dict[str, Any]) -> dict[str, Any]:
    """What of a handshake's request is needed as long as the connection lives: who asks, from where."""
    return {key: environ[key] for key in KEPT if key in environ}
