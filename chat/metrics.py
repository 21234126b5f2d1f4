"""What is counted for Prometheus, and the one place where it is named; docs/self-hosting.md says what to watch.

No label names a person, a channel or an address. What has a value at any moment is asked when someone looks; the rest
is counted where it happens, which costs a message about 5 µs in all.
"""

from __future__ import annotations

import time
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    values,
)
from prometheus_client import generate_latest as written
from prometheus_client.exposition import CONTENT_TYPE_LATEST as MEDIA_TYPE

from chat.concurrency import brief_lock, start

__all__ = ["MEDIA_TYPE", "REGISTRY", "counted", "watch_the_loop", "written"]

values.Lock = brief_lock  # type: ignore[assignment,attr-defined]  # of every value that is counted; pinned by a test
disable_created_metrics()  # type: ignore[no-untyped-call]  # each counter's age, beside each counter
REGISTRY = CollectorRegistry()  # of this process alone: each of several is asked at its own port
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LOOK_EVERY = 0.1  # seconds; a stall that is longer is seen for certain


def counter(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"parley_{name}", meaning, labels, registry=REGISTRY)


def gauge(name: str, meaning: str, *labels: str) -> Gauge:
    return Gauge(f"parley_{name}", meaning, labels, registry=REGISTRY)


def histogram(name: str, meaning: str, buckets: tuple[float, ...] = SECONDS) -> Histogram:
    return Histogram(f"parley_{name}", meaning, registry=REGISTRY, buckets=buckets)


# What is asked
ACTIONS = counter(
    "actions_total", "Actions that were answered, by their name and by ok or the error's code.", "action", "code"
)
REFUSED = counter("connections_refused_total", "Connections that were not let in, by the error's code.", "code")

# What is written
COMMITS = histogram("commit_actions", "Commits, and how many actions shared each.", (1, 2, 4, 8, 16, 32, 64))
COMMIT_WAIT = histogram("commit_wait_seconds", "From a commit's first action, ready to write, until it is on disk.")
RETIRED = counter("retired_messages_total", "Messages that were removed because RETENTION_DAYS have passed.")

# What is told
DELIVERY_LAG = histogram("delivery_lag_seconds", "From a commit until it was told to the connections of this process.")
POLLS = counter("polls_total", "Looks for changes that nobody told this process, by ok or failed.", "outcome")
CATCH_UPS = counter("catch_up_reads_total", "Times that changes had to be read from the database to be told.")
HINTS = counter("hint_messages_total", "Messages with hints between processes, by said and heard.", "what")
HINTS_DROPPED = counter("hints_dropped_total", "Hints that were not said because Redis did not take them in time.")
REDIS_FAILURES = counter("redis_failures_total", "Times that Redis failed while it was said or listened to.")
EPOCHS = counter("epoch_resets_total", "Times that all connections began anew because the database was restored.")
CUT_OFF = counter("slow_readers_cut_off_total", "Connections that were ended because too much waited for them.")

# What is so now
CONNECTIONS = gauge("connections", "Open connections, by transport.", "transport")
STREAMS = gauge("streams_followed", "Streams that someone here listens to.")
QUEUE = gauge("dispatcher_queue", "Tasks of the dispatcher that wait for their turn.")
BACKLOG = gauge("transport_backlog_bytes", "What waits for clients that read slowly.")
DATABASE = gauge("database_connections", "Connections to the database that are in use.")

# How this process does
STALLS = histogram(
    "loop_stall_seconds", f"How much too late a timer of {LOOK_EVERY} s fires: nobody is served meanwhile."
)


@cache
def counted(action: str, code: str) -> Counter:
    """The counter of these answers. Both are of our own tables, never what somebody sent."""
    return ACTIONS.labels(action, code)


@cache
def watch_the_loop() -> None:
    """Begin to measure how late timers fire; once is enough."""
    start(_watch, "stalls")


def _watch() -> None:
    while True:
        due = time.monotonic() + LOOK_EVERY
        time.sleep(LOOK_EVERY)
        STALLS.observe(max(0.0, time.monotonic() - due))
