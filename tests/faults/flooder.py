"""Pours one frame into a server as fast as it is taken: `flooder PORT TOKEN FRAME [REPEATED TIMES]`.

Without a frame it comes in and goes again, over and over; with CALL it only opens connections.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from tests.doors.wire import Gone, Wire
from tests.support import Server


def main(port: str, token: str, frame: str, repeated: str = "", times: str = "0") -> None:
    """Until killed; hung up on, it comes back."""
    server = Server(Path(), port=int(port))
    while True:
        with suppress(*Gone, OSError):
            wire = Wire(server)
            if frame == "CALL":
                continue
            wire.connects(token)
            while frame:
                wire.sends(frame + repeated * int(times))
            wire.hangs_up()


if __name__ == "__main__":
    main(*sys.argv[1:])
