"""People who are connected and do nothing: `idlers PORT COUNT CHANNEL TOKEN…`, a process of its own.

It says how many are in once all are, and again, with how many were dropped, when its input is closed.
"""

from __future__ import annotations

import json
import sys
import threading
import time

from tests.faults.callers import Callers, allow_files

PER_SECOND = 400  # people come in one after the other
PATIENCE = 60.0


def main(port: str, count: str, channel: str, *tokens: str) -> None:
    """Come in, look at a channel, and stay until nobody wants it any more."""
    allow_files(int(count) + 100)
    question = json.dumps(["subscribe", {"channel_id": channel}])
    callers, began = Callers(int(port)), time.monotonic()
    while len(callers.everyone) < int(count):
        for number in range(len(callers.everyone), min(int(count), int((time.monotonic() - began) * PER_SECOND) + 1)):
            callers.call(tokens[number % len(tokens)], question)
        callers.listen(0.01)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and callers.count("in") + callers.count("gone") < int(count):
        callers.listen(0.1)
    say(callers)
    wanted = threading.Thread(target=sys.stdin.read, daemon=True)
    wanted.start()
    while wanted.is_alive():
        callers.listen(0.1)
    say(callers)
    callers.close()


def say(callers: Callers) -> None:
    there = callers.count("in")
    sys.stdout.write(json.dumps({"in": there, "missing": len(callers.everyone) - there}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
