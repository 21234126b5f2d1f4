"""What is held of a stream: its cursor, events that came too early, and rows. Rules 1 to 3 of docs/protocol.md."""

from __future__ import annotations

from collections.abc import Iterator

from chat.client.events import Row

HOLD_AT_MOST = 256


class Feed:
    """The cursor of one stream, and the events that came before what they follow."""

    def __init__(self, stream: str, cursor: int = -1) -> None:
        self.stream = stream
        self.cursor = cursor
        self.behind = False  # something is known to be missing
        self.held: dict[int, Row] = {}

    @property
    def has_gap(self) -> bool:
        """Whether to ask for what is missing."""
        return self.cursor >= 0 and (self.behind or bool(self.held))

    def hear(self, event: Row) -> None:
        """Take an event in, in whatever order they come; ``due`` has those whose turn it is."""
        if event["seq"] <= self.cursor:
            return
        if event["prev"] > self.cursor and len(self.held) >= HOLD_AT_MOST:
            self.behind = True  # let go: the sync that is due brings its row
        else:
            self.held[event["seq"]] = event

    def due(self) -> Iterator[Row]:
        """The events that follow the cursor, in order; it moves along with them."""
        for seq in sorted(self.held):
            event = self.held[seq]
            if seq > self.cursor and event["prev"] > self.cursor:
                continue
            if seq > self.cursor:
                self.cursor = seq
                yield event
            self.held.pop(seq, None)
        if self.held:
            self.catch_up(self.cursor)  # what was skipped may be old by now

    def catch_up(self, seq: int) -> None:
        """Everything numbered up to ``seq`` is in."""
        self.cursor = max(self.cursor, seq)
        self.held = {number: event for number, event in self.held.items() if number > self.cursor}


class Window(Feed):
    """A channel: its main line from the place ``low`` on, replies in threads as they were told, who is in it, its row."""

    def __init__(self, stream: str, cursor: int = -1, keep: int | None = None) -> None:
        super().__init__(stream, cursor)
        self.keep = keep
        self.low = 0
        self.shown = -1  # what is numbered above was not given to the program yet
        self.as_member = False  # so one's own removal ends it
        self.messages: dict[str, Row] = {}
        self.members: dict[str, Row] = {}
        self.channel: Row | None = None

    def find(self, row: Row) -> Row | None:
        """What is held of the same thing."""
        if "client_msg_id" in row:
            return self.messages.get(row["id"])
        return self.members.get(row["user_id"]) if "left_at" in row else self.channel

    def take(self, row: Row) -> bool:
        """Put a row in, unless a newer state of it is held; never moves the cursor. Whether it was put in."""
        held = self.find(row)
        if held and row["changed_seq"] <= held["changed_seq"]:
            return False
        if "client_msg_id" in row:
            if held is None and row["seq"] < self.low:
                return False
            self.messages[row["id"]] = row
            self._trim()
        elif "left_at" in row:
            self.members[row["user_id"]] = row
        else:
            self.channel = row
        return True

    def restart(self, seq: int) -> None:
        """Let go of everything, for a page that was read at ``seq``, which may be lower than the cursor was."""
        self.behind = seq < self.cursor
        self.cursor, self.low = seq, 0
        self.messages, self.members = {}, {}
        self.catch_up(seq)

    def _trim(self) -> None:
        """Let the oldest messages go, many at once."""
        if self.keep is None or len(self.messages) < 2 * self.keep:
            return
        newest = sorted(self.messages.values(), key=lambda row: int(row["seq"]))[-self.keep :]
        self.messages = {row["id"]: row for row in newest}
        self.low = max(self.low, newest[0]["seq"])
