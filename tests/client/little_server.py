"""A Socket.IO server in this process that says only what a test wants: for what a real one rarely or never does."""

from __future__ import annotations

import logging
import threading
from typing import Any

import socketio
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)


class LittleServer:
    """Greets whoever connects, keeps what it is asked, and answers everything with ``answer``."""

    def __init__(self) -> None:
        self.hello = {"user": {"id": "me"}, "epoch": "1", "channels": [], "stream": "me", "seq": 0}
        self.says: list[tuple[str, Any]] = [("hello", self.hello)]
        self.answer: dict[str, Any] = {"ok": True, "data": {}}
        self.asked: list[tuple[str, Any]] = []
        self.connections = 0
        self.sio = socketio.Server(async_mode="threading")
        self.sio.on("connect", self._on_connect)
        self.sio.on("*", self._on_action)
        self.http = make_server("127.0.0.1", 0, socketio.WSGIApp(self.sio), threaded=True)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self) -> LittleServer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self.http.shutdown()
        self.http.server_close()

    def hang_up(self) -> None:
        """End every connection."""
        for sid in list(self.sio.eio.sockets):
            self.sio.eio.disconnect(sid)

    def _on_connect(self, sid: str, environ: Any, auth: Any) -> None:
        self.connections += 1
        self.sio.start_background_task(self._greet, sid)

    def _greet(self, sid: str) -> None:
        self.sio.sleep(0.05)  # after the CONNECT answer
        for name, payload in self.says:
            self.sio.emit(name, payload, to=sid)

    def _on_action(self, name: str, sid: str, payload: Any) -> Any:
        self.asked.append((name, payload))
        return self.answer
