"""The limits that the protocol names; hello tells them to every client."""

from __future__ import annotations

MAX_TEXT = 4000  # characters of a message
MAX_FRAME = 65_536  # bytes of a packet from a client
PAGE = 50  # messages in a page that does not say how many
MAX_PAGE = 200
MAX_CHANGES = 200  # changes of a stream that are replayed; more are answered with a fresh page
MAX_STREAMS = 200  # streams in one sync

LIMITS = {"text": MAX_TEXT, "frame": MAX_FRAME, "page": MAX_PAGE, "changes": MAX_CHANGES, "streams": MAX_STREAMS}
