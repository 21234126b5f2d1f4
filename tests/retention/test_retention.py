"""RETENTION_DAYS: what is older goes for good, and everyone who was there, or away, sees what is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import pytest
import requests

from chat.client import Client, Posted
from chat.journal import Event
from chat.realtime.dispatcher import Dispatcher
from tests.support import Database, Person, Phone, Server, until


class Town:
    """A workspace that keeps messages for 30 days, and a channel of ana's and bo's."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.ana = server.owner()
        self.bo = server.person("bo", self.ana)
        self.square = self.ana.opens("public", self.bo)

    def says(self, who: Person, text: str, *, days: int = 0, **more: object) -> dict:
        """Somebody said something, so many days ago."""
        message = who.says(self.square, text, **more)
        if days:
            then = datetime.fromisoformat(message["created_at"]) - timedelta(days=days)
            moment = then.strftime("%Y-%m-%d %H:%M:%S.%f")
            self.server.sql("UPDATE messages SET created_at = :then WHERE id = :id", then=moment, id=message["id"])
        return message

    def retires(self) -> int:
        """The administrator does not wait for the server to do it; how many messages went."""
        done = self.server.chat("retire")
        assert done.returncode == 0, done.stderr
        return int(done.stdout.split()[0].replace(",", ""))

    def texts(self, who: Person | None = None) -> list[str]:
        page = (who or self.ana).get(f"/channels/{self.square}/messages", limit=200).data
        assert page["more_before"] is page["more_after"] is False
        return [message["text"] for message in page["messages"]]

    def read(self, who: Person) -> dict:
        return who.get(f"/channels/{self.square}").data["channel"]["read"]


@pytest.fixture(scope="module")
def keeper(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Only its administrator's command knows the setting: the server would go ahead by itself after ten seconds."""
    server = Server(tmp_path_factory.mktemp("keeper"), {"HEADS_SECONDS": "1"}, database()).start()
    server.settings["RETENTION_DAYS"] = "30"
    yield server
    server.stop()


@pytest.fixture
def town(keeper: Server) -> Town:
    return Town(keeper)


def test_what_is_older_goes_with_everything_that_hangs_on_it_and_the_rest_stays(town):
    old = town.says(town.ana, "the old @bo", days=31)
    town.ana.patch(f"/messages/{old['id']}", {"text": "the old one, mended for @bo"}).expect(200)
    town.bo.put(f"/messages/{old['id']}/reactions/🎉").expect(200)
    town.says(town.ana, "nearly too old", days=29)
    town.says(town.bo, "of today")
    assert town.retires() == 1
    assert town.texts() == ["nearly too old", "of today"]
    assert town.ana.get(f"/messages/{old['id']}").code == "message_not_found"
    for table in ("revisions", "reactions", "mentions", "file_references"):
        assert town.server.sql(f"SELECT count(*) FROM {table} WHERE message_id = :id", id=old["id"]) == [(0,)], table
    if not town.server.database:  # PostgreSQL would have refused
        assert town.server.sql("PRAGMA foreign_key_check") == []
    assert town.retires() == 0


def test_without_the_setting_everything_stays(own_server):
    town = Town(own_server())
    town.says(town.ana, "for ever", days=4000)
    refused = town.server.chat("retire")
    assert (refused.returncode, refused.stderr) == (1, "chat: RETENTION_DAYS is not set: everything is kept\n")
    assert town.texts() == ["for ever"]


def test_who_was_away_gets_the_latest_page_and_who_was_not_misses_nothing(town, connect):
    kept = town.says(town.ana, "long ago", days=60)
    also = town.says(town.ana, "and longer", days=90)
    town.says(town.ana, "lately")
    phone: Phone = connect(town.bo)
    since = phone.looks_at(town.square)
    assert [message["text"] for message in since["messages"]] == ["long ago", "and longer", "lately"]
    assert town.retires() == 2
    for before in (kept["seq"] - 1, also["seq"] - 1):
        answer = phone.looks_at(town.square, since=before)
        assert (answer["limited"], [message["text"] for message in answer["messages"]]) == (True, ["lately"])
        synced = phone.asks("sync", {"cursors": {town.square: before}}).data["streams"][town.square]
        assert (synced["limited"], synced["events"]) == (True, [])
    # Above the floor nothing is missing, and nobody is sent back to a page.
    answer = phone.looks_at(town.square, since=also["seq"])
    assert (answer["limited"], [message["text"] for message in answer["messages"]]) == (False, ["lately"])
    assert phone.looks_at(town.square)["seq"] == since["seq"]
    assert phone.asks("ping").data["heads"][town.square] == since["seq"]
    said = town.says(town.ana, "and on")
    event = phone.hears("message", lambda event: event["message"]["id"] == said["id"])
    assert event["prev"] == since["seq"]


def test_a_bot_that_was_away_goes_on_with_what_is_there(town, tmp_path):
    shelf = tmp_path / "bot.db"
    heard: list[str] = []

    def listens(until_text: str) -> None:
        with Client(town.server.url, token=town.bo.token, outbox=str(shelf)) as bot:
            for event in bot.events():
                if isinstance(event, Posted):
                    heard.append(event.message.text)
                    if event.message.text == until_text:
                        return

    first = threading.Thread(target=listens, args=("of then",))
    first.start()
    until(shelf.exists)
    until(lambda: [town.says(town.ana, "of then"), "of then" in heard][1])
    first.join(20)
    long_ago = "UPDATE messages SET created_at = '2020-01-01 00:00:00.000000' WHERE channel_id = :square"
    town.server.sql(long_ago, square=town.square)
    assert town.retires() >= 1
    second = threading.Thread(target=listens, args=("of now",))
    second.start()
    until(lambda: [town.says(town.ana, "of now"), "of now" in heard][1])
    second.join(20)
    assert town.texts()[0] == "of now"


def test_a_thread_that_goes_on_keeps_its_place_until_its_last_reply_goes(town, connect):
    root = town.says(town.ana, "a question", days=40)
    town.says(town.bo, "an early answer", days=35, thread_id=root["id"])
    late = town.says(town.bo, "a late answer", thread_id=root["id"])
    phone = connect(town.ana)
    phone.looks_at(town.square)
    assert town.retires() == 1
    told = phone.hears("message", lambda event: event["message"]["deleted_at"])["message"]
    assert (told["id"], told["text"], told["reply_count"]) == (root["id"], "", 1)
    page = town.ana.get(f"/channels/{town.square}/messages", thread_id=root["id"]).data
    assert [message["text"] for message in page["messages"]] == ["a late answer"]
    assert page["root"]["reply_count"] == 1
    assert town.retires() == 0
    town.server.sql("UPDATE messages SET created_at = '2020-01-01 00:00:00.000000' WHERE id = :id", id=late["id"])
    assert town.retires() == 2
    assert town.texts() == []


def test_what_is_left_unread_is_counted_anew_and_told(town, connect):
    for number in range(3):
        town.says(town.ana, f"old {number} @{town.bo.username}", days=50)
    town.says(town.ana, f"new @{town.bo.username}")
    phone = connect(town.bo)
    [shown] = [channel for channel in phone.hello["channels"] if channel["id"] == town.square]
    assert (shown["read"]["unread"], shown["read"]["mentions"]) == (4, 4)
    assert town.retires() == 3
    told = phone.hears("read", lambda event: event["channel_id"] == town.square)["read"]
    assert (told["unread"], told["mentions"]) == (1, 1)
    assert town.read(town.bo) == told
    assert town.read(town.ana)["unread"] == 0
    own = phone.asks("sync", {"cursors": {town.bo.id: 0}}).data["streams"][town.bo.id]
    assert [event["read"] for event in own["events"] if event["event"] == "read"] == [told]


def test_old_ones_that_came_behind_younger_ones_leave_no_hole_in_what_is_counted(town, connect):
    """As when an export is imported into a channel where people write already."""
    town.says(town.ana, "young")
    old = [town.says(town.ana, f"old {number}", days=40) for number in range(3)]
    last = town.says(town.ana, "youngest")
    phone = connect(town.bo)
    assert town.read(town.bo)["unread"] == 5
    assert town.retires() == 0  # they leave tombstones
    assert town.texts() == ["young", "", "", "", "youngest"]
    assert town.ana.get(f"/messages/{old[0]['id']}/revisions").data["revisions"] == []
    assert town.read(town.bo)["unread"] == 2
    phone.hears("activity", lambda event: event.get("deleted_seq") == old[2]["seq"])
    long_ago = "UPDATE messages SET created_at = '2020-01-01 00:00:00.000000' WHERE channel_id = :square AND id != :id"
    town.server.sql(long_ago, square=town.square, id=last["id"])
    assert town.retires() == 4
    assert town.texts() == ["youngest"]
    assert town.read(town.bo)["unread"] == 1


def test_a_thread_that_goes_on_leaves_no_hole_in_what_is_counted(town):
    root = town.says(town.ana, "a question", days=40)
    for number in range(3):
        town.says(town.ana, f"old {number}", days=40)
    town.says(town.bo, "an answer", thread_id=root["id"])
    town.says(town.ana, "young")
    assert town.read(town.bo)["unread"] == 5
    assert town.retires() == 3
    assert town.texts() == ["", "young"]
    assert town.read(town.bo)["unread"] == 1


def test_a_page_that_the_server_remembers_forgets_what_was_removed(town, connect):
    # The last change of the channel is one of an old message: its number is the head, and then the floor.
    old = town.says(town.ana, "old", days=40)
    young = town.says(town.ana, "young")
    town.bo.put(f"/messages/{old['id']}/reactions/🎉").expect(200)
    assert town.retires() == 1
    phone = connect(town.bo)
    before = phone.looks_at(town.square)
    assert [message["text"] for message in before["messages"]] == ["young"]
    town.server.sql("UPDATE messages SET created_at = '2020-01-01 00:00:00.000000' WHERE id = :id", id=young["id"])
    assert town.retires() == 1
    after = phone.looks_at(town.square)
    assert after["messages"] == []
    assert after["seq"] > before["seq"]


def test_the_server_does_it_by_itself_while_people_write(own_server, connect):
    town = Town(own_server())
    for number in range(120):
        town.says(town.ana, f"old {number}", days=40)
    town.server.stop()
    town.server.settings["RETENTION_DAYS"] = "30"
    town.server.start()
    phone = connect(town.bo)
    phone.looks_at(town.square)
    said: list[str] = []

    def is_over() -> bool:
        """the old ones are gone"""
        said.append(phone.sends(town.square, f"new {len(said)}").expect(200).data["message"]["text"])
        time.sleep(0.1)
        return "removed 120 messages" in town.server.log()

    until(is_over, 40)
    assert [text for (text,) in town.server.sql("SELECT text FROM messages ORDER BY seq")] == said
    until(lambda: len(phone.events("message")) == len(said))
    assert [event["message"]["text"] for event in phone.events("message")] == said
    assert "parley_retired_messages_total 120.0" in requests.get(f"{town.server.url}/metrics", timeout=10).text


class Emptied:
    """A database in which retention removed what had changed last, before anybody here was told of it."""

    head = 1

    def heads(self, stream_ids: Iterable[str]) -> dict[str, int]:
        return dict.fromkeys(stream_ids, self.head)

    def changes(self, stream_id: str, after: int, limit: int) -> tuple[list[Event], int]:
        return [], self.head

    def epoch(self) -> str:
        return "epoch"

    def sessions_ended_since(self, moment: datetime) -> list[str]:
        return []

    def sessions_that_hold(self, session_ids: Iterable[str]) -> set[str]:
        return set(session_ids)


def test_what_was_removed_before_it_was_told_holds_up_nothing():
    database = Emptied()
    dispatcher = Dispatcher(database, poll_seconds=0)
    dispatcher.hold(["town"])
    database.head = 3
    dispatcher.poll()
    assert dispatcher.sent("town") == 3
