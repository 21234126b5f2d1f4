"""The private parts of python-socketio, python-engineio and eventlet that we lean on: each fails here on an upgrade.

realtime/server.py, engine.py and websocket.py name them.
When one of these tests fails after an upgrade, read the new source before mending.
"""

from __future__ import annotations

import inspect
from importlib.metadata import version

import engineio
import pytest
import socketio
from engineio import payload
from engineio import socket as engine_socket
from engineio.async_drivers import eventlet as eventlet_driver
from engineio.async_drivers import threading as threading_driver
from eventlet import websocket as eventlet_websocket
from eventlet.websocket import RFC6455WebSocket, WebSocketWSGI
from gunicorn.workers.base import Worker
from socketio import packet

from chat.realtime.discreet import Discreet
from chat.realtime.engine import GONE, Engine, Socket
from chat.realtime.server import Server, TextPacket
from chat.realtime.threaded import DiscreetThreadWorker
from chat.realtime.websocket import FairWebSocket
from chat.realtime.worker import EventletWorker

LibrarySocket = Socket.__base__  # ours has taken its place in the module

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


def test_the_engine_takes_its_websocket_from_a_table_we_can_replace() -> None:
    assert "self.server._async['websocket']" in inspect.getsource(LibrarySocket._upgrade_websocket)
    for driver in (eventlet_driver, threading_driver):
        assert set(driver._async) >= {"thread", "queue", "queue_empty", "event", "websocket", "sleep"}
    server = Server(async_mode="threading")
    assert server.eio._async is not threading_driver._async
    assert issubclass(server.eio._async["websocket"], threading_driver._async["websocket"])


def test_eventlets_websocket_negotiates_by_the_header_we_take_away() -> None:
    assert "HTTP_SEC_WEBSOCKET_EXTENSIONS" in inspect.getsource(WebSocketWSGI)
    assert "support_legacy_versions" in inspect.getsource(WebSocketWSGI.__init__)
    assert "environ['eventlet.input'].get_socket()" in inspect.getsource(eventlet_driver.WebSocketWSGI.__call__)


def test_a_socket_can_be_closed_without_waiting_for_its_client() -> None:
    assert list(inspect.signature(LibrarySocket.close).parameters) == ["self", "wait", "abort", "reason"]
    assert isinstance(engineio.Server(async_mode="threading").sockets, dict)


def test_the_engine_and_its_sockets_are_of_classes_we_can_replace() -> None:
    assert "socket.Socket(self, sid)" in inspect.getsource(engineio.Server._handle_connect)
    assert list(inspect.signature(LibrarySocket.handle_post_request).parameters) == ["self", "environ"]
    assert "except exceptions.EngineIOError" in inspect.getsource(engineio.Server.handle_request)
    server = Server(async_mode="threading")
    assert type(server.eio) is Engine
    assert engineio.server.socket.Socket is Socket
    assert server.environ == {}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("send", ["self", "pkt"]),
        ("poll", ["self"]),
        ("receive", ["self", "pkt"]),
        ("check_ping_timeout", ["self"]),
        ("_send_ping", ["self"]),
        ("_websocket_handler", ["self", "ws"]),
    ],
)
def test_what_we_override_of_the_engines_sockets_is_still_there(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(LibrarySocket, name)).parameters) == parameters


def test_all_that_is_written_passes_through_the_queue_we_bound() -> None:
    written = inspect.getsource(LibrarySocket._websocket_handler)
    assert "packets = self.poll()" in written
    assert "packets = self.poll()" in inspect.getsource(LibrarySocket.handle_get_request)
    assert "self.queue.put(pkt)" in inspect.getsource(LibrarySocket.send)


def test_the_clock_of_the_pings_is_asked_only_where_we_replaced_it() -> None:
    # The first ping of a socket's life is stamped by its maker, and ours stamps it again.
    assert inspect.getsource(engine_socket).count("time.time()") == 2
    server = Server(async_mode="threading")
    assert Socket(server.eio, "sid").last_ping < 1_000_000_000


def test_a_refused_handshake_is_answered_as_the_engine_answers_its_own() -> None:
    parameters = ["self", "environ", "start_response", "transport", "jsonp_index"]
    assert list(inspect.signature(engineio.Server._handle_connect).parameters) == parameters
    refusal = Server(async_mode="threading").eio._bad_request()
    assert set(refusal) == {"status", "headers", "response"}


def test_eventlet_makes_its_websocket_of_the_class_we_replace() -> None:
    assert "return RFC6455WebSocket(sock, environ" in inspect.getsource(WebSocketWSGI)
    assert "self._recv_frame(message=fragmented_message)" in inspect.getsource(RFC6455WebSocket._iter_frames)
    reading = inspect.getsource(RFC6455WebSocket._recv_frame)
    assert "self.Message(" in reading
    assert "message.push(d, final=finished)" in reading
    assert "self._apply_mask(d, mask, length=dlen, offset=received)" in reading
    assert list(inspect.signature(RFC6455WebSocket.Message.push).parameters) == ["self", "data", "final"]
    assert issubclass(eventlet_websocket.FailedConnectionError, Exception)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 1000])
@pytest.mark.parametrize("offset", [0, 1, 2, 3, 5])
def test_unmasking_is_what_eventlets_own_is(size: int, offset: int) -> None:
    data, mask = bytes(number % 256 for number in range(size)), (7, 130, 0, 255)
    slow = RFC6455WebSocket._apply_mask(data, mask, length=size, offset=offset)
    assert FairWebSocket._apply_mask(data, mask, length=size, offset=offset) == slow


def test_packets_are_written_in_strict_json_and_never_as_attachments() -> None:
    assert Server(async_mode="threading").packet_class is TextPacket
    with pytest.raises(ValueError, match="JSON"):
        TextPacket(encoded_packet='2["message",NaN]')
    with pytest.raises(ValueError, match="deep"):
        TextPacket(encoded_packet='2["message",' + "[" * 100 + "]" * 100 + "]")
    with pytest.raises(ValueError, match="JSON"):
        TextPacket(packet.EVENT, data=["message", float("nan")]).encode()


def test_a_client_that_comes_back_by_polling_may_flush_a_day_of_writing() -> None:
    assert payload.Payload.max_decode_packets >= 1000


def test_what_the_engine_would_write_down_of_a_stranger_passes_through_us() -> None:
    assert list(inspect.signature(engineio.Server._log_error_once).parameters) == ["self", "message", "message_key"]
    assert list(inspect.signature(engineio.Server._bad_request).parameters) == ["self", "message"]
    assert Server(async_mode="threading").eio.log_message_keys == set()


def test_what_the_engine_says_of_a_connection_that_has_ended() -> None:
    server = Server(async_mode="threading")
    server.eio.sockets["gone"] = engine_socket.Socket(server.eio, "gone")
    server.eio.sockets["gone"].closed = True
    with pytest.raises(KeyError) as ended:
        server.eio._get_socket("gone")
    assert ended.value.args == GONE


@pytest.mark.parametrize("worker", [EventletWorker, DiscreetThreadWorker])
def test_both_workers_refuse_what_is_no_http_without_repeating_it(worker: type) -> None:
    assert worker.handle_error is Discreet.handle_error
    assert "def handle_error(self, req, client, addr, exc)" in inspect.getsource(Worker)
