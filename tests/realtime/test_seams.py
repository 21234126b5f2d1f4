"""The private parts of python-socketio, python-engineio and eventlet that we lean on: each fails here on an upgrade.

realtime/server.py, realtime/transport/, concurrency.py and metrics.py name them.
When one of these tests fails after an upgrade, read the new source before mending.
"""

from __future__ import annotations

import _thread
import errno
import inspect
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version

import engineio
import eventlet.greenio.base
import eventlet.hubs.hub
import eventlet.wsgi
import pytest
import socketio
from engineio import payload
from engineio.async_drivers import threading as threading_driver
from engineio.socket import Socket as LibrarySocket
from gunicorn import util
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.base import Worker
from gunicorn.workers.base_async import AsyncWorker
from gunicorn.workers.gthread import TConn, ThreadWorker
from prometheus_client import values
from socketio import packet

from chat.journal import Event
from chat.realtime.discreet import Discreet
from chat.realtime.places import Late
from chat.realtime.server import Server, TextPacket
from chat.realtime.threaded import DiscreetThreadWorker
from chat.realtime.transport import Engine, RoomManager
from chat.realtime.transport.engine import GONE
from chat.realtime.transport.live import LiveSocket
from chat.realtime.transport.sockets import Socket
from chat.realtime.worker import EventletWorker
from chat.strict_json import MAX_DEPTH

PINNED = {
    "python-socketio": "5.18.1",
    "python-engineio": "4.15.1",
    "eventlet": "0.41.3",
    "gunicorn": "27.0.1",
    "greenlet": "3.5.6",
    "SQLAlchemy": "2.1.9",
}


@pytest.mark.parametrize(("package", "pinned"), PINNED.items())
def test_the_packages_we_reach_into_are_the_ones_we_read(package: str, pinned: str) -> None:
    assert version(package) == pinned


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_handle_eio_message", ["self", "eio_sid", "data"]),
        ("_handle_connect", ["self", "eio_sid", "namespace", "data"]),
        ("_handle_disconnect", ["self", "eio_sid", "namespace", "reason"]),
        ("_handle_event", ["self", "eio_sid", "namespace", "id", "data"]),
        ("_handle_eio_connect", ["self", "eio_sid", "environ"]),
        ("_handle_eio_disconnect", ["self", "eio_sid", "reason"]),
        ("_send_packet", ["self", "eio_sid", "pkt"]),
    ],
)
def test_what_we_override_or_call_of_the_server_is_still_there(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(socketio.Server, name)).parameters) == parameters


def test_the_engine_hands_messages_over_without_a_thread_each() -> None:
    assert "run_async=self.server.async_handlers" in inspect.getsource(LibrarySocket.receive)
    server = Server(async_mode="threading")
    assert server.async_handlers is False
    assert server.eio.async_handlers is False


def test_with_threads_the_engine_takes_its_websocket_from_a_table_we_can_replace() -> None:
    assert "self.server._async['websocket']" in inspect.getsource(LibrarySocket._upgrade_websocket)
    assert set(threading_driver._async) >= {"thread", "queue", "queue_empty", "event", "websocket", "sleep"}
    server = Server(async_mode="threading")
    assert server.eio._async is not threading_driver._async
    assert issubclass(server.eio._async["websocket"], threading_driver._async["websocket"])


def test_the_engines_are_of_our_class_and_the_librarys_own_stays_as_it_is() -> None:
    assert "socket.Socket(self, sid)" in inspect.getsource(engineio.Server._handle_connect)
    assert engineio.server.socket.Socket is LibrarySocket
    server = Server(async_mode="threading")
    assert (type(server.eio), server.eio._socket_class, server.environ) == (Engine, Socket, {})
    assert Server(async_mode="eventlet").eio._socket_class is LiveSocket


def test_our_opening_of_an_engine_says_what_the_librarys_says() -> None:
    parameters = ["self", "environ", "start_response", "transport", "jsonp_index"]
    theirs = inspect.getsource(engineio.Server._handle_connect)
    assert list(inspect.signature(engineio.Server._handle_connect).parameters) == parameters
    engine = Server(async_mode="threading").eio
    engine.sockets["sid"] = Socket(engine, "sid")
    for name in engine._opening("sid", "polling"):
        assert f"'{name}': " in theirs
    refusal = Server(async_mode="threading").eio._bad_request()
    assert set(refusal) == {"status", "headers", "response"}


def test_the_library_watches_no_clients_where_our_pings_do() -> None:
    assert "self.start_service_task = monitor_clients" in inspect.getsource(engineio.base_server.BaseServer.__init__)
    assert Server(async_mode="threading").eio.start_service_task is False


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("send", ["self", "pkt"]),
        ("poll", ["self"]),
        ("receive", ["self", "pkt"]),
        ("close", ["self", "wait", "abort", "reason"]),
        ("check_ping_timeout", ["self"]),
        ("schedule_ping", ["self"]),
        ("handle_get_request", ["self", "environ", "start_response"]),
        ("handle_post_request", ["self", "environ"]),
        ("_upgrade_websocket", ["self", "environ", "start_response"]),
        ("_websocket_handler", ["self", "ws"]),
    ],
)
def test_what_we_override_of_the_engines_sockets_is_still_there(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(LibrarySocket, name)).parameters) == parameters


def test_an_engine_is_upgraded_by_its_own_method_while_polls_are_held_back() -> None:
    source = inspect.getsource(LibrarySocket.handle_get_request)
    assert "getattr(self, '_upgrade_' + transport)(environ," in source
    assert "if self.upgrading or self.upgraded:" in source
    assert "packets = self.poll()" in source
    assert "packets = self.poll()" in inspect.getsource(LibrarySocket._websocket_handler)


def test_only_what_we_replaced_asks_the_wall_clock() -> None:
    source = inspect.getsource(LibrarySocket)
    replaced = (LibrarySocket.check_ping_timeout, LibrarySocket._send_ping)
    assert source.count("time.time()") == sum(inspect.getsource(part).count("time.time()") for part in replaced)
    assert Socket(Server(async_mode="threading").eio, "sid").last_ping < 1_000_000_000


def test_a_bare_refusal_of_the_engine_answers_the_request() -> None:
    assert "except exceptions.EngineIOError" in inspect.getsource(engineio.Server.handle_request)


def test_the_loop_watches_a_descriptor_for_us() -> None:
    hub = eventlet.hubs.hub.BaseHub
    assert list(inspect.signature(hub.add).parameters) == ["self", "evtype", "fileno", "cb", "tb", "mark_as_closed"]
    assert list(inspect.signature(hub.remove).parameters) == ["self", "listener"]
    assert list(inspect.signature(hub.schedule_call_global).parameters)[:3] == ["self", "seconds", "cb"]
    assert list(inspect.signature(hub.switch).parameters) == ["self"]
    assert "return self.greenlet.switch()" in inspect.getsource(hub.switch)  # what one was resumed with
    assert (eventlet.hubs.hub.READ, eventlet.hubs.hub.WRITE) == ("read", "write")
    assert callable(eventlet.hubs.notify_opened)


def test_a_request_that_became_a_websocket_gets_no_response() -> None:
    assert hasattr(eventlet.wsgi, "WSGI_LOCAL")
    handling = inspect.getsource(AsyncWorker.handle_request)
    assert "if self.is_already_handled(respiter):" in handling
    assert handling.index("is_already_handled") < handling.index("resp.write")
    assert "util.close(client)" in inspect.getsource(AsyncWorker.handle)  # its own copy; ours stays open


def test_what_is_held_for_an_instant_is_a_lock_of_the_systems_also_where_threads_are_green() -> None:
    program = (
        "import eventlet; eventlet.monkey_patch()\n"
        "from chat import concurrency, metrics\n"
        "for lock in concurrency.brief_lock(), metrics.DELIVERY_LAG._sum._lock: print(type(lock))"
    )
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:2] == [str(type(_thread.allocate_lock()))] * 2
    assert "self._lock = Lock()" in inspect.getsource(values.MutexValue)


def test_rooms_are_kept_where_the_library_looks_for_them() -> None:
    manager = Server(async_mode="threading").manager
    assert type(manager) is RoomManager
    sid = manager.pre_connect("engine", "/")
    manager.connect(sid, "/")
    manager.enter_room(sid, "/", "town")
    assert manager.eio_sid_from_sid(sid, "/") == "engine"
    assert manager.sid_from_eio_sid("engine", "/") == sid
    assert [list(manager.get_participants("/", room)) for room in ("town", sid)] == [[(sid, "engine")]] * 2
    manager.pre_disconnect(sid, "/")
    manager.disconnect(sid, "/")
    assert (manager.rooms, manager.of, manager.pending_disconnect) == ({}, {}, {})


def test_packets_are_written_in_strict_json_and_never_as_attachments() -> None:
    assert Server(async_mode="threading").packet_class is TextPacket
    with pytest.raises(ValueError, match="JSON"):
        TextPacket(encoded_packet='2["message",NaN]')
    with pytest.raises(ValueError, match="deep"):
        TextPacket(encoded_packet='2["message",' + "[" * 100 + "]" * 100 + "]")
    assert TextPacket(packet.EVENT, data=["message", float("nan")]).encode() == '2["message",null]'
    for other in (datetime.now(UTC), Event("stream", 0, 1, "message", {}), b"bytes", {1: "one"}, {"a set"}, "\ud800"):
        with pytest.raises(TypeError):
            TextPacket(packet.EVENT, data=["message", other]).encode()


@pytest.mark.parametrize("beside", ["", '"[{[{"', "[],[],[]"])
def test_how_deep_a_packet_may_be_nested_depends_on_nothing_else_in_it(beside: str) -> None:
    def nested(levels: int) -> str:
        """So many, counted with the packet's own, around a number."""
        return f'2["message",{beside and beside + ","}{"[" * (levels - 1)}1{"]" * (levels - 1)}]'

    assert TextPacket(encoded_packet=nested(MAX_DEPTH - 1)).data[0] == "message"
    with pytest.raises(ValueError, match="deep"):
        TextPacket(encoded_packet=nested(MAX_DEPTH))


def test_a_client_that_comes_back_by_polling_may_flush_a_day_of_writing() -> None:
    assert payload.Payload.max_decode_packets >= 1000


def test_what_the_engine_would_write_down_of_a_stranger_passes_through_us() -> None:
    assert list(inspect.signature(engineio.Server._log_error_once).parameters) == ["self", "message", "message_key"]
    assert list(inspect.signature(engineio.Server._bad_request).parameters) == ["self", "message"]
    assert Server(async_mode="threading").eio.log_message_keys == set()


def test_what_the_engine_says_of_a_connection_that_has_ended() -> None:
    server = Server(async_mode="threading")
    server.eio.sockets["gone"] = LibrarySocket(server.eio, "gone")
    server.eio.sockets["gone"].closed = True
    with pytest.raises(KeyError) as ended:
        server.eio._get_socket("gone")
    assert ended.value.args == GONE


@pytest.mark.parametrize("worker", [EventletWorker, DiscreetThreadWorker])
def test_both_workers_refuse_what_is_no_http_without_repeating_it(worker: type) -> None:
    assert worker.handle_error is Discreet.handle_error
    assert "def handle_error(self, req, client, addr, exc)" in inspect.getsource(Worker)


def test_everything_that_eventlet_waits_for_at_a_socket_goes_through_one_method() -> None:
    green = eventlet.greenio.base.GreenSocket
    parameters = ["self", "fd", "read", "write", "timeout", "timeout_exc"]
    assert list(inspect.signature(green._trampoline).parameters) == parameters
    assert "self._trampoline(" in inspect.getsource(green._read_trampoline)
    assert "self._read_trampoline()" in inspect.getsource(green._recv_loop)
    assert "self._trampoline(" in inspect.getsource(green._send_loop)
    assert "return type(self)(client), addr" in inspect.getsource(green.accept)  # ours accepts ours
    assert "self.send(" in inspect.getsource(green.sendall)


def test_gunicorn_reads_and_writes_by_the_methods_that_have_a_time() -> None:
    assert "self.sock.recv(" in inspect.getsource(SocketUnreader.chunk)
    assert "sock.sendall(" in inspect.getsource(util.write)
    assert "sock.sendall(" in inspect.getsource(util.write_chunk)
    handling = inspect.getsource(AsyncWorker.handle)
    assert "with self.timeout_ctx():\n                            req = next(parser)" in handling
    # Who is late is said nothing of in the log, as if the connection had been reset.
    assert "if e.errno not in (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN):" in handling
    assert Late().errno == errno.ECONNRESET


def test_gunicorns_threads_accept_and_end_connections_where_we_count_them() -> None:
    accepting = inspect.getsource(ThreadWorker.accept)
    assert "client_sock, client_addr = listener.accept()" in accepting
    assert "errno.ECONNABORTED" in accepting
    assert "listener.getsockname()" in accepting
    assert "self.tpool.submit(self.handle, conn)" in inspect.getsource(ThreadWorker.enqueue_req)
    assert "defer(self.finish_request, conn, fut)" in inspect.getsource(ThreadWorker.enqueue_req)
    closing = inspect.getsource(ThreadWorker.finish_request)
    assert "conn.close(graceful=True)" in closing  # by then ours is closed
    assert "self.sock.setblocking(True)" in inspect.getsource(TConn.close)
    assert "except OSError:\n            return" in inspect.getsource(util.close_graceful)
    assert list(inspect.signature(ThreadWorker.handle_request).parameters) == ["self", "req", "conn"]
