"""Lists of any length come in pages, and someone in very many channels gets in and hears of all of them."""

from __future__ import annotations

import pytest

from chat.limits import MAX_LISTED
from tests.support import Person


def pages(person: Person, path: str, name: str, limit: int) -> list[list[str]]:
    """The ids on each page of a list, gone through as the protocol says."""
    found, after = [], {}
    while True:
        answer = person.get(path, limit=limit, **after).expect(200).data
        found.append([row.get("user_id") or row["id"] for row in answer[name]])
        if answer["next"] is None:
            return found
        after = {"after": answer["next"]}


@pytest.mark.parametrize(
    ("path", "name"),
    [("/users", "users"), ("/channels", "channels"), ("/sessions", "sessions"), ("members", "members")],
)
def test_every_list_comes_in_pages_that_hold_each_entry_once(owner, person, path, name):
    town = owner.opens("public", person("bo"), person("cleo"), person("dan"))
    owner.opens("private")
    for _ in range(3):
        owner.post("/tokens", {"name": "script"}).expect(201)
    path = f"/channels/{town}/members" if path == "members" else path
    [whole] = pages(owner, path, name, MAX_LISTED)
    parts = pages(owner, path, name, 2)
    assert max(map(len, parts)) <= 2
    assert len(parts) > 1
    assert [each for part in parts for each in part] == whole
    assert len(set(whole)) == len(whole)


@pytest.mark.parametrize("limit", [0, MAX_LISTED + 1, "many"])
def test_a_page_is_never_larger_than_the_largest(owner, limit):
    assert owner.get("/users", limit=limit).code == "invalid_arguments"


def test_who_is_in_more_channels_than_a_hello_shows_gets_in_and_hears_of_every_one(connect, owner, person):
    bo = person("bo")
    rooms = [bo.opens("private") for _ in range(MAX_LISTED + 2)]
    last = max(rooms)
    bo.adds(last, owner)
    phone = connect(bo)
    assert phone.hello["truncated"] is True
    assert len(phone.hello["channels"]) == MAX_LISTED
    assert last not in {channel["id"] for channel in phone.hello["channels"]}
    assert {id for part in pages(bo, "/channels", "channels", 200) for id in part} >= set(rooms)
    owner.says(last, "good morning")
    assert phone.hears("activity", lambda news: news["channel_id"] == last)["snippet"] == "good morning"


def test_who_was_away_for_long_is_told_to_take_the_latest_page_of_each_channel(connect, owner, person):
    bo = person("bo")
    town = owner.opens("public", bo)
    for number in range(205):
        owner.says(town, f"message {number}")
    stream = connect(bo).asks("sync", {"cursors": {town: 1}}).expect(200).data["streams"][town]
    assert (stream["limited"], stream["events"]) == (True, [])
