"""What more processes bring: the same work with one, two and four of them on PostgreSQL with a Redis between them.

Beside them one process on SQLite, which is what Parley is without settings. Nothing is pinned but the load: the
processes, PostgreSQL and Redis share what the machine has, so that it shows where the cores end.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import ClassVar

from bench.fan_out import fan_out
from bench.figures import Report
from bench.plan import USUAL, Plan, Servers
from bench.sending import SENDERS, TOGETHER, send
from bench.servers import Parley, cpu_of, settle_in_parley
from bench.town import Town
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis
from tests.support import Server

ONE_ROOM, FEW_EACH = (1, 1000, 8), (100, 10, 64)  # rooms, people in each, messages in flight


class OnSqlite(Parley):
    """One process, as it comes."""

    name = "SQLite × 1"

    def start(self) -> None:
        self.server = Server(self.folder, port=self.port).start()
        settle_in_parley(self.server.address, self.town)


class OnPostgres(OnSqlite):
    """Several processes, a PostgreSQL that keeps what it acknowledges, and a Redis."""

    workers: ClassVar[int]

    def start(self) -> None:
        self.postgres, self.redis = Postgres(own=True, durable=True), Redis(own=True)
        settings = {"WEB_CONCURRENCY": str(self.workers), "REDIS_URL": self.redis.url}
        self.server = Server(self.folder, settings, self.postgres.database(), port=self.port).start()
        settle_in_parley(self.server.address, self.town)

    def stop(self) -> None:
        super().stop()
        self.postgres.close()
        self.redis.close()

    def cpu_beside(self) -> float:
        return sum(cpu_of(pid) for pid in self.postgres.pids())


class One(OnPostgres):
    name, workers = "PostgreSQL × 1", 1


class Two(OnPostgres):
    name, workers = "PostgreSQL × 2", 2


class Four(OnPostgres):
    name, workers = "PostgreSQL × 4", 4


def measure(plan: Plan = USUAL, servers: Servers = (OnSqlite, One, Two, Four)) -> Report:
    """Messages and deliveries a second, and what each costs the workers and the database."""
    report = Report("workers")
    sys.stdout.write("Workers\n")
    senders = plan.many(SENDERS, 4)
    found = plan.medians(lambda: Town.of(senders // TOGETHER, TOGETHER), lambda server: send(server, plan), servers)
    for server, measured in found.items():
        report.add(f"{server}: acknowledged sends a second, {senders} senders", measured["per_second"], "/s")
        report.add(f"{server}: CPU of the workers for a send", measured["us"], "µs")
        report.add(f"{server}: CPU of the database for a send", measured["us_beside"], "µs")
    for rooms, people, width in (ONE_ROOM, FEW_EACH):
        rooms, people = (plan.many(n) if n > 1 else n for n in (rooms, people))
        town, work = partial(Town.of, rooms, people), partial(fan_out, widths=(width,), plan=plan)
        found = plan.medians(town, work, servers)
        what = f"{rooms} × {people:,}, {width} in flight"
        for server, measured in found.items():
            report.add(f"{server}: deliveries a second, {what}", measured[f"per_second/{width}"], "/s")
            report.add(f"{server}: CPU of the workers for a delivery, {what}", measured[f"us/{width}"], "µs")
    return report
