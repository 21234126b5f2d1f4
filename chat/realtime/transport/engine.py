"""The Engine.IO server: serves so many connections an address, pings them, and hangs up without a word.

What of python-engineio we lean on, here, in sockets.py and in live.py, is pinned by tests/realtime/test_seams.py.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import engineio
from engineio import packet

from chat import metrics
from chat.concurrency import brief_lock
from chat.limits import CALLS_PER_SECOND, FRAMES_PER_SECOND
from chat.rates import Pace
from chat.realtime.transport import frames
from chat.realtime.transport.sockets import Socket, hardened

if TYPE_CHECKING:
    from chat.realtime.transport.line import Line

log = logging.getLogger("chat.engine")

JOIN_WITHIN = 10.0  # seconds that a new engine has to join the namespace
ROUND = 0.25  # seconds between two looks at what is due
GONE = ("Session is disconnected",)  # what the library's KeyError says of a connection that has ended


class Pings:
    """Whom to ask when whether they are still there. All wait equally long, so two queues in order do for everyone."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.due: deque[tuple[float, Socket]] = deque()
        self.asked: deque[tuple[float, Socket]] = deque()

    def add(self, socket: Socket) -> None:
        """Ping this one after the usual time."""
        self.due.append((time.monotonic() + self.engine.ping_interval, socket))

    def round(self) -> None:
        """Ping whose time has come, and hang up on who did not answer."""
        moment = time.monotonic()
        while self.due and self.due[0][0] <= moment:
            _, socket = self.due.popleft()
            if not socket.closed:
                socket.last_ping = moment
                self.asked.append((moment, socket))
                socket.ping()
        while self.asked and self.asked[0][0] + self.engine.ping_timeout <= moment:
            asked_at, socket = self.asked.popleft()
            if socket.last_ping == asked_at and not socket.closed:
                socket.close(reason=self.engine.reason.PING_TIMEOUT)
                socket.cut()


class Engine(engineio.Server):
    """Knows all engines, from where they came, and which have not joined yet."""

    _async: dict[str, Any]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, monitor_clients=False, **options)  # the pings' round does
        self.frames: tuple[float, int] | None = FRAMES_PER_SECOND
        self.per_address = 0
        self.calls = Pace(*CALLS_PER_SECOND)
        self.addresses: dict[str, str] = {}  # engine -> where from
        self.lines: dict[str, Line] = {}  # of the engines that have one
        self.counts: Counter[str] = Counter()
        self._counting = brief_lock()  # to add one takes two steps, and a count that drifts refuses people for ever
        self.unjoined: dict[str, float] = {}  # engine -> until when it has to join
        self.pings = Pings(self)
        self._is_watching = False
        if self.async_mode == "eventlet":
            from chat.realtime.transport.line import push_to_all
            from chat.realtime.transport.live import LiveSocket

            self._socket_class: type[Socket] = LiveSocket
            self.push_to_all: Callable[[list[Line], bytes], None] = push_to_all
        else:
            self._socket_class = Socket
            self._async = dict(self._async, websocket=hardened(self._async["websocket"]))

    # Requests --------------------------------------------------------------------------------------

    def handle_request(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request; one to a connection that has just ended is refused. The library lets its error out."""
        try:
            return super().handle_request(environ, start_response)
        except KeyError as error:
            if error.args != GONE:
                raise
            refusal = self._bad_request("Invalid session")
            start_response(refusal["status"], refusal["headers"])
            return [refusal["response"]]

    def _handle_connect(
        self, environ: dict[str, Any], start_response: Any, transport: str, jsonp_index: int | None = None
    ) -> Any:
        """Open an engine: say who it is, and answer by the way it asked for."""
        address = environ.get("REMOTE_ADDR", "")
        is_full = self.per_address and self.counts[address] >= self.per_address
        if is_full or (self.frames and self.calls.take(address)):
            refusal = b"Too many connections from this address."
            metrics.REFUSED.labels("rate_limited").inc()
            return {"status": "429 TOO MANY REQUESTS", "headers": [("Content-Type", "text/plain")], "response": refusal}
        sid = self.generate_id()
        socket = self.sockets[sid] = self._socket_class(self, sid)
        socket.send(packet.Packet(packet.OPEN, self._opening(sid, transport)))
        self._arrived(sid, address)
        self._trigger_event("connect", sid, environ)
        socket.schedule_ping()
        if transport == "websocket":
            return socket.handle_get_request(environ, start_response)
        socket.connected = True
        return self._ok(socket.poll(), jsonp_index=jsonp_index)

    def _opening(self, sid: str, transport: str) -> dict[str, Any]:
        return {
            "sid": sid,
            "upgrades": self._upgrades(sid, transport),
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }

    def _log_error_once(self, message: str, message_key: str) -> None:
        """Say once what kind of request is refused; the library would also write down what a stranger put into it."""
        if message_key not in self.log_message_keys:
            self.log_message_keys.add(message_key)
            # Of all of it only the origin is needed, by whoever set PUBLIC_URL wrong.
            log.warning("refused a connection: %s", ascii(message) if message_key == "bad-origin" else message_key)

    def _bad_request(self, message: Any = None) -> dict[str, Any]:
        """A refused request; an unknown session's id, whatever it is, is not said again."""
        unknown = str(message).startswith("Invalid session")
        return dict(super()._bad_request("Invalid session" if unknown else message))

    # Telling ---------------------------------------------------------------------------------------

    def broadcast(self, data: str, sids: Collection[str]) -> None:
        """Send one message to many. Whoever has a line gets the very same bytes."""
        lines = [line for line in map(self.lines.get, sids) if line is not None]
        if lines:
            self.push_to_all(lines, frames.frame(b"4" + data.encode()))
        if len(lines) < len(sids):
            pkt = packet.Packet(packet.MESSAGE, data)
            for sid in sids:
                if sid not in self.lines and (socket := self.sockets.get(sid)) is not None:
                    socket.send(pkt)

    def answer(self, sid: str, data: str) -> None:
        """Send what a client asked for; to one that is gone, nothing."""
        if (socket := self.sockets.get(sid)) is not None:
            socket.answer(data)

    def disconnect(self, sid: str | None = None) -> None:
        """Hang up on one client, or on all."""
        for each in [sid] if sid else list(self.sockets):
            if socket := self.sockets.get(each):
                socket.close(reason=self.reason.SERVER_DISCONNECT)

    # Coming and going --------------------------------------------------------------------------------

    def _arrived(self, sid: str, address: str) -> None:
        """A new engine: it counts for its address, and has to join soon."""
        self.addresses[sid] = address
        with self._counting:
            self.counts[address] += 1
        self.has_to_join(sid)
        if not self._is_watching:
            self._is_watching = True
            self.start_background_task(self._watch)

    def has_to_join(self, sid: str) -> None:
        """An engine is not in the namespace, and has a little time to change that."""
        if sid in self.sockets:
            self.unjoined[sid] = time.monotonic() + JOIN_WITHIN

    def joined(self, sid: str) -> None:
        """An engine joined the namespace."""
        self.unjoined.pop(sid, None)

    def left(self, sid: str) -> None:
        """An engine is gone."""
        self.joined(sid)
        self.sockets.pop(sid, None)
        self.lines.pop(sid, None)
        if address := self.addresses.pop(sid, None):
            with self._counting:
                self.counts[address] -= 1
                if not self.counts[address]:
                    del self.counts[address]

    def load(self) -> tuple[Counter[str], int]:
        """How many are connected by each transport, and the bytes that wait for those who read slowly."""
        transports, backlog = Counter({"websocket": 0, "polling": 0}), 0
        for socket in list(self.sockets.values()):
            waits = socket.line or socket.backlog
            transports["websocket" if socket.upgraded else "polling"] += 1
            backlog += waits.events + waits.answers
        return transports, backlog

    def _watch(self) -> None:
        while True:
            self.sleep(ROUND)
            try:
                self.pings.round()
                moment = time.monotonic()
                for sid in [sid for sid, until in list(self.unjoined.items()) if until < moment]:
                    self.joined(sid)
                    self.disconnect(sid)
            except Exception:
                log.exception("a round of pings failed")
