"""A crowd in Python: clients of chat.client, and some that speak bare frames, told what to do line by line.

python -m tests.faults.crowd CONFIG.json; web_crowd.py says what stands in there, what it is told and what it answers.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chat.client import Client, ClientError, Message
from tests.faults.bare_member import BareMember
from tests.faults.history import History, Row, digest, row_name

READY_SECONDS = 60.0
LATELY = 40  # messages of a channel that one may still edit, react to, reply to or delete
KEEP = 2_000
WAITING_AT_MOST = 40  # who sees so much of theirs waiting writes no more: see client/tests/crowd/main.ts
EMOJI = ("👍", "🎉", "👀", ":tada:")


class Member:
    """Someone of the crowd: a client, and what it saw lately. Everything it does goes into the history."""

    def __init__(self, config: dict[str, Any], url: str, transports: list[str], history: History) -> None:
        self.name, self.user_id, self.channels = config["name"], config["user_id"], config["channels"]
        self.history = history
        self.applied = 0
        self.lately: dict[str, deque[Row]] = defaultdict(lambda: deque(maxlen=LATELY))
        options = {"outbox": config["outbox"], "transports": transports, "keep": KEEP}
        self.chat = Client(url, config["token"], **options, trace=self.trace)

    def trace(self, do: str, row: Row | None = None, **fields: Any) -> None:
        """Write a line, with the digest in the row's place."""
        if do == "applied":
            self.applied += 1
        if row is not None:
            fields |= {"row": row_name(row), "changed_seq": row["changed_seq"], "digest": digest(row)}
            if "client_msg_id" in row and not row["deleted_at"]:
                self.lately[row["channel_id"]].append(row)
        self.history.add(self.name, self.user_id, do, **fields)

    def acts(self, dice: random.Random, number: int) -> None:
        """Do one thing: mostly say something, sometimes in a thread; else something to a message seen lately."""
        channel_id = dice.choice(self.channels)
        seen = list(self.lately[channel_id])
        mine = [row for row in seen if row["user_id"] == self.user_id and row["kind"] == "user"]
        roots = [row for row in seen if row["thread_id"] is None]
        chance = dice.random()
        if chance < 0.8 or not seen:
            root = dice.choice(roots)["id"] if roots and chance < 0.1 else None
            self.chat.send(channel_id, f"{self.name} says {number} {dice.choice(EMOJI)}", root)
        elif chance < 0.87 and mine:
            self.chat.edit(Message.from_dict(dice.choice(mine)), f"{self.name} means {number}")
        elif chance < 0.9 and mine:
            self.chat.delete(Message.from_dict(dice.choice(mine)))
        elif chance < 0.97:
            self.chat.react(Message.from_dict(dice.choice(seen)), dice.choice(EMOJI))
        else:
            self.chat.unreact(Message.from_dict(dice.choice(seen)), dice.choice(EMOJI))

    @property
    def pending(self) -> int:
        return self.chat.pending

    def open(self) -> None:
        self.chat.open()

    def ready(self, seconds: float) -> None:
        self.chat.ready(seconds)

    def close(self) -> None:
        self.chat.close()

    def is_at_rest(self) -> bool:
        """Nothing waits to be sent, and everything that the server has is here."""
        try:
            return not self.chat.pending and self.chat.heads() == self.chat.cursors()
        except ClientError:
            return False

    def dump(self) -> None:
        """Write what is held of every stream."""
        for stream, held in self.chat.snapshot().items():
            rows = {id: [row["changed_seq"], digest(row)] for id, row in held["rows"].items()}
            self.trace("holds", stream=stream, cursor=held["cursor"], low=held["low"], rows=rows)


class Crowd:
    """All members, and one thread that makes them act."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.history = History(config["history"])
        self.dice = random.Random(config["seed"])
        self.members: list[Member | BareMember] = [
            BareMember(member, config["url"], self.history)
            if member["bare"]
            else Member(member, config["url"], config["transports"], self.history)
            for member in config["members"]
        ]
        self.asked = 0
        self.acting = threading.Event()
        self.actor: threading.Thread | None = None

    def start(self, per_second: float) -> dict[str, Any]:
        """Begin to act at random."""
        self.acting.set()
        self.actor = threading.Thread(target=self._act, args=(1 / per_second,), daemon=True)
        self.actor.start()
        return {}

    def stop(self) -> dict[str, Any]:
        """Act no more."""
        self.acting.clear()
        if self.actor:
            self.actor.join()
        return {"asked": self.asked}

    def rest(self, timeout: float) -> dict[str, Any]:
        """Wait until nothing is missing anywhere."""
        end = time.monotonic() + timeout
        while not (at_rest := all(member.is_at_rest() for member in self.members)) and time.monotonic() < end:
            time.sleep(0.1)
        pending = sum(member.pending for member in self.members)
        return {"at_rest": at_rest, "pending": pending, "applied": sum(member.applied for member in self.members)}

    def dump(self) -> dict[str, Any]:
        """Write what everyone holds."""
        for member in self.members:
            member.dump()
        return {}

    def open(self) -> None:
        """Connect everyone, and wait until all follow their channels."""
        for member in self.members:
            member.open()
        for member in self.members:
            member.ready(READY_SECONDS)

    def close(self) -> None:
        """Hang up, and leave everything written."""
        self.stop()
        for member in self.members:
            member.close()
        self.history.close()

    def _act(self, pause: float) -> None:
        due = time.monotonic()
        while self.acting.is_set():
            self.asked += 1
            member = self.dice.choice(self.members)
            if member.pending < WAITING_AT_MOST:
                member.acts(self.dice, self.asked)
            due += pause
            time.sleep(max(0.0, due - time.monotonic()))


def answer(done: str, **more: Any) -> None:
    """Say on a line of its own that something is done."""
    print(json.dumps({"done": done, **more}), flush=True)


def main() -> None:
    """Do what each line says, until it says quit or there are no more."""
    crowd = Crowd(json.loads(Path(sys.argv[1]).read_text()))
    commands: dict[str, Callable[..., dict[str, Any]]] = {
        "start": crowd.start,
        "stop": crowd.stop,
        "rest": crowd.rest,
        "dump": crowd.dump,
    }
    crowd.open()
    answer("ready")
    for line in sys.stdin:
        command = json.loads(line)
        do = command.pop("do")
        if do == "quit":
            break
        answer(do, **commands[do](**command))
    crowd.close()
    answer("quit")


if __name__ == "__main__":
    main()
