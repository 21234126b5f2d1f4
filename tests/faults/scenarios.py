"""The ways in which a run is broken, a function each: it breaks something once, and is called again and again.

Names and numbers are those of the fault plan in docs/reliability.md. ``SCENARIOS`` is the table that the short form
(test_scenarios.py) and the long form (`python3 dev.py faults`) go by.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.doors.wire import Gone, Wire
from tests.faults.team import Run, Team, running
from tests.servers.redis import Redis
from tests.support import until

Break = Callable[[Run, Random], None]
BOTH = SQLITE, POSTGRES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Scenario:
    """What is broken, how often (seconds between), on a server with which settings."""

    name: str
    says: str
    breaks: Break
    every: float = 1.5
    settings: dict[str, str] = field(default_factory=dict)
    databases: tuple[str, ...] = BOTH
    redis: bool = False  # its processes have a Redis between them
    one_channel: bool = False  # everyone is busy in one, a private one

    def name_on(self, database: str) -> str:
        """What it is called on this database: SQLite is the usual one, and some know only one."""
        return self.name if database == self.databases[0] else f"{self.name}, PostgreSQL"

    @contextmanager
    def on(self, team: Team, folder: Path, per_second: float) -> Iterator[Run]:
        """The team at work on a server as this needs it, until the end of the block."""
        redis = Redis(own=True) if self.redis else None
        settings = {**self.settings, "REDIS_URL": redis.url} if redis else self.settings
        team = team.on(folder / "server", **settings)
        if self.one_channel:
            team.channels = team.channels[-1:]
        try:
            with running(team, folder, per_second=per_second) as run:
                run.redis = redis
                yield run
        finally:
            if redis:
                redis.close()


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str,
    every: float = 1.5,
    databases: tuple[str, ...] = BOTH,
    *,
    redis: bool = False,
    one_channel: bool = False,
    **settings: str,
) -> Callable[[Break], Break]:
    """Put a way of breaking into the table; its docstring says what it does."""

    def enter(breaks: Break) -> Break:
        SCENARIOS[name] = Scenario(name, breaks.__doc__ or "", breaks, every, settings, databases, redis, one_channel)
        return breaks

    return enter


@scenario("calm")
def calm(run: Run, chance: Random) -> None:
    """nothing is broken"""


# The server dies, stops, or is in two -----------------------------------------------------------------


@scenario("F1 kill", every=10)
def kill(run: Run, chance: Random) -> None:
    """kill -9 of the worker, or of everything, under load"""
    began = time.monotonic()
    if chance.random() < 0.5:
        run.kill_a_worker()
        time.sleep(0.1)
    else:
        run.restart()
    until(run.server.is_ready, 30)
    run.note("server back after kill -9", time.monotonic() - began)


@scenario("F1 kill between commit and telling", every=6)
def die_at_a_point(run: Run, chance: Random) -> None:
    """the worker dies before a commit, after it, after an acknowledgement, or while telling"""
    point = chance.choice(["before_commit", "after_commit", "after_ack", "in_dispatch"])
    run.arm(f"{point}:exit@{chance.randint(1, 20)}")
    time.sleep(0.5)
    run.arm()
    until(run.server.is_ready, 30)


@scenario("F2 drain", every=10)
def drain(run: Run, chance: Random) -> None:
    """SIGTERM and a new start, or a reload: a goodbye, and everyone comes back"""
    if chance.random() < 0.5:
        run.server.stop()
        run.server.start()
    else:
        assert run.server.process
        run.server.process.send_signal(signal.SIGHUP)
        time.sleep(1.5)


@scenario("F3 freeze", every=8)
def freeze(run: Run, chance: Random) -> None:
    """SIGSTOP of the worker for seconds, then SIGCONT"""
    [pid] = run.server.workers()[:1]
    run.kill_a_worker(signal.SIGSTOP)
    time.sleep(chance.uniform(0.5, 4))
    if pid in run.server.workers():
        run.kill_a_worker(signal.SIGCONT)


@scenario("F5 PostgreSQL restarts", every=5, databases=(POSTGRES,))
def postgres_restarts(run: Run, chance: Random) -> None:
    """PostgreSQL dies and recovers, or cuts off everyone in the middle of what they do"""
    began = time.monotonic()
    if chance.random() < 0.5:
        run.postgres.restart_immediately()
    else:
        run.postgres.end_connections()
    until(run.server.is_ready, 30)
    run.note("server back after PostgreSQL", time.monotonic() - began)


@scenario("F5 PostgreSQL freezes", every=30, databases=(POSTGRES,))
def postgres_freezes(run: Run, chance: Random) -> None:
    """SIGSTOP of all of PostgreSQL for ten seconds, then SIGCONT"""
    with run.postgres.frozen():
        time.sleep(10)


@scenario("F2 rolling", every=8, redis=True, WEB_CONCURRENCY="2")
def rolling(run: Run, chance: Random) -> None:
    """two workers, of which one is told to end and replaced, or both after each other"""
    if chance.random() < 0.5:
        run.kill_a_worker(signal.SIGTERM)
    else:
        assert run.server.process
        run.server.process.send_signal(signal.SIGHUP)
    time.sleep(1.5)


@scenario("F4 Redis", every=4, redis=True, WEB_CONCURRENCY="2")
def redis_breaks(run: Run, chance: Random) -> None:
    """the Redis between two processes is stopped, frozen, emptied or cuts everyone off, or hints are lost"""
    assert run.redis
    fault = chance.randrange(5)
    if fault == 0:
        run.redis.stop()
        time.sleep(chance.uniform(0.2, 2))
        run.redis.start()
    elif fault == 1:
        with run.redis.frozen():
            time.sleep(chance.uniform(0.5, 4))
    elif fault == 2:
        run.redis.flush()
    elif fault == 3:
        run.redis.end_connections()
    else:
        run.arm(f"before_hint:raise@{chance.randint(1, 10)}")
        time.sleep(0.5)
        run.arm()


@scenario("F4 hot channel", every=1, redis=True, one_channel=True, WEB_CONCURRENCY="2")
def hot_channel(run: Run, chance: Random) -> None:
    """two processes, everyone in one private channel; people are taken out and let in again, a worker dies"""
    removal(run, chance)
    if chance.random() < 0.2:
        run.kill_a_worker()


@scenario("F6 two processes", every=5, WEB_CONCURRENCY="2")
def two_processes(run: Run, chance: Random) -> None:
    """two workers on one database, of which one dies at times"""
    if chance.random() < 0.5:
        run.kill_a_worker()
    else:
        run.arm(f"{chance.choice(['before_commit', 'after_commit'])}:exit@{chance.randint(1, 10)}")
        time.sleep(0.3)
        run.arm()


@scenario("F7 disk full", every=2, databases=(SQLITE,))
def disk_full(run: Run, chance: Random) -> None:
    """no file may grow for a while"""
    run.fill_the_disk()
    time.sleep(chance.uniform(0.2, 1))
    run.free_the_disk()


@scenario("failing commits", every=1)
def failing(run: Run, chance: Random) -> None:
    """errors and waits before and after commits, and while telling"""
    point = chance.choice(["before_transaction", "before_commit", "after_commit", "in_dispatch"])
    effect = chance.choice(["raise", "sleep=0.2"])
    run.arm(f"{point}:{effect}@{chance.randint(1, 5)}")
    time.sleep(0.4)
    run.arm()


# The network ------------------------------------------------------------------------------------------


@scenario("F8 network", every=1)
def network(run: Run, chance: Random) -> None:
    """resets, half-open and stalled connections, one way or both, jitter and narrow lines"""
    run.proxy.calm()
    fault = chance.randrange(6)
    if fault == 0:
        run.proxy.reset(0.5)
    elif fault == 1:
        run.proxy.half_open(0.3)
    elif fault == 2:
        run.proxy.stall(chance.choice(["up", "down"]))
        time.sleep(1.5)
        run.proxy.let_go("up")
        run.proxy.let_go("down")
    elif fault == 3:
        run.proxy.slow("down", delay=0.05, jitter=0.2)
    elif fault == 4:
        run.proxy.cut_after(chance.randint(100, 5000), chance.choice(["up", "down"]))
        run.proxy.cut(0.3)
    else:
        run.proxy.cut(0.5)


@scenario("F8 lost events", every=2, HEADS_SECONDS="2")
def lost_events(run: Run, chance: Random) -> None:
    """single events never arrive"""
    run.proxy.calm()
    run.proxy.drop_events(every=chance.randint(3, 12))


@scenario("F10 doubled and reordered", every=2, HEADS_SECONDS="2")
def doubled(run: Run, chance: Random) -> None:
    """requests and events arrive twice, late, and in another order"""
    run.proxy.calm()
    run.proxy.double_requests(every=4)
    run.proxy.delay_requests(0.2, every=7)
    run.proxy.double_events(every=5)
    run.proxy.delay_events(0.3, every=9)


# Clients ----------------------------------------------------------------------------------------------


@scenario("F9 clients die", every=10)
def clients_die(run: Run, chance: Random) -> None:
    """kill -9 of all pages or all programs; the next ones find their outboxes"""
    crowd = chance.choice(run.crowds)
    crowd.kill()
    crowd.start()
    crowd.asks("start", per_second=2 * len(crowd.people))


@scenario("F11 clock", every=2)
def clock(run: Run, chance: Random) -> None:
    """the wall clock jumps by a minute, forth and back"""
    run.arm(f"clock:{chance.choice(['+60', '-60', '+3600'])}")
    time.sleep(1)
    run.arm()


@scenario("F12 slow readers", every=2)
def slow_readers(run: Run, chance: Random) -> None:
    """connections that look at a channel and read nothing"""
    with suppress(*Gone, OSError):
        wire = Wire(run.server)
        person = chance.choice(run.team.people)
        wire.sends(f'40{{"token":"{person.token}"}}')
        for number, channel in enumerate(run.team.channels):
            wire.sends(f'42{number}["subscribe",{{"channel_id":"{channel}"}}]')
        threading.Timer(20, wire.hangs_up).start()


@scenario("F13 flood", every=3)
def flood(run: Run, chance: Random) -> None:
    """actions, nonsense and large frames as fast as they are taken, for two seconds"""
    frame = chance.choice(['42["ping",{}]', "3", "42" + "[" * 60_000, '421["message",{"text":"x"}]'])
    with suppress(*Gone, OSError):
        wire = Wire(run.server)
        wire.sends(f'40{{"token":"{chance.choice(run.team.people).token}"}}')
        wire.socket.settimeout(0.5)
        end = time.monotonic() + 2
        try:
            while time.monotonic() < end:
                wire.sends(frame)
        finally:
            wire.hangs_up()


@scenario("F14 reconnect storm", every=4)
def storm(run: Run, chance: Random) -> None:
    """everyone's connection is reset at once"""
    run.proxy.reset(1.0)


# People -----------------------------------------------------------------------------------------------


@scenario("F16 removal", every=0.5)
def removal(run: Run, chance: Random) -> None:
    """people are taken out of private channels and let in again, under load"""
    owner = run.team.people[0]
    person = chance.choice(run.team.people[1:])
    channel = chance.choice(run.team.channels[-2:])
    owner.removes(channel, person)
    time.sleep(chance.uniform(0, 0.3))
    owner.post(f"/channels/{channel}/members", {"user_id": person.id})


# Back in time -----------------------------------------------------------------------------------------


@scenario("F17 restore", every=20, databases=(SQLITE,))
def restore(run: Run, chance: Random) -> None:
    """a backup is taken, everyone goes on, the power fails, and the backup is restored"""
    backup = run.back_up()
    time.sleep(chance.uniform(0.5, 2))
    run.restore(backup)


# Without the nets -------------------------------------------------------------------------------------


@scenario("F18 heads off", every=2, HEADS_SECONDS="0")
def heads_off(run: Run, chance: Random) -> None:
    """events are lost and connections reset, and nobody hears heads"""
    lose_and_reset(run, chance)


@scenario("F19 poll off", every=2, POLL_SECONDS="0")
def poll_off(run: Run, chance: Random) -> None:
    """events are lost and connections reset, and the database is not asked for untold changes"""
    lose_and_reset(run, chance)


@scenario("F18 and F19 heads and poll off", every=2, HEADS_SECONDS="0", POLL_SECONDS="0")
def both_off(run: Run, chance: Random) -> None:
    """events are lost and connections reset, with neither heads nor poll"""
    lose_and_reset(run, chance)


@scenario("F20 hints off", every=2, WEB_CONCURRENCY="2")
def hints_off(run: Run, chance: Random) -> None:
    """two processes without Redis; events are lost and connections reset"""
    lose_and_reset(run, chance)


def lose_and_reset(run: Run, chance: Random) -> None:
    """Single events never arrive, which only later ones tell of; a last one is missed until its connection is reset."""
    run.proxy.drop_events(every=chance.randint(3, 12))
    time.sleep(chance.uniform(0.3, 1))
    run.proxy.calm()
    run.proxy.reset()
