"""What this program did and the server has not confirmed: kept in a file, sent in order. Rule 5 of docs/protocol.md.

One in flight for each channel; what is refused is set aside as failed and never holds up what comes after it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from chat.client.connection import Connection, backoff
from chat.client.errors import Refused
from chat.client.events import Message, Row
from chat.client.ids import new_id
from chat.client.shelf import Item, Shelf

MAX_TRIES = 5
FOR_A_WHILE = {"draining", "rate_limited"}  # count for nothing: asked again after a while, the answer is another one
SILENCES = 2  # a connection that let so many requests go unanswered is worth a new one


class Sending:
    """Something on its way; ``result`` waits until it has arrived."""

    def __init__(self, id: str) -> None:
        self.id = id
        self._over = threading.Event()
        self._message: Row | None = None
        self._error: Exception | None = None

    @property
    def done(self) -> bool:
        """It has arrived, or is known not to."""
        return self._over.is_set()

    def result(self, timeout: float | None = None) -> Message | None:
        """The message as the server has it; raises Refused when it said no, TimeoutError when it was not heard yet.

        None: it had arrived before, in a channel that one may not see any more.
        """
        if not self._over.wait(timeout):
            raise TimeoutError("not confirmed yet; it stays in the outbox")
        if self._error:
            raise self._error
        return Message.from_dict(self._message) if self._message else None

    def settle(self, message: Row | None, error: Exception | None = None) -> None:
        """It is over."""
        self._message, self._error = message, error
        self._over.set()


@dataclass
class Outbox:
    """Everything is called under the client's lock."""

    shelf: Shelf
    connection: Connection
    delivered: Callable[[Row], None]
    trace: Callable[..., None]
    changed: threading.Condition

    def __post_init__(self) -> None:
        self.user_id = ""
        self.queues: dict[str, dict[str, Item]] = defaultdict(dict)
        self.failed: dict[str, Item] = {}
        self._busy: dict[str, str] = {}  # channel -> what is in flight there, or waits to be tried again
        self._sendings: dict[str, Sending] = {}
        self._silences = 0
        self._stopped: Exception | None = None
        for item in self.shelf.items():
            self._put(item)

    def __len__(self) -> int:
        return sum(map(len, self.queues.values()))

    def add(self, action: str, channel_id: str, payload: dict[str, Any]) -> Sending:
        """Put something in; it is in the file when this returns."""
        id = new_id()
        if action == "message":
            payload = {"client_msg_id": id, **payload}
        self.trace("ask", uuid=id, action=action, **{"channel_id": channel_id, **payload})
        item = self.shelf.put(Item(0, id, channel_id, action, payload))
        sending = Sending(id)
        if self._stopped:
            sending.settle(None, self._stopped)
        else:
            self._sendings[id] = sending
        self._put(item)
        self.pump(channel_id)
        return sending

    def retry(self, id: str) -> None:
        """Try something again that had failed, after everything else in its channel."""
        item = self.failed.pop(id)
        self.shelf.remove(id)
        self._put(self.shelf.put(replace(item, n=0, tries=0, code=None, words="")))
        self.pump(item.channel_id)

    def discard(self, id: str) -> None:
        """Give up something that had failed."""
        del self.failed[id]
        self.shelf.remove(id)

    def belong_to(self, user_id: str) -> None:
        """Take note of who one is; WrongOutbox when the file is someone else's."""
        self.user_id = user_id
        self.shelf.belong_to(user_id)

    def pump_all(self) -> None:
        """The connection is there (again): send what waits."""
        for channel_id in list(self.queues):
            self.pump(channel_id)

    def lost(self) -> None:
        """The connection is gone."""
        self._busy.clear()

    def stop(self, reason: Exception) -> None:
        """Nothing more is sent by this client: whoever waits need wait no longer. What is on the shelf stays there."""
        self._stopped = reason
        waiting, self._sendings = self._sendings, {}
        for sending in waiting.values():
            sending.settle(None, reason)
        self.changed.notify_all()

    def seen(self, row: Row) -> None:
        """A message as it arrived from anywhere: whatever became of its answer, one's own was sent."""
        if row["user_id"] == self.user_id and (item := self._find(row["channel_id"], row["client_msg_id"])):
            self._done(item, row, {"seq": row["changed_seq"]})

    def _put(self, item: Item) -> None:
        if item.code is None:
            self.queues[item.channel_id][item.id] = item
        else:
            self.failed[item.id] = item

    def _find(self, channel_id: str, id: str) -> Item | None:
        return self.queues[channel_id].get(id) or self.failed.get(id)

    def pump(self, channel_id: str) -> None:
        """Send what is first in a channel, if nothing is on its way there."""
        queue = self.queues.get(channel_id)
        if queue and channel_id not in self._busy and self.connection.greeted:
            item = next(iter(queue.values()))
            self._busy[channel_id] = item.id
            self.connection.ask(item.action, item.payload, partial(self._on_answer, item))

    def _on_answer(self, item: Item, data: dict[str, Any], refused: Refused | None) -> None:
        if refused is None:
            self._silences = 0
            message = data.get("message")
            if message:
                self.delivered(message)
            if self._is_queued(item):
                self._done(item, message, data)
        elif refused.code == "offline" or not self._is_queued(item):
            pass
        elif refused.unheard:
            self._on_silence(item)
        elif refused.session_ended:
            self.connection.restart()  # whether the credentials still hold is for the next handshake to say
        else:
            self._silences = 0
            self._on_refused(item, refused)

    def _on_silence(self, item: Item) -> None:
        self._silences += 1
        if self._silences >= SILENCES:
            self._silences = 0
            self.connection.restart()
        else:
            self._rest(item, backoff(self._silences))

    def _on_refused(self, item: Item, refused: Refused) -> None:
        tried = item if refused.code in FOR_A_WHILE else replace(item, tries=item.tries + 1)
        if refused.retryable and tried.tries < MAX_TRIES:
            self.queues[item.channel_id][item.id] = tried
            self.shelf.update(tried)
            self._rest(tried, max(refused.retry_after, backoff(tried.tries)))
            return
        failed = replace(tried, code=refused.code, words=refused.message)
        self.failed[item.id] = failed
        self.shelf.update(failed)
        self.trace("refused", uuid=item.id, code=refused.code)
        if sending := self._sendings.pop(item.id, None):
            sending.settle(None, refused)
        self._remove(item)

    def _rest(self, item: Item, seconds: float) -> None:
        """Try again a little later; what is behind it in its channel waits with it."""
        self.connection.after(seconds, lambda: self._free(item))

    def _done(self, item: Item, message: Row | None, data: dict[str, Any]) -> None:
        duplicate = {"duplicate": True} if data.get("duplicate") else {}
        id = message["id"] if message else data.get("id")
        self.trace("ok", uuid=item.id, id=id, seq=data["seq"], **duplicate)
        self.failed.pop(item.id, None)
        self.shelf.remove(item.id)
        if sending := self._sendings.pop(item.id, None):
            sending.settle(message)
        self._remove(item)

    def _remove(self, item: Item) -> None:
        """Off the queue; the next one goes on."""
        self.queues[item.channel_id].pop(item.id, None)
        self.changed.notify_all()
        self._free(item)

    def _free(self, item: Item) -> None:
        if self._busy.get(item.channel_id) == item.id:
            del self._busy[item.channel_id]
        self.pump(item.channel_id)

    def _is_queued(self, item: Item) -> bool:
        return item.id in self.queues[item.channel_id]
