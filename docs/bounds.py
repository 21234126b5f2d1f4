"""The table of limits in security.md: what is bounded, where the figure stands in the code, and what happens above it.

A test walks the package for figures that begin with ``MAX_`` and finds the ones that are missing here.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple


class Bound(NamedTuple):
    """One limit: what it bounds, its figures (module below ``chat``, colon, name), their unit, what one gets above."""

    what: str
    figures: tuple[str, ...]
    unit: str
    above: str

    def values(self) -> str:
        """The figures as the code has them now."""
        return ", ".join(written(value_of(figure)) for figure in self.figures)


def value_of(figure: str) -> Any:
    """What a figure is at the moment."""
    module, name = figure.split(":")
    return getattr(import_module(f"chat.{module}"), name)


def written(value: Any) -> str:
    """A figure as people read it; two figures of a pace with their conjunction."""
    if isinstance(value, tuple):
        return " and ".join(written(each) for each in value)
    return f"{value:,.10g}"


INVALID = "`invalid_arguments`, naming the field"
CUT = "the connection is cut"
CAUGHT_UP = "cut off; on coming back it catches up"

BOUNDS = (
    # What is sent
    Bound("a request's body", ("limits:MAX_BODY",), "bytes", "`too_large`"),
    Bound("a body of somebody who is not signed in", ("limits:MAX_STRANGERS_BODY",), "bytes", "`too_large`"),
    Bound("a packet of a live connection", ("limits:MAX_FRAME",), "bytes", CUT),
    Bound("a JSON document", ("strict_json:MAX_DEPTH",), "levels", "`invalid_arguments`"),
    Bound("the arguments of an action", ("limits:MAX_ARGUMENTS",), "of them", "`invalid_arguments`"),
    Bound("a message's text", ("limits:MAX_TEXT",), "characters", "`msg_too_long`"),
    Bound(
        "a channel's name, its topic", ("schemas.params:MAX_NAME", "schemas.params:MAX_TOPIC"), "characters", INVALID
    ),
    Bound("a name or address brought into one form", ("limits:MAX_FOLDED",), "characters", "`invalid_arguments`"),
    Bound("a token, a ticket", ("limits:MAX_CREDENTIAL", "tickets:MAX_TICKET"), "characters", "`not_authed`"),
    Bound("files of a message", ("schemas.params:MAX_FILES",), "of them", INVALID),
    Bound("mentions of a message", ("limits:MAX_MENTIONS",), "of them", "cannot be more in a text of that length"),
    Bound("different emoji on a message", ("limits:MAX_EMOJI",), "of them", "`invalid_emoji`"),
    Bound("the name of a custom emoji", ("text:MAX_CUSTOM_EMOJI",), "characters", "`invalid_emoji`"),
    Bound("people of a direct conversation", ("actions.direct_messages:MAX_PEOPLE",), "with its maker", INVALID),
    Bound("people named when one is opened", ("schemas.params:MAX_ADDRESSED",), "of them", INVALID),
    Bound("channels of an invite", ("schemas.params:MAX_INVITED",), "of them", INVALID),
    Bound("streams of a `sync`", ("limits:MAX_STREAMS",), "of them", INVALID),
    Bound("malformed packets of a connection", ("realtime.server:MAX_OFFENCES",), "of them", CUT),
    Bound("a namespace that is said again", ("realtime.server:MAX_NAMESPACE",), "characters", "not said again"),
    Bound("a control frame", ("realtime.transport.frames:MAX_CONTROL",), "bytes", CUT),
    # What is answered
    Bound("a list in one answer", ("limits:MAX_LISTED",), "entries", "the next page, by `next`"),
    Bound("invites in one answer", ("limits:MAX_INVITES_LISTED",), "of them", "the next page, by `next`"),
    Bound("messages in a page", ("limits:MAX_PAGE",), "of them", "the next page"),
    Bound("channels in a `hello`", ("limits:MAX_LISTED",), "of them", "`truncated`; the rest by `GET /channels`"),
    Bound("changes of a stream in a `sync`", ("limits:MAX_CHANGES",), "of them", "`limited`: a page instead"),
    Bound("changes in one answer to `sync`", ("limits:MAX_SYNCED",), "of all streams", "`limited` for the rest"),
    Bound("people named of a reaction", ("limits:MAX_REACTING_USERS",), "of them", "counted, not named"),
    # What can be held open
    Bound("a request, head and body", ("realtime.places:REQUEST_WITHIN",), "seconds", CUT),
    Bound("the pace of taking an answer", ("realtime.places:SLOWEST",), "bytes a second at least", CUT),
    Bound("a body that nobody wanted", ("realtime.places:DRAINED",), "bytes", CUT),
    Bound("an engine that never joins", ("realtime.transport.engine:JOIN_WITHIN",), "seconds", "it is closed"),
    Bound("the change to a websocket", ("realtime.transport.live:PROBED_WITHIN",), "seconds", "it is closed"),
    Bound(
        "new connections from one address",
        ("limits:CALLS_PER_SECOND",),
        "a second, and at once",
        "429; a client tries again by itself",
    ),
    Bound("packets read of a connection", ("limits:FRAMES_PER_SECOND",), "a second, and at once", "read later"),
    Bound("events that wait for one reader", ("limits:MAX_BACKLOG_PACKETS",), "of them", CAUGHT_UP),
    Bound("bytes that wait for one reader", ("limits:MAX_BACKLOG_BYTES",), "bytes", CAUGHT_UP),
    Bound("answers that wait for one client", ("limits:MAX_UNREAD_ANSWERS",), "bytes", "nothing more is read from it"),
    Bound("frames that wait for one gateway connection", ("aws.post:MAX_WAITING",), "of them", CAUGHT_UP),
    Bound(
        "a frame to the API Gateway",
        ("aws.post:MAX_MESSAGE",),
        "bytes",
        "an event: a gap, caught up; an answer: `too_large`",
    ),
    Bound("an id the API Gateway gives", ("aws.events:MAX_ID",), "characters", "refused"),
    Bound("a request id that is said again", ("aws.gateway:MAX_REQUEST_ID",), "characters", "not said again"),
    Bound("an event over AppSync", ("aws.appsync:MAX_EVENT",), "bytes", "a gap, which is caught up"),
    Bound("events that wait for AppSync", ("aws.appsync:MAX_WAITING",), "of all streams", "a gap, which is caught up"),
    # Who may be tried, and how often
    Bound(
        "wrong passwords before waiting",
        ("actions.sessions:FREE_ATTEMPTS",),
        "for an account from an address",
        "`rate_limited`; the wait doubles up to 15 minutes",
    ),
    Bound("passwords hashed at a time", ("concurrency:SLOW_AT_ONCE",), "of them", "the next waits"),
)


def rows() -> list[tuple[str, str, str, str]]:
    """The table's rows."""
    return [(bound.what, bound.values(), bound.unit, bound.above) for bound in BOUNDS]
