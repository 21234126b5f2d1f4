"""What a client holds when events and answers come late, early, twice or not at all: each rule by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from chat.client.applying import Applying
from chat.client.errors import Refused
from chat.client.events import Event, Joined, Left, Missed, Posted
from chat.client.following import GAP_SECONDS, HEADS_SECONDS, PAGE, Following
from chat.client.streams import HOLD_AT_MOST

ME, TEA = "me", "tea"
Row = dict[str, Any]


def message(seq: int, changed_seq: int = 0, **more: Any) -> Row:
    """A message as the server tells it, named after its place."""
    usual = {"id": f"m{seq}", "channel_id": TEA, "seq": seq, "changed_seq": changed_seq or seq, "rev": 1}
    who = {"user_id": "ana", "client_msg_id": f"c{seq}", "text": f"text {seq}", "created_at": "now"}
    return {**usual, **who, **more}


def told(row: Row, prev: int | None = None, name: str = "message") -> Row:
    """The event about a row."""
    seq = row["changed_seq"]
    return {"event": name, "stream": TEA, "prev": seq - 1 if prev is None else prev, "seq": seq, name: row}


def member(changed_seq: int, left_at: str | None, user_id: str = ME) -> Row:
    row = {"channel_id": TEA, "user_id": user_id, "role": "member", "joined_at": "now", "left_at": left_at}
    return {**row, "changed_seq": changed_seq}


def own(seq: int, name: str, **body: Any) -> Row:
    """An event of the own stream."""
    return {"event": name, "stream": ME, "prev": seq - 1, "seq": seq, **body}


CHANNEL = {"id": TEA, "kind": "private", "name": "Tea", "changed_seq": 1, "role": "member"}


class Wire:
    """Stands for the connection: keeps what is asked, and what is to be done later, until the test says so."""

    def __init__(self, *, everywhere: bool = True, keep: int | None = 500) -> None:
        self.greeted = True
        self.restarts = 0
        self.asked: list[tuple[str, Row, Callable[[Row, Refused | None], None]]] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.events: list[Event] = []
        applying = Applying(lambda row: None, lambda make: self.events.append(make()), lambda do, **fields: None)
        changed = threading.Condition(threading.RLock())
        changed.acquire()
        self.listed: list[Row] = []  # what the server has as the whole list of channels
        self.waiting: list[Callable[[], None]] = []  # what is done in a thread besides
        lists = lambda: list(self.listed)  # noqa: E731
        self.client = Following(self, applying, changed, everywhere, keep, lists)  # type: ignore[arg-type]

    def ask(self, action: str, payload: Row, then: Callable[[Row, Refused | None], None]) -> None:
        self.asked.append((action, payload, then))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        self.timers.append((seconds, do))

    def aside(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self.waiting.append(lambda: then(work()))

    def restart(self) -> None:
        self.restarts += 1

    # The server's part ---------------------------------------------------------------------------

    def hello(self, seq: int = 1, epoch: str = "1", channels: tuple[Row, ...] = (CHANNEL,), **more: Any) -> None:
        told = {"user": {"id": ME}, "stream": ME, "seq": seq, "epoch": epoch, "channels": channels, **more}
        self.client.on_hello(told)

    def answer(self, action: str, data: Row | None = None, code: str | None = None, **more: Any) -> Row:
        """Answer the oldest request for this; its payload."""
        at = [asked for asked, _, _ in self.asked].index(action)
        _, payload, then = self.asked.pop(at)
        then(data or {}, Refused(code, code, **more) if code else None)
        return payload

    def page(self, *messages: Row, seq: int, limited: bool = False, members: tuple[Row, ...] = ()) -> Row:
        """Answer a subscribe."""
        data = {"channel": CHANNEL, "members": members, "messages": messages, "seq": seq, "limited": limited}
        return self.answer("subscribe", {**data, "epoch": "1"})

    def changes(self, stream: str = TEA, **changes: Any) -> Row:
        """Answer a sync about one stream."""
        return self.answer("sync", {"epoch": "1", "streams": {stream: {"limited": False, "events": [], **changes}}})

    def wait(self) -> list[float]:
        """Do what is due later, now; after how many seconds each was due."""
        timers, self.timers = self.timers, []
        for _, do in timers:
            do()
        return [seconds for seconds, _ in timers]

    # What is held --------------------------------------------------------------------------------

    @property
    def held(self) -> list[tuple[str, int]]:
        window = self.client.find(TEA)
        return [(row["id"], row["changed_seq"]) for row in window.messages.values()] if window else []

    @property
    def cursor(self) -> int:
        window = self.client.find(TEA)
        return window.cursor if window else -1

    @property
    def news(self) -> list[str]:
        return [event.message.id for event in self.events if isinstance(event, Posted)]


@pytest.fixture
def wire() -> Wire:
    """Someone who is in one channel, up to number 5."""
    wire = Wire()
    wire.hello()
    wire.page(message(5), seq=5)
    wire.events.clear()
    return wire


def test_an_event_is_applied_once_and_an_old_one_never(wire: Wire) -> None:
    for _ in range(2):
        wire.client.on_event(told(message(6)))
        wire.client.on_event(told(message(5)))
    assert (wire.cursor, wire.held, wire.news) == (6, [("m5", 5), ("m6", 6)], ["m6"])


def test_events_that_came_early_are_held_and_follow_the_missing_one(wire: Wire) -> None:
    for seq in (8, 7, 6):
        wire.client.on_event(told(message(seq)))
    assert (wire.cursor, wire.news) == (8, ["m6", "m7", "m8"])
    assert wire.wait() == [GAP_SECONDS]
    assert wire.asked == []  # nothing is missing any more


def test_a_gap_is_asked_for_after_a_moment_and_what_was_held_follows_it(wire: Wire) -> None:
    wire.client.on_event(told(message(8)))
    wire.client.on_event(told(message(9)))
    assert wire.wait() == [GAP_SECONDS]
    asked = wire.changes(events=[told(message(6, 7), 5)], seq=7)
    assert asked == {"cursors": {TEA: 5}, "epoch": "1"}
    assert (wire.cursor, wire.held) == (9, [("m5", 5), ("m6", 7), ("m8", 8), ("m9", 9)])
    assert wire.news == ["m6", "m8", "m9"]


def test_a_gap_that_an_answer_does_not_close_is_asked_for_again(wire: Wire) -> None:
    wire.client.on_event(told(message(9)))
    wire.wait()
    wire.changes(events=[told(message(6), 5)], seq=6)
    assert wire.cursor == 6
    wire.wait()
    assert wire.changes(events=[told(message(7), 6), told(message(8), 7)], seq=8)["cursors"] == {TEA: 6}
    assert (wire.cursor, wire.news) == (9, ["m6", "m7", "m8", "m9"])


def test_too_many_early_events_are_let_go_and_asked_for(wire: Wire) -> None:
    for seq in range(7, 7 + HOLD_AT_MOST + 10):
        wire.client.on_event(told(message(seq)))
    wire.client.on_event(told(message(6)))
    assert wire.cursor == 6 + HOLD_AT_MOST
    wire.wait()
    assert wire.asked[0][1]["cursors"] == {TEA: 6 + HOLD_AT_MOST}


def test_a_newer_row_is_never_replaced_by_an_older_one(wire: Wire) -> None:
    wire.client.on_event(told(message(5, 7), 6))
    wire.client.on_event(told(message(5, 6), 5))
    assert (wire.cursor, wire.held) == (7, [("m5", 7)])
    window = wire.client.find(TEA)
    assert window
    wire.client.applying.acknowledge(window, message(5, 6))
    wire.client.applying.acknowledge(window, message(9))
    assert (wire.cursor, wire.held) == (7, [("m5", 7), ("m9", 9)])  # an ack moves no cursor


def test_an_answer_that_events_overtook_changes_nothing_that_is_newer(wire: Wire) -> None:
    wire.client.on_event(told(message(7)))
    wire.wait()
    wire.client.on_event(told(message(6)))
    wire.client.on_event(told(message(6, 8), 7))
    wire.changes(events=[told(message(6), 5), told(message(7), 6)], seq=7)
    assert (wire.cursor, wire.held) == (8, [("m5", 5), ("m6", 8), ("m7", 7)])
    assert wire.news == ["m6", "m7"]


def test_who_was_away_hears_what_happened_since_as_news(wire: Wire) -> None:
    wire.client.lost()
    wire.hello()
    asked = wire.page(message(6, 8), message(5, 7), seq=8)
    assert (asked["since"], asked["epoch"]) == (5, "1")
    assert (wire.cursor, wire.news) == (8, ["m6"])
    assert [type(event).__name__ for event in wire.events] == ["Changed", "Posted"]


def test_who_was_away_too_long_takes_a_page_and_is_told_so(wire: Wire) -> None:
    wire.client.lost()
    wire.hello()
    wire.page(message(299), message(300), seq=300, limited=True)
    assert (wire.cursor, wire.held) == (300, [("m299", 299), ("m300", 300)])
    assert wire.events[0] == Missed(TEA, 5)
    assert wire.news == ["m299", "m300"]


def test_what_changes_before_what_is_held_only_moves_the_cursor() -> None:
    wire = Wire()
    wire.hello()
    wire.page(*(message(seq) for seq in range(11, 11 + PAGE)), seq=10 + PAGE)
    wire.client.on_event(told(message(10, 11 + PAGE)))
    wire.client.on_event(told(message(11, 12 + PAGE)))
    assert (wire.cursor, len(wire.held), ("m11", 12 + PAGE) in wire.held) == (12 + PAGE, PAGE, True)


def test_a_page_that_is_older_sets_the_cursor_back_and_asks_for_the_rest(wire: Wire) -> None:
    wire.client.on_event(told(message(9)))
    wire.wait()
    wire.changes(events=[], seq=400, limited=True)
    for seq in range(6, 9):
        wire.client.on_event(told(message(seq)))
    assert wire.cursor == 9
    asked = wire.page(message(6), message(7), seq=7)
    assert "since" not in asked
    assert (wire.cursor, wire.held) == (7, [("m6", 6), ("m7", 7)])
    wire.wait()
    assert wire.changes(events=[told(message(8), 7), told(message(9), 8)], seq=9)["cursors"] == {TEA: 7}
    assert (wire.cursor, wire.news) == (9, ["m6", "m7", "m8", "m9"])  # nothing twice


def test_a_cursor_of_another_history_takes_a_page(wire: Wire) -> None:
    wire.client.on_heads({TEA: 6, ME: 1})
    assert wire.wait() == [HEADS_SECONDS]
    wire.wait()
    wire.answer("sync", {"epoch": "1", "streams": {TEA: {"reset": True, "seq": 3}}})
    assert "since" not in wire.page(message(3), seq=3)
    assert (wire.cursor, wire.held) == (3, [("m3", 3)])


def test_ones_own_removal_purges_and_a_refusal_is_asked_again_while_the_own_stream_says_member(wire: Wire) -> None:
    wire.client.on_event(told(member(6, "now"), name="member"))
    assert (wire.cursor, wire.held) == (-1, [])
    wire.wait()
    wire.answer("subscribe", code="channel_not_found")
    assert wire.asked == []
    wire.wait()
    assert "since" not in wire.page(message(7), seq=8)  # let in again
    assert wire.held == [("m7", 7)]


def test_what_came_after_ones_own_removal_is_not_applied(wire: Wire) -> None:
    wire.client.on_event(told(message(7)))
    wire.client.on_event(told(member(6, "now"), name="member"))
    assert (wire.cursor, wire.held, wire.news) == (-1, [], [])


def test_an_answer_from_before_a_removal_is_dropped(wire: Wire) -> None:
    wire.client.on_event(told(message(7)))
    wire.wait()
    wire.client.on_event(own(2, "channel_left", channel_id=TEA))
    wire.client.on_event(own(3, "channel_joined", channel=CHANNEL))
    assert wire.page(message(3), message(9), seq=9, members=(member(8, None),))["since"] == 0
    wire.changes(gone=True)
    assert wire.held == [("m3", 3), ("m9", 9)]
    assert [type(event) for event in wire.events] == [Left, Joined, Posted]


def test_a_subscribe_from_before_a_removal_does_not_count(wire: Wire) -> None:
    wire.client.lost()
    wire.hello()
    wire.client.on_event(told(member(6, "now"), name="member"))
    wire.wait()
    assert [action for action, _, _ in wire.asked] == ["subscribe", "subscribe"]
    wire.page(message(5, 6), seq=6)
    assert (wire.client.current, wire.held) == (False, [])
    wire.page(message(7), seq=8)
    assert (wire.client.current, wire.held) == (True, [("m7", 7)])


def test_an_answer_that_a_page_went_behind_leaves_its_gap_to_be_asked_for(wire: Wire) -> None:
    wire.client.on_event(told(message(7)))
    wire.wait()
    wire.client.on_heads({ME: 1})
    wire.page(message(3), seq=3, limited=True)
    wire.changes(events=[told(message(6), 5)], seq=6)
    assert wire.cursor == 3
    wire.wait()
    assert wire.asked[0][1]["cursors"] == {TEA: 3}


def test_an_answer_about_what_is_not_followed_any_more_is_dropped() -> None:
    wire = Wire()
    wire.hello()
    wire.client.unfollow(TEA)
    wire.client.follow(TEA)
    assert [action for action, _, _ in wire.asked] == ["subscribe", "unsubscribe", "subscribe"]
    wire.page(message(5), seq=5)
    assert (wire.cursor, wire.held) == (-1, [])
    wire.answer("unsubscribe")
    wire.page(message(6), seq=6)
    assert (wire.cursor, wire.held) == (6, [("m6", 6)])


def test_a_channel_that_the_heads_do_not_list_is_subscribed_to_again(wire: Wire) -> None:
    wire.client.on_heads({ME: 1})
    assert wire.page(message(6), seq=6)["since"] == 5
    wire.client.on_heads({ME: 1, TEA: 6})
    assert (wire.asked, wire.news) == ([], ["m6"])


def test_a_lost_event_of_the_own_stream_is_asked_for(wire: Wire) -> None:
    wire.client.on_heads({ME: 2, TEA: 5})
    wire.wait()
    wire.wait()
    left = own(2, "channel_left", channel_id=TEA)
    assert wire.changes(ME, events=[left], seq=2)["cursors"] == {ME: 1}
    assert wire.events == [Left(TEA)]
    assert wire.client.find(TEA) is None


def test_an_own_stream_of_another_history_starts_from_a_new_hello(wire: Wire) -> None:
    wire.client.on_event(own(9, "channel_left", channel_id=TEA))
    wire.wait()
    wire.answer("sync", {"epoch": "1", "streams": {ME: {"reset": True, "seq": 0}}})
    assert wire.restarts == 1
    wire.hello(seq=0, channels=())
    assert (wire.client.own.cursor, wire.client.find(TEA)) == (0, None)


def test_another_epoch_throws_away_everything_held(wire: Wire) -> None:
    wire.client.on_event(told(message(9)))
    wire.client.lost()
    wire.hello(seq=0, epoch="2")
    assert (wire.cursor, wire.held, wire.client.own.cursor) == (-1, [], 0)
    assert "since" not in wire.asked[0][1]
    wire.page(message(2), seq=2)
    assert wire.restarts == 1  # an answer of the old epoch: hear a new hello first


def test_a_busy_server_is_asked_again_as_late_as_it_says(wire: Wire) -> None:
    wire.client.on_heads({ME: 1})
    wire.answer("subscribe", code="rate_limited", retryable=True, retry_after=3.0)
    assert wire.held == [("m5", 5)]
    assert [seconds for seconds in wire.wait() if seconds >= 3.0]
    wire.page(seq=5)
    wire.client.on_event(told(message(7)))
    wire.wait()
    wire.answer("sync", code="rate_limited", retryable=True, retry_after=4.0)
    assert wire.wait() == [4.0]
    assert wire.changes(events=[told(message(6), 5)], seq=6)
    assert wire.cursor == 7


def test_an_event_of_a_kind_that_is_not_known_yet_only_moves_the_cursor(wire: Wire) -> None:
    wire.client.on_event({"event": "poll", "stream": TEA, "prev": 5, "seq": 6, "poll": {}})
    wire.client.on_event(told(message(7)))
    assert (wire.cursor, wire.news) == (7, ["m7"])


def test_who_keeps_everything_begins_at_the_beginning() -> None:
    wire = Wire(keep=None)
    wire.hello()
    assert wire.page(message(3), message(4, thread_id="m3"), seq=4)["since"] == 0
    assert (wire.held, wire.news) == ([("m3", 3), ("m4", 4)], [])  # it is history


# More channels than a hello shows --------------------------------------------------------------------------


def channel(id: str, role: str | None = "member") -> Row:
    return {**CHANNEL, "id": id, "role": role}


def test_of_a_hello_with_a_part_of_the_channels_nothing_is_taken_to_be_left(wire: Wire) -> None:
    wire.hello(seq=1, channels=(channel("coffee"),), truncated=True)
    assert {TEA, "coffee"} <= wire.client.mine.keys()
    assert not wire.client.current  # the rest is on its way
    wire.listed = [channel("coffee"), channel("milk"), channel("lobby", role=None)]
    wire.waiting.pop()()
    assert wire.client.mine.keys() == {"coffee", "milk"}
    assert [event for event in wire.events if isinstance(event, Left)]


def test_what_came_or_went_while_the_list_was_on_its_way_stays_so(wire: Wire) -> None:
    wire.hello(seq=1, channels=(channel("coffee"),), truncated=True)
    wire.listed = [CHANNEL, channel("coffee")]
    wire.client.on_event(own(2, "channel_left", channel_id=TEA))
    wire.client.on_event(own(3, "channel_joined", channel=channel("milk")))
    wire.waiting.pop()()
    assert wire.client.mine.keys() == {"coffee", "milk"}
