"""A real Slack export comes in with exactly its counts, into a running server, and people chat on in it."""

from __future__ import annotations

import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.importers.support import data_folder
from tests.support import Database, Person, Server

PAGE = 200


@dataclass
class Houston:
    """The server with the export in it, and all its messages as its owner reads them over REST."""

    server: Server
    owner: Person
    path: Path
    said: str
    seconds: float
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def everything(self) -> list[dict[str, Any]]:
        return [message for messages in self.messages.values() for message in messages]

    def read(self) -> Houston:
        self.channels = {channel["name"]: channel for channel in self.owner.get("/channels").data["channels"]}
        self.messages = {name: read_all(self.owner, channel["id"]) for name, channel in self.channels.items()}
        return self

    def heads(self) -> dict[str, int]:
        return {channel["id"]: channel["seq"] for channel in self.owner.get("/channels").data["channels"]}


def read_all(reader: Person, channel_id: str) -> list[dict[str, Any]]:
    """A channel's whole history, page by page."""
    messages: list[dict[str, Any]] = []
    more = True
    while more:
        after = messages[-1]["seq"] if messages else 0
        page = reader.get(f"/channels/{channel_id}/messages", after=after, limit=PAGE).expect(200).data
        messages += page["messages"]
        more = page["more_after"]
    return messages


@pytest.fixture(scope="module")
def data() -> Path:
    return data_folder("slack-houston-2016")


@pytest.fixture(scope="module")
def expected(data: Path) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads((data / "EXPECTED.json").read_text())
    return counts


@pytest.fixture(scope="module")
def source(data: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """The export's messages, by channel and ts."""
    (path,) = data.glob("*.zip")
    found: dict[str, dict[str, dict[str, Any]]] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if re.search(r"/\d{4}-\d\d-\d\d\.json$", name):
                of_channel = found.setdefault(name.split("/")[0], {})
                of_channel.update({message["ts"]: message for message in json.loads(archive.read(name))})
    return found


@pytest.fixture(scope="module")
def houston(data: Path, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houston]:
    (path,) = data.glob("*.zip")
    server = Server(tmp_path_factory.mktemp("houston"), database=database()).start()
    owner = server.owner()
    began = time.monotonic()
    done = server.chat("import", "slack", str(path))
    assert done.returncode == 0, done.stderr
    yield Houston(server, owner, path, done.stdout, time.monotonic() - began).read()
    server.stop()


def test_everyone_and_every_channel_is_there(houston: Houston, expected: dict[str, Any]) -> None:
    people = [user for user in houston.owner.get("/users").data["users"] if user["id"] != houston.owner.id]
    assert len(people) == expected["users"]
    assert sum(1 for user in people if user["deactivated_at"]) == expected["users_deleted"]
    assert sum(1 for user in people if user["kind"] == "bot") == expected["users_bot"]
    assert {user["role"] for user in people} == {"member"}
    assert len(houston.channels) == expected["conversations"]["channels"]
    assert sum(1 for channel in houston.channels.values() if channel["archived_at"]) == expected["archived"]
    members = [houston.owner.get(f"/channels/{each['id']}/members").data for each in houston.channels.values()]
    assert sum(len(each["members"]) for each in members) == expected["memberships"]


def test_every_message_is_there(houston: Houston, expected: dict[str, Any]) -> None:
    messages = houston.everything
    assert {name: len(found) for name, found in houston.messages.items()} == expected["messages_per_channel"]
    assert len(messages) == expected["messages"]
    kinds = Counter(message["kind"] for message in messages)
    assert (kinds["user"], kinds["system"]) == (expected["content_messages"], expected["system_messages"])
    assert sum(1 for message in messages if message["edited_at"]) == expected["edited"]
    assert sum(len(message["files"]) for message in messages) == expected["file_refs"]
    assert sum(1 for message in messages if message["files"]) == expected["messages_with_files"]
    assert sum(1 for message in messages if message["mentions"]) == expected["messages_with_user_mention"]
    assert sum(1 for message in messages if message["deleted_at"]) == expected["tombstones"]
    assert sum(1 for message in messages if message["thread_id"]) == expected["threads"]


def test_every_reaction_is_its_persons(houston: Houston, expected: dict[str, Any]) -> None:
    reacted = [message for message in houston.everything if message["reactions"]]
    groups = [group for message in reacted for group in message["reactions"]]
    assert len(reacted) == expected["messages_with_reactions"]
    assert len(groups) == expected["reaction_groups"]
    assert sum(group["count"] for group in groups) == expected["reactions_counted"]
    assert sum(len(group["user_ids"]) for group in groups) == expected["reactions_listed"]
    used = Counter(group["emoji"] for group in groups for _ in group["user_ids"])
    assert len(used) == expected["distinct_emoji"]
    (best, count), *_ = expected["top_emoji"]
    assert (best, used["👍"]) == ("+1", count)


def test_pins_stand_where_the_channels_list_them(houston: Houston) -> None:
    # EXPECTED counts the messages' own marks (none); the channels' lists name one.
    pinned = [message for message in houston.everything if message["pinned_at"]]
    assert [message["text"][:27] for message in pinned] == ["New data jam event posted. "]


def test_messages_stand_in_the_order_of_their_time(houston: Houston, source: dict[str, Any]) -> None:
    for name, messages in houston.messages.items():
        keys = [message["client_msg_id"].rpartition(":")[2] for message in messages]
        assert keys == sorted(source[name], key=lambda ts: tuple(map(int, ts.split("."))))


def test_texts_are_decoded_once_and_name_people_as_they_are_called(houston: Houston, source: dict[str, Any]) -> None:
    by_id = {user["id"]: user["username"] for user in houston.owner.get("/users").data["users"]}
    for name, messages in houston.messages.items():
        for message in messages:
            assert not re.search(r"&(amp|lt|gt);|<[@#!]|<http", message["text"])
            raw = source[name][message["client_msg_id"].rpartition(":")[2]]["text"]
            named = set(re.findall(r"<@(U\w+)", raw))
            assert len(message["mentions"]) >= len(named)
            assert all(f"@{by_id[user_id]}" in message["text"] for user_id in message["mentions"])
            if re.fullmatch(r"[^<>&*_~`:]*", raw):
                assert message["text"] == raw
    everything = "\n".join(message["text"] for message in houston.everything)
    assert "short notice (<1 hour)" in everything
    assert "beers & soda" in everything


def test_files_are_links_that_hold_no_token(houston: Houston) -> None:
    files = [file for message in houston.everything for file in message["files"]]
    assert all(file["name"] and file["url"].startswith("https://") for file in files)
    assert "xoxe-" not in json.dumps(houston.everything)


def test_the_numbers_have_no_holes(houston: Houston) -> None:
    for name, channel in houston.channels.items():
        members = houston.owner.get(f"/channels/{channel['id']}/members").data["members"]
        numbers = [channel["changed_seq"], *(row["changed_seq"] for row in [*members, *houston.messages[name]])]
        assert sorted(numbers) == list(range(1, channel["seq"] + 1)), name
        posted = [message["posted"] for message in houston.messages[name] if message["posted"] is not None]
        assert posted == list(range(1, channel["posted"] + 1)), name


def test_the_report_tells_what_was_taken_and_what_was_not(houston: Houston) -> None:
    for line in ("71  people", "16  public channels", "1,031  messages of people", "199  reactions"):
        assert line in houston.said
    for line in ("37  earlier texts of edited messages", "67  files' contents"):
        assert line in houston.said.partition("Not carried over")[2]


def test_importing_again_changes_nothing(houston: Houston) -> None:
    before, said = houston.heads(), houston.everything
    again = houston.server.chat("import", "slack", str(houston.path))
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("Nothing new.")
    assert "1,382  messages" in again.stdout
    assert houston.heads() == before
    assert houston.read().everything == said


def claims(houston: Houston, username: str) -> Person:
    """An imported person follows the link that the operator made for them."""
    made = houston.server.chat("user", "invite", "--claims", username)
    assert made.returncode == 0, made.stderr
    person = Person(houston.server, username)
    person.sign_up(made.stdout.strip().rpartition("/")[2]).expect(201)
    return person.sign_in()


def test_two_people_who_claimed_their_accounts_chat_on_live(houston: Houston) -> None:
    neeraj, micah = claims(houston, "neerajt"), claims(houston, "micahstubbs")
    channels = {each["name"]: each for each in neeraj.get("/channels").data["channels"] if each["role"]}
    assert {"datajam", "general", "meetup-"} <= channels.keys()
    assert all(each["read"]["unread"] == 0 for each in channels.values())
    general = channels["general"]
    listening, writing = micah.connect(), neeraj.connect()
    try:
        before = listening.looks_at(general["id"])["channel"]
        sent = writing.sends(general["id"], "eight years later: hello @micahstubbs!").expect(200).data["message"]
        heard = listening.hears("message", lambda told: told["message"]["id"] == sent["id"])["message"]
        assert (heard["seq"], heard["posted"]) == (before["seq"] + 1, before["posted"] + 1)
        assert heard["mentions"] == [micah.id]
        own = [message for message in houston.messages["general"] if message["user_id"] == neeraj.id]
        old = next(message for message in own if message["kind"] == "user")
        edited = neeraj.patch(f"/messages/{old['id']}", {"text": "still mine to edit"}).expect(200).data["message"]
        assert edited["rev"] == old["rev"] + 1
    finally:
        listening.hangs_up()
        writing.hangs_up()


def test_nobody_claims_an_account_twice(houston: Houston) -> None:
    first, second = (houston.server.chat("user", "invite", "--claims", "javier").stdout.strip() for _ in range(2))
    Person(houston.server, "javier").sign_up(first.rpartition("/")[2]).expect(201)
    assert Person(houston.server, "intruder").sign_up(second.rpartition("/")[2]).code == "forbidden"
    assert houston.server.chat("user", "invite", "--claims", "javier").returncode == 1


def test_direct_conversations_come_too(houston: Houston, data: Path, tmp_path: Path) -> None:
    """The same workspace, exported with its direct conversations: they are new, and nothing else is."""
    fixtures = data_folder("slack-dm-fixtures")
    path = tmp_path / "with-dms.zip"
    with zipfile.ZipFile(houston.path) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if not name.endswith("/"):
                new.writestr(name, old.read(name))
        for name in ("dms.json", "mpims.json"):
            new.writestr(name, (fixtures / name).read_text())
        said = {"type": "message", "user": "U061A1R2R", "text": "psst", "ts": "1556638500.000100"}
        new.writestr("DJ47BL849/2019-04-30.json", json.dumps([said]))
        new.writestr("mpdm-user9--user2--user10-1/2018-02-28.json", json.dumps([{**said, "text": "we four"}]))
    tim, before = claims(houston, "timabram"), houston.heads()
    phone = tim.connect()
    done = houston.server.chat("import", "slack", str(path))
    assert done.returncode == 0, done.stderr
    try:
        phone.hears("channel_joined", lambda _: len(phone.events("channel_joined")) == 6)
    finally:
        phone.hangs_up()
    taken = done.stdout.partition("There already")[0]
    assert re.findall(r"([\d,]+)  (.+)", taken) == [
        ("5", "direct conversations"),  # one of the group ones has two people
        ("2", "group conversations"),
        ("16", "memberships"),
        ("2", "messages of people"),
    ]
    assert houston.heads() == before, "what the owner sees is as it was"
    direct = [each for each in tim.get("/channels").data["channels"] if each["kind"] in ("dm", "group_dm")]
    assert sorted(len(each["user_ids"]) for each in direct) == [1, 2, 2, 2, 3, 4]
    (four,) = [each for each in direct if len(each["user_ids"]) == 4]
    assert [message["text"] for message in read_all(tim, four["id"])] == ["we four"]
    psst = [each for each in direct if len(each["user_ids"]) == 2]
    assert "psst" not in [message["text"] for each in psst for message in read_all(tim, each["id"])]
