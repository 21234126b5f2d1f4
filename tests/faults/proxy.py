"""A network between people and their server that misbehaves when told to."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

CHUNK = 65_536


@dataclass
class Proxy:
    """Forwards connections on its own loopback port to a server's, both ways."""

    to: int
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    open: set[socket.socket] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def hold_answers(self) -> None:
        """From now on nothing that the server says arrives; what it is told does."""
        self.answers.clear()

    def cut(self) -> None:
        """End every connection at once, with what was held; new ones work again."""
        for end in list(self.open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.answers.set()

    def close(self) -> None:
        """End it all."""
        self.listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self.to)) as far:
            self.open |= {near, far}
            back = threading.Thread(target=self._pump, args=(far, near, self.answers), daemon=True)
            back.start()
            self._pump(near, far, None)
            back.join()
            self.open -= {near, far}

    def _pump(self, source: socket.socket, sink: socket.socket, gate: threading.Event | None) -> None:
        """Carry bytes one way until either end is gone; what was read while the gate is shut is lost with a cut."""
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if gate:
                    gate.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
