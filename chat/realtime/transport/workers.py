"""Green threads that take what arrived over the lines.

Only for a process that eventlet patched. What of eventlet we lean on: ``switch`` and ``schedule_call_global`` of its
hub; tests/realtime/test_seams.py pins them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import greenlet
from eventlet import hubs

KEPT = 64  # green threads that wait for work; as many as share a commit


class Workers:
    """Green threads that take what arrived. They are kept: to make one and let it go takes two calls of the kernel."""

    def __init__(self) -> None:
        self.idle: list[greenlet.greenlet] = []
        self.tasks: deque[Callable[[], None]] = deque()

    def run(self, task: Callable[[], None]) -> None:
        """Have it done from the next turn of the loop on."""
        if not self.tasks:
            hubs.get_hub().schedule_call_global(0, self._begin)
        self.tasks.append(task)

    def _begin(self) -> None:
        tasks, self.tasks = self.tasks, deque()
        try:
            while tasks:
                worker = self.idle.pop() if self.idle else greenlet.greenlet(self._work)
                worker.switch(tasks.popleft())  # comes back as soon as it is done or has to wait
        finally:
            for task in tasks:  # one failed; the others are done all the same
                self.run(task)

    def _work(self, task: Callable[[], None]) -> None:
        while True:
            task()
            if len(self.idle) >= KEPT:
                return
            self.idle.append(greenlet.getcurrent())
            task = hubs.get_hub().switch()


workers = Workers()
