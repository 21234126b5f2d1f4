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

# What each rate is counted for, and how fast it is without the setting: so many a second, so many at once.
#   message: one's messages, edits, deletions, reactions, over all doors together
#   sync:    what reads a whole stretch of history, likewise
#   event:   everything that is asked over one connection, or with one session over HTTP
#   address: what is asked by someone who is not signed in
DEFAULT = "message=10/30, sync=5/50, event=50/150, address=10/100"
RATES = ("message", "sync", "event", "address")


@dataclass
class Pace:
    """``per_second`` on average, and ``burst`` at once, for each key (the generic cell rate algorithm).

    One number a key suffices: the moment at which all that was taken is paid off.
    """

    per_second: float
    burst: int
    paid_off: dict[str, float] = field(default_factory=dict)

    def take(self, key: str = "") -> float:
        """Take one and return 0; or take nothing and return the seconds after which there will be one."""
        moment = time.monotonic()
        if len(self.paid_off) > FORGET_AT:
            owing = list(self.paid_off.items())  # at once: other threads add to it meanwhile
            self.paid_off = {key: until for key, until in owing if until > moment}
        until = max(self.paid_off.get(key, moment), moment) + 1 / self.per_second
        wait = until - moment - self.burst / self.per_second
        if wait > 1e-9:
            return wait
        self.paid_off[key] = until
        return 0.0


@dataclass
class Rates:
    """The paces of one app; none: everything may be asked as fast as it can be answered."""

    paces: Mapping[str, Pace] = field(default_factory=dict)

    def check(self, asker: Asker, rate: str | None) -> None:
        """Raise ChatError ``rate_limited`` when this is asked too fast; ``rate``: what the action counts as besides."""
        if not self.paces:
            return
        if asker.user_id is None:
            self._take("address", asker.address)
            return
        self._take("event", asker.connection or asker.session_id or "")
        if rate:
            self._take(rate, asker.user_id)

    def _take(self, rate: str, key: str) -> None:
        if wait := self.paces[rate].take(key):
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
    return Rates(found)
