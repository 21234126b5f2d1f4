"""The private parts of python-socketio, python-engineio and eventlet that we lean on: each fails here on an upgrade.

realtime/server.py names them. When one of these tests fails after an upgrade, read the new source before mending.
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
from eventlet.websocket import WebSocketWSGI
from socketio import packet

from chat.realtime.server import Engine, PollingSocket, Server, TextPacket

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
        ("_handle_eio_disconnect", ["self", "eio_sid", "reason"]),
        ("_send_packet", ["self", "eio_sid", "pkt"]),
    ],
)
def test_what_we_override_or_call_of_the_server_is_still_there(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(socketio.Server, name)).parameters) == parameters


def test_the_engine_hands_messages_over_without_a_thread_each() -> None:
    assert "run_async=self.server.async_handlers" in inspect.getsource(engine_socket.Socket.receive)
    server = Server(async_mode="threading")
    assert server.async_handlers is False
    assert server.eio.async_handlers is False


def test_the_engine_takes_its_websocket_from_a_table_we_can_replace() -> None:
    assert "self.server._async['websocket']" in inspect.getsource(engine_socket.Socket._upgrade_websocket)
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
    assert list(inspect.signature(engine_socket.Socket.close).parameters) == ["self", "wait", "abort", "reason"]
    assert isinstance(engineio.Server(async_mode="threading").sockets, dict)


def test_the_engine_and_its_sockets_are_of_classes_we_can_replace() -> None:
    assert "socket.Socket(self, sid)" in inspect.getsource(engineio.Server._handle_connect)
    assert list(inspect.signature(engine_socket.Socket.handle_post_request).parameters) == ["self", "environ"]
    assert "except exceptions.EngineIOError" in inspect.getsource(engineio.Server.handle_request)
    server = Server(async_mode="threading")
    assert type(server.eio) is Engine
    assert engineio.server.socket.Socket is PollingSocket
    assert server.environ == {}


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
