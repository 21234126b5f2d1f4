"""Places where tests break the server on purpose. Without the setting CHAT_FAILPOINTS, which is refused where others
can reach the server, they do nothing.

The setting is a list such as ``after_commit:exit@3, in_dispatch:sleep=0.2``: at that point, do that, from the third
time on. Effects: ``exit`` (die at once, as by a power cut), ``raise``, ``sleep=SECONDS``. ``clock:+60`` moves the wall
clock. ``@FILE`` reads the list from a file, again whenever it changes, so that a test can arm a server that runs.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

POINTS = ("before_transaction", "before_commit", "after_commit", "after_ack", "in_dispatch", "before_hint", "clock")
_EFFECT = re.compile(r"(exit|raise|sleep=\d+(?:\.\d+)?)(?:@(\d+))?")
_CLOCK = re.compile(r"[+-]\d+(?:\.\d+)?")


class Broken(Exception):
    """What a failpoint raises."""


@dataclass
class Effect:
    """What happens at a point, once it was passed ``after`` times."""

    name: str
    after: int = 1
    passed: int = 0

    def come_about(self) -> None:
        self.passed += 1
        if self.passed < self.after:
            return
        kind, _, seconds = self.name.partition("=")
        if kind == "exit":
            os._exit(137)
        if kind == "raise":
            raise Broken("a failpoint")
        time.sleep(float(seconds))


@dataclass
class Failpoints:
    """The armed points of this process; ``file`` is where they are read from anew, if anywhere."""

    effects: dict[str, Effect]
    clock: float = 0.0
    file: Path | None = None
    written: int = 0

    def hit(self, point: str) -> None:
        self.refresh()
        if effect := self.effects.get(point):
            effect.come_about()

    def refresh(self) -> None:
        """Read the file again if it changed."""
        if self.file is None:
            return
        try:
            written = self.file.stat().st_mtime_ns
        except FileNotFoundError:
            written = 0
        if written != self.written:
            self.effects, self.clock = parse(self.file.read_text() if written else "")
            self.written = written  # last: until then every thread looks for itself


_active: Failpoints | None = None


def hit(point: str) -> None:
    """Pass a point; what happens there depends on the setting."""
    if _active:
        _active.hit(point)


def activate(setting: str) -> None:
    """Arm this process; raises ValueError for what is no list of failpoints."""
    global _active  # noqa: PLW0603 - a process has one clock and one death
    if not setting:
        _active = None
        return
    file = Path(setting[1:]) if setting.startswith("@") else None
    effects, clock = parse("" if file else setting)
    armed = _active = Failpoints(effects, clock, file)
    real, real_ns = time.time, time.time_ns

    def shift() -> float:
        armed.refresh()
        return armed.clock

    time.time = lambda: real() + shift()
    time.time_ns = lambda: real_ns() + int(shift() * 1_000_000_000)


def parse(text: str) -> tuple[dict[str, Effect], float]:
    """The effects by their points, and by how many seconds the wall clock is off."""
    effects: dict[str, Effect] = {}
    clock = 0.0
    for part in filter(None, (part.strip() for part in text.split(","))):
        point, _, effect = part.partition(":")
        if point == "clock" and _CLOCK.fullmatch(effect):
            clock = float(effect)
        elif point in POINTS and point != "clock" and (found := _EFFECT.fullmatch(effect)):
            effects[point] = Effect(found[1], int(found[2] or 1))
        else:
            raise ValueError(f"{part!r} is no failpoint")
    return effects, clock
