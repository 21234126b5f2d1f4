"""Servers that a test starts, freezes, kills and brings back: a process of its own, with a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT_LENDS = "nobody"  # whose PostgreSQL refuses to run as root


class Missing(Exception):
    """A server that the tests need is not on this machine; the text says how to get it."""


def package_folder(name: str) -> Path | None:
    """Where an installed package lies; it is not imported."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def is_root() -> bool:
    return os.geteuid() == 0


class Program:
    """One server process. Its folder is not pytest's: those are closed to the user that root lends."""

    def __init__(self, name: str, user: str | None = None) -> None:
        self.user = user
        self.folder = Path(tempfile.mkdtemp(prefix=f"parley-{name}-"))
        if user:
            shutil.chown(self.folder, user)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        return self.folder / "log"

    @property
    def pid(self) -> int:
        assert self.process, "it does not run"
        return self.process.pid

    def launch(self, *command: str | Path) -> None:
        """Start it; what it says goes to its log."""
        with self.log_file.open("ab") as log:
            words = list(map(str, command))
            self.process = subprocess.Popen(
                words, cwd=self.folder, user=self.user, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def insist(self) -> None:
        """Fail, with what it said, if it has ended by itself."""
        if self.process and self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.log_file.read_text()}")

    def send(self, number: int) -> None:
        os.kill(self.pid, number)

    def end(self, number: int = signal.SIGTERM) -> None:
        """Stop it by a signal, and wait until it is gone."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(30)
        self.process = None

    def remove(self) -> None:
        """End it for good, and take its folder away."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
