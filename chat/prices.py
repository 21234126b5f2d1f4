"""What an action costs beyond being asked: by how much it reads, and by how much it makes others receive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from chat.journal import Events

STREAMS_OF_ONE = 20  # streams of a sync that count as one thing asked
FRAME = 700  # bytes of an event around a message's text
EACH = 30  # bytes of a person who is named in it
NEWS = 400  # bytes of what a connection is told that does not look

Fields = Mapping[str, Any]
Audience = Callable[[str], tuple[int, int]]  # of a stream: the connections that listen to it, and that only count


def one(_arguments: Fields) -> int:
    """What costs the same whatever its arguments are."""
    return 1


def by_streams(arguments: Fields) -> int:
    """A sync, by the streams it asks for: each of them is looked up, whether anything changed there or not."""
    return ceil(len(arguments["cursors"]) / STREAMS_OF_ONE) or 1


def of_events(events: Events, audience: Audience) -> int:
    """The bytes that all connections together receive by an action's events, without writing a frame to know it."""
    total = 0
    for stream, told in events.items():
        listening, counting = audience(stream)
        for event in told:
            message = event.body.get("message")
            total += listening * (of_message(message) if message else FRAME) + counting * NEWS
    return total


def of_message(message: Fields) -> int:
    """The bytes of a message's event, about."""
    text = message["text"]
    size = FRAME + len(text) * (1 if text.isascii() else 3) + EACH * len(message["mentions"])
    for reaction in message["reactions"]:
        size += 2 * EACH + EACH * len(reaction["user_ids"])
    return size
