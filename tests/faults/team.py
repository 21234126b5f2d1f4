"""A team that chats while its server is being broken: people, their channels, a crowd of clients, and a bad network."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from tests.faults import audit
from tests.faults.checker import Verdict, check
from tests.faults.outcomes import Restore
from tests.faults.proxy import Proxy
from tests.faults.snapshot import take_snapshots
from tests.faults.truth import Truth
from tests.faults.web_crowd import PythonCrowd, WebCrowd
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis
from tests.support import Person, Server, until

REST = 30.0  # seconds within which everything must have come to rest after the faults
BOTS = 4  # one in so many people uses a program in place of the page, and
BARE = 2  # one in so many of these programs speaks bare frames
TICK = 1.5  # seconds within which a process finds by its poll what another one committed last
LATEST = 400  # messages of each channel that are compared over REST


@dataclass
class Team:
    """People who signed up on a server, and the channels that all of them are in; the last one is private."""

    server: Server
    people: list[Person]
    channels: list[str]
    postgres: Postgres | None = None  # where its data is, or else in SQLite

    @classmethod
    def gather(cls, folder: Path, members: int, postgres: Postgres | None = None) -> Team:
        """Make it once; ``on`` gives each run a copy."""
        folder.mkdir(parents=True, exist_ok=True)
        server = Server(folder, database=postgres.database() if postgres else "").start()
        owner = server.owner()
        channels = [owner.opens("public") for _ in range(3)] + [owner.opens("private") for _ in range(2)]
        people = [owner]
        for number in range(members - 1):
            invite = owner.post("/invites", {"channel_ids": channels}).expect(201).data["invite"]
            person = server.stranger(f"member-{number}")
            person.sign_up(invite).expect(201)
            people.append(person.sign_in())
        assert all(person.token for person in people)
        server.stop()
        return cls(server, people, channels, postgres)

    def on(self, folder: Path, **settings: str) -> Team:
        """The same team on a server of its own, with its data as it was."""
        folder.mkdir(parents=True, exist_ok=True)
        for file in [*self.server.folder.glob("chat.db*"), self.server.folder / "secret_key"]:
            shutil.copy(file, folder)
        database = self.postgres.database(self.server.database) if self.postgres else ""
        rates = "create=100/1000"  # the faults take people out and let them in faster than anybody would
        settings = {"RATE_LIMITS": rates, **settings, "CHAT_FAILPOINTS": f"@{folder / 'failpoints'}"}
        server = Server(folder, settings, database)
        people = [replace(person, server=server) for person in self.people]
        return Team(server, people, self.channels, self.postgres)


class Backup(NamedTuple):
    """Where it is, and when it was begun."""

    file: Path
    began: float


@dataclass
class Run:
    """One run of a team under faults: some of its people use web clients, some programs."""

    team: Team
    proxy: Proxy
    crowds: list[WebCrowd]
    began: float = field(default_factory=time.monotonic)
    notes: dict[str, list[float]] = field(default_factory=dict)  # what was measured on the way, in seconds
    ended: list[tuple[Truth, Restore]] = field(default_factory=list)  # epochs as they were, and what ended each
    redis: Redis | None = None  # what its processes have between them
    _counted: dict[Path, tuple[int, int]] = field(default_factory=dict)

    @property
    def server(self) -> Server:
        return self.team.server

    @property
    def histories(self) -> list[Path]:
        return [path for crowd in self.crowds for path in crowd.histories]

    @property
    def postgres(self) -> Postgres:
        assert self.team.postgres, "the team's data is in SQLite"
        return self.team.postgres

    def delivered(self) -> int:
        """How many events reached clients so far."""
        for path in self.histories:
            read, found = self._counted.get(path, (0, 0))
            with path.open("rb") as file:
                file.seek(read)
                more = file.read()
            self._counted[path] = (read + len(more), found + more.count(b'"do":"told"'))
        return sum(found for _, found in self._counted.values())

    # What breaks -----------------------------------------------------------------------------------

    def arm(self, failpoints: str = "") -> None:
        """Let the running server break at these points; none: at none any more."""
        file = self.server.folder / "failpoints"
        draft = file.with_suffix(".draft")
        draft.write_text(failpoints)
        draft.rename(file)

    def kill_a_worker(self, number: int = signal.SIGKILL) -> None:
        """Send a worker a signal, as someone does who pulls a plug (or closes a laptop's lid)."""
        for pid in self.server.workers()[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def restart(self) -> None:
        """A power cut, and back."""
        self.server.kill()
        self.server.start()

    def fill_the_disk(self) -> None:
        """From now on no file of the server's may grow: writes fail as on a full disk."""
        for pid in self.server.workers():
            size = (self.server.folder / "chat.db-wal").stat().st_size
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (max(size, 4096), resource.RLIM_INFINITY))

    def free_the_disk(self) -> None:
        for pid in self.server.workers():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def back_up(self) -> Backup:
        """Take a backup, while everyone goes on."""
        began, file = time.monotonic(), self.server.folder / f"backup-{len(self.ended)}.db"
        done = self.server.chat("backup", str(file))
        assert done.returncode == 0, done.stderr
        return Backup(file, began)

    def restore(self, backup: Backup) -> None:
        """A power cut, after which a backup takes the place of what was there: an epoch ends."""
        self.server.kill()
        truth, heads = Truth.of(self.server), Truth.read(f"sqlite:///{backup.file}").heads
        done = self.server.chat("restore", str(backup.file))
        assert done.returncode == 0, done.stderr
        self.ended.append((truth, Restore(backup.began, heads, time.monotonic())))
        self.server.start()

    def note(self, what: str, seconds: float) -> None:
        self.notes.setdefault(what, []).append(seconds)

    # How it ends -----------------------------------------------------------------------------------

    def verdict(self) -> Verdict:
        """Let everything come to rest, and prove the run."""
        self.arm()
        self.proxy.calm()
        until(self.server.is_ready, 60)
        for crowd in self.crowds:
            crowd.asks("stop")
        for crowd in self.crowds:
            crowd.rests(REST)
        time.sleep(TICK)
        for crowd in self.crowds:
            crowd.rests(REST)
        for crowd in self.crowds:
            crowd.asks("dump", 30)
            crowd.quit()
        people = [(person.id, person.token, self.team.channels) for person in self.team.people[:3]]
        shown = take_snapshots(self.server.url, people, at_most=LATEST)
        restores = [restore for _, restore in self.ended]
        for number, (truth, restore) in enumerate(self.ended):
            verdict = check(self.histories, truth, restores=restores[:number], until=restore.at)
            if not verdict.is_clean:
                return verdict
        return check(self.histories, Truth.of(self.server), shown, restores=restores)


@contextmanager
def running(team: Team, folder: Path, *, per_second: float, seed: int = 1) -> Iterator[Run]:
    """The team's server, its network and its crowd, acting; all of it is gone at the end."""
    team.server.start()
    audit.install(team.server.address)
    proxy = Proxy(team.server.port, seed)
    # Everyone opens another channel first, so that all are looked at.
    turns = [team.channels[number % 5 :] + team.channels[: number % 5] for number in range(len(team.people))]
    everyone = list(zip(team.people, turns, strict=True))
    programs = everyone[BOTS - 1 :: BOTS]
    pages = [each for each in everyone if each not in programs]
    crowds = [
        WebCrowd(folder / "web", proxy.url, pages, seed),
        PythonCrowd(folder / "bots", proxy.url, programs, seed, bare=range(0, len(programs), BARE)),
    ]
    try:
        for crowd in crowds:
            crowd.folder.mkdir()
            crowd.start()
            crowd.asks("start", per_second=per_second * len(crowd.people) / len(everyone))
        yield Run(team, proxy, crowds)
    finally:
        for crowd in crowds:
            crowd.end()
        proxy.close()
        with suppress(ProcessLookupError):
            team.server.stop()
