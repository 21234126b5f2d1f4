"""The same message sent many times at once, over both doors: it is posted once, and everyone hears the same answer."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support import Person, Phone

SENDERS = 20


@pytest.fixture
def phones(connect, ana: Person) -> list[Phone]:
    """Many connections of the same person."""
    return [connect(ana) for _ in range(SENDERS // 2)]


def send_at_once(ana: Person, phones: list[Phone], bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Send each of these at the same moment, by turns over a connection and over REST; the answers' data."""
    start = threading.Barrier(len(bodies))
    browsers = [Person(ana.server, ana.username) for _ in bodies]
    for browser in browsers:
        browser.http.headers["Authorization"] = f"Bearer {ana.token}"

    def send(number: int) -> dict[str, Any]:
        body = dict(bodies[number])
        start.wait()
        if number % 2:
            return phones[number // 2].asks("message", body).expect(200).data
        reply = browsers[number].post(f"/channels/{body.pop('channel_id')}/messages", body)
        assert reply.status == (200 if reply.data["duplicate"] else 201)
        return reply.data

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(send, range(len(bodies))))


def test_twenty_equal_sends_post_one_message(connect, phones, ana, bo):
    town, watcher = ana.opens("public", bo), connect(bo)
    watcher.looks_at(town)
    body = {"channel_id": town, "client_msg_id": str(uuid.uuid4()), "text": f"once @{bo.username}"}
    answers = send_at_once(ana, phones, [body] * SENDERS)
    assert sorted(answer.pop("duplicate") for answer in answers) == [False] + [True] * (SENDERS - 1)
    assert all(answer == answers[0] for answer in answers)
    page = bo.get(f"/channels/{town}/messages").data
    assert page["messages"] == [answers[0]["message"]]
    assert page["seq"] == answers[0]["seq"]  # the others gave their numbers back
    channel = bo.get(f"/channels/{town}").data["channel"]
    assert (channel["posted"], channel["read"]["unread"], channel["read"]["mentions"]) == (1, 1, 1)
    last = ana.says(town, "and on")
    watcher.hears("message", lambda event: event["seq"] == last["seq"])
    assert [event["seq"] for event in watcher.events("message")] == [answers[0]["seq"], last["seq"]]


def test_twenty_different_sends_are_posted_in_one_order_for_all(connect, phones, ana, bo):
    town, watcher = ana.opens("public", bo), connect(bo)
    start = watcher.looks_at(town)["seq"]
    bodies = [{"channel_id": town, "client_msg_id": str(uuid.uuid4()), "text": str(n)} for n in range(SENDERS)]
    answers = send_at_once(ana, phones, bodies)
    assert sorted(answer["seq"] for answer in answers) == list(range(start + 1, start + SENDERS + 1))
    watcher.hears("message", lambda event: event["seq"] == start + SENDERS)
    told = [event["message"]["id"] for event in watcher.events("message")]
    assert told == [message["id"] for message in bo.get(f"/channels/{town}/messages").data["messages"]]
    assert told == [answer["message"]["id"] for answer in sorted(answers, key=lambda answer: answer["seq"])]


def test_the_same_id_for_twenty_different_texts_posts_one_and_refuses_the_rest(phones, ana):
    town, same = ana.opens("public"), str(uuid.uuid4())
    start = threading.Barrier(SENDERS // 2)

    def send(number: int) -> str:
        start.wait()
        return phones[number].sends(town, f"text {number}", client_msg_id=same).code

    with ThreadPoolExecutor(SENDERS // 2) as pool:
        codes = list(pool.map(send, range(SENDERS // 2)))
    assert sorted(codes) == ["idempotency_mismatch"] * (SENDERS // 2 - 1) + ["ok"]
    [message] = ana.get(f"/channels/{town}/messages").data["messages"]
    assert message["text"] == f"text {codes.index('ok')}"


def test_twenty_equal_reactions_and_edits_change_it_once(phones, ana):
    town = ana.opens("public")
    message = ana.says(town, "hello")
    for action, more in (("addReaction", {"emoji": "👍"}), ("edit", {"text": "changed"}), ("delete", {})):
        start = threading.Barrier(len(phones))

        def ask(phone: Phone, action=action, more=more, start=start) -> dict[str, Any]:
            start.wait()
            return phone.asks(action, {"message_id": message["id"], **more}).expect(200).data

        with ThreadPoolExecutor(len(phones)) as pool:
            answers = list(pool.map(ask, phones))
        assert sorted(answer.pop("changed") for answer in answers) == [False] * (len(phones) - 1) + [True]
        assert all(answer == answers[0] for answer in answers)
    assert ana.get(f"/channels/{town}").data["channel"]["seq"] == message["seq"] + 3
