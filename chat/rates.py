"""How fast anyone may ask: what is above it is refused with the time after which to try again."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chat.errors import ChatError

if TYPE_CHECKING:
    from chat.actors import Asker

FORGET_AT = 10_000  # keys after which those that are at rest again are let go
_RATE = re.compile(r"(\w+)=(\d+(?:\.\d+)?)/(\d+)")

# How fast each may be asked without the setting: on average a second, and at once.
DEFAULT = (
    "message=10/30, sync=5/50, create=1/30, typing=2/20, read=20/200, told=10000/100000, event=50/150, address=10/100"
)
# What each counts. All but the last two belong to a person, over all their sessions, tokens, connections and doors.
RATES = {
    "message": "messages, edits, deletions and reactions",
    "sync": "what reads a stretch of history or a list; a `sync` counts as one for every 20 streams it asks for",
    "create": "what makes or changes something that stays: channels, conversations, names, members, tokens, invites",
    "typing": "signs of typing",
    "read": "marks of how far somebody has read",
    "told": "kilobytes that all connections together receive by what somebody sends, changes or makes",
    "event": "all requests of one connection, or of one session over HTTP; a person has twice that over all of them",
    "address": "requests from one address without a sign-in, and every sign-in and sign-up",
}
TELLING = ("message", "create")  # what waits while what its events made others receive is not paid off
PERSON = "person"  # the pace of all events of a person; no setting of its own


@dataclass
class Pace:
    """``per_second`` on average, and ``burst`` at once, for each key (the generic cell rate algorithm).

    One number a key suffices: the moment at which all that was taken is paid off.
    """

    per_second: float
    burst: int
    paid_off: dict[str, float] = field(default_factory=dict)

    def take(self, key: str = "", amount: float = 1) -> float:
        """Take ``amount`` and return 0; or take nothing and return the seconds after which there will be enough."""
        moment = time.monotonic()
        if len(self.paid_off) > FORGET_AT:
            owing = list(self.paid_off.items())  # at once: other threads add to it meanwhile
            self.paid_off = {key: until for key, until in owing if until > moment}
        until = max(self.paid_off.get(key, moment), moment) + amount / self.per_second
        wait = until - moment - self.burst / self.per_second
        if wait > 1e-9:
            return wait
        self.paid_off[key] = until
        return 0.0

    def spend(self, key: str, amount: float) -> None:
        """Take ``amount`` even if it is not there: the next ``take`` waits until it is paid off."""
        moment = time.monotonic()
        self.paid_off[key] = max(self.paid_off.get(key, moment), moment) + amount / self.per_second


@dataclass
class Rates:
    """The paces of one app; none: everything may be asked as fast as it can be answered."""

    paces: Mapping[str, Pace] = field(default_factory=dict)

    def check(self, asker: Asker, rate: str) -> None:
        """Raise ChatError ``rate_limited`` when requests come too fast, before a look at the arguments."""
        if not self.paces:
            return
        if asker.user_id is None or rate == "address":
            self._take("address", asker.address)
        if asker.user_id is None:
            return
        self._take("event", asker.connection or asker.session_id or "")
        self._take(PERSON, asker.user_id)
        if rate in TELLING:
            self._take("told", asker.user_id, 0)

    def charge(self, asker: Asker, rate: str, amount: int) -> None:
        """Take ``amount`` of the rate that the action has of its own; raises ChatError ``rate_limited``.

        The whole amount or nothing, so that ``retry_after_ms`` is long enough.
        """
        if self.paces and asker.user_id is not None and rate not in ("event", "address"):
            self._take(rate, asker.user_id, min(amount, self.paces[rate].burst))

    def spend_told(self, asker: Asker, size: int) -> None:
        """Note how many bytes others received by what somebody did."""
        if size and asker.user_id is not None:
            self.paces["told"].spend(asker.user_id, size / 1000)

    def _take(self, rate: str, key: str, amount: float = 1) -> None:
        if wait := self.paces[rate].take(key, amount):
            raise ChatError("rate_limited", retry_after_ms=math.ceil(wait * 1000))


def parse(setting: str) -> Rates:
    """The setting RATE_LIMITS: ``off``, or changes to the usual ones such as ``message=20/60, sync=10/100``.

    Raises ValueError for anything else.
    """
    if setting == "off":
        return Rates()
    found: dict[str, Pace] = {}
    for part in filter(None, (part.strip() for part in f"{DEFAULT}, {setting}".split(","))):
        match = _RATE.fullmatch(part)
        if not match or match[1] not in RATES or float(match[2]) <= 0 or int(match[3]) < 1:
            raise ValueError(f"{part!r} is no rate")
        found[match[1]] = Pace(float(match[2]), int(match[3]))
    found[PERSON] = Pace(2 * found["event"].per_second, 2 * found["event"].burst)
    return Rates(found)
