"""People who are connected and do nothing: `idlers PORT COUNT CHANNEL TOKEN…`, a process of its own.

It says how many are in once all are, and again, with how many were dropped, when its input is closed.
"""

from __future__ import annotations

import json
import sys
import threading

from tests.faults.callers import Callers, allow_files

AT_ONCE = 50  # are on their way in
PATIENCE = 600.0


def main(port: str, count: str, channel: str, *tokens: str) -> None:
    """Come in, look at a channel, and stay until nobody wants it any more."""
    allow_files(int(count) + 100)
    question = json.dumps(["subscribe", {"channel_id": channel}])
    callers = Callers(int(port))
    callers.come_in([(tokens[number % len(tokens)], question) for number in range(int(count))], PATIENCE, AT_ONCE)
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
