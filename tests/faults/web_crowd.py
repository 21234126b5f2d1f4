"""A crowd: many clients in one process, told what to do line by line. In Node they are web clients without their pages.

Started with the path of a JSON file: {"url", "history", "seed", "transports", "members"}, each member
{"name", "user_id", "token", "channels", "outbox"}; in Python also "bare", who then speaks bare frames. It says
{"done": "ready"} when all are connected and subscribed, and answers each line {"do": …} with {"done": …}: `start`
(per_second), `stop` (asked), `rest` (timeout: at_rest, pending, applied), `dump`, `digest` (rows: digests) and `quit`.
"""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.support import PATIENCE, ROOT, Person, Server

PROGRAM = ROOT / "client" / "build" / "crowd.mjs"


def node() -> str:
    """Where node is: beside this Python, or in the PATH."""
    beside = Path(sys.executable).parent / "node"
    return str(beside) if beside.exists() else shutil.which("node") or ""


@dataclass
class WebCrowd:
    """The process; killed, it can be started again as a later life with the same outboxes."""

    kind: ClassVar[str] = "web"
    shelf: ClassVar[str] = "jsonl"
    folder: Path
    url: str
    people: list[tuple[Person, list[str]]]
    seed: int = 1
    life: int = 0
    histories: list[Path] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    _answers: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    @classmethod
    def of(cls, folder: Path, server: Server, people: Iterable[tuple[Person, list[str]]], **more: Any) -> WebCrowd:
        return cls(folder, server.url, list(people), **more)

    def start(self) -> WebCrowd:
        """Begin a life, and wait until everyone is connected."""
        self.life += 1
        self.histories.append(self.folder / f"{self.kind}.{self.life}.jsonl")
        config = self.folder / f"{self.kind}.json"
        config.write_text(json.dumps(self.config()))
        command = [*self.program(), str(config)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answers = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(self.process.stdout, self._answers), daemon=True).start()
        self.hears("ready", 30)
        return self

    def program(self) -> list[str]:
        """What to run."""
        if not PROGRAM.is_file() or not node():
            pytest.fail("needs node and the crowd: python3 dev.py test brings both (npm run build:crowd in client/)")
        return [node(), str(PROGRAM)]

    def config(self) -> dict[str, Any]:
        """Everything the process has to know."""
        life = f".{self.life}" if self.life > 1 else ""
        members = [
            {
                "name": f"{self.kind}-{number}{life}",
                "user_id": person.id,
                "token": person.token,
                "channels": channels,
                "outbox": str(self.folder / f"outbox-{number}.{self.shelf}"),
            }
            for number, (person, channels) in enumerate(self.people)
        ]
        files = {"url": self.url, "history": str(self.histories[-1])}
        return {**files, "seed": self.seed + self.life, "transports": ["websocket"], "members": members}

    def asks(self, do: str, patience: float = PATIENCE, **more: Any) -> dict[str, Any]:
        """Tell it to do something; what it answers."""
        assert self.process
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        return self.hears(do, patience)

    def rests(self, timeout: float = 20) -> dict[str, Any]:
        """Wait until everyone holds what the server has and nothing waits in an outbox."""
        rest = self.asks("rest", timeout + PATIENCE, timeout=timeout)
        assert rest["at_rest"], rest
        return rest

    def kill(self) -> None:
        """As a crash would, with whatever is on its way."""
        assert self.process
        self.process.kill()
        self._is_gone()

    def quit(self) -> None:
        """Close every connection and end."""
        self.asks("quit")
        assert self._is_gone() == 0

    def end(self) -> None:
        """Leave nothing behind, whatever happened."""
        if self.process:
            self.kill()

    def _is_gone(self) -> int:
        process, self.process = self.process, None
        assert process
        assert process.stdin
        process.stdin.close()
        return process.wait(PATIENCE)

    def hears(self, done: str, patience: float) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(self._answers.get(timeout=patience))
        except queue.Empty:
            raise AssertionError(f"the crowd did not answer {done} within {patience} s") from None
        assert answer.get("done") == done, answer
        return answer

    @staticmethod
    def _listen(stdout: Any, answers: queue.SimpleQueue[str]) -> None:
        with stdout:
            for line in stdout:
                answers.put(line)
        answers.put('{"done": "nothing: the process has ended"}')


@dataclass
class PythonCrowd(WebCrowd):
    """The same in Python: tests/faults/crowd.py. Some speak bare frames, the others use chat.client."""

    kind: ClassVar[str] = "py"
    shelf: ClassVar[str] = "db"
    bare: Collection[int] = ()  # which of the people

    def program(self) -> list[str]:
        return [sys.executable, "-m", "tests.faults.crowd"]

    def config(self) -> dict[str, Any]:
        config = super().config()
        for number, member in enumerate(config["members"]):
            member["bare"] = number in self.bare
            if member["bare"]:
                member["name"] = member["name"].replace(self.kind, "bare")
        return config
