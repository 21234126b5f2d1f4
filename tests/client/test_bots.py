"""A bot among people: what it hears, what it says, and how it ends."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chat.client import (
    Changed,
    ChannelChanged,
    Client,
    Event,
    Joined,
    Left,
    MemberChanged,
    Message,
    Posted,
    Refused,
    SessionEnded,
)
from tests.support import ROOT, Person, until

Run = Callable[..., Client]


def hear(events: Iterator[Event], kind: type[Event], count: int = 1) -> list[Any]:
    """The next events, which all have to be of this kind."""
    heard = [next(events) for _ in range(count)]
    assert [type(event) for event in heard] == [kind] * count, heard
    return heard


def test_a_bot_tells_new_messages_from_changed_ones_and_its_own_from_others(ana: Person, bo: Person, bot: Run) -> None:
    channel_id = ana.opens("public", bo)
    chat = bot(bo).ready()
    events = chat.events(timeout=10)

    said = ana.says(channel_id, "good morning")
    [posted] = hear(events, Posted)
    assert (posted.message.text, posted.mine) == ("good morning", False)

    mine = chat.send(channel_id, "hello").result(10)
    assert isinstance(mine, Message)
    assert hear(events, Posted) == [Posted(mine, mine=True)]

    ana.patch(f"/messages/{said['id']}", {"text": "good evening"}).expect(200)
    [edited] = hear(events, Changed)
    assert (edited.message.text, edited.before, edited.mine) == ("good evening", posted.message, False)

    chat.react(posted.message, "👍").result(10)
    [reacted] = hear(events, Changed)
    assert [(reaction.emoji, reaction.user_ids) for reaction in reacted.message.reactions] == [("👍", [bo.id])]
    # Each is heard before the next is done: two changes of one message may be told as one.
    chat.unreact(posted.message, "👍").result(10)
    [untaken] = hear(events, Changed)
    chat.edit(mine, "hello!").result(10)
    [changed] = hear(events, Changed)
    chat.delete(mine).result(10)
    [deleted] = hear(events, Changed)
    assert untaken.message.reactions == ()
    assert (changed.message.text, deleted.message.deleted_at is None) == ("hello!", False)
    assert [message.id for message in chat.messages(channel_id)] == [said["id"], mine.id]


def test_a_bot_is_told_who_comes_and_goes_and_what_a_channel_is_called(ana: Person, bo: Person, bot: Run) -> None:
    channel_id = ana.opens("private", bo)
    events = bot(ana).ready().events(timeout=10)
    ana.patch(f"/channels/{channel_id}", {"topic": "tea"}).expect(200)
    [changed] = hear(events, ChannelChanged)
    assert (changed.channel.id, changed.channel.topic) == (channel_id, "tea")
    ana.removes(channel_id, bo)
    [gone] = hear(events, MemberChanged)
    assert (gone.member.user_id, gone.member.left_at is None) == (bo.id, False)


def test_who_begins_a_conversation_with_a_bot_is_heard_from_the_first_word(ana: Person, bo: Person, bot: Run) -> None:
    events = bot(bo).ready().events(timeout=10)
    conversation = ana.talks_to(bo)
    for text in ("are you there?", "hello?"):
        ana.says(conversation, text)
    [joined] = hear(events, Joined)
    assert joined.channel.id == conversation
    assert [event.message.text for event in hear(events, Posted, 2)] == ["are you there?", "hello?"]


def test_what_was_said_before_a_bot_was_let_in_is_no_news_to_it(ana: Person, bo: Person, bot: Run) -> None:
    events = bot(bo).ready().events(timeout=10)
    channel_id = ana.opens("public")
    ana.says(channel_id, "long ago")
    ana.adds(channel_id, bo)
    ana.says(channel_id, "welcome")
    hear(events, Joined)
    [posted] = hear(events, Posted)
    assert posted.message.text == "welcome"


def test_a_bot_that_was_removed_holds_and_hears_nothing_more(ana: Person, bo: Person, bot: Run) -> None:
    channel_id, other = ana.opens("private", bo), ana.opens("public", bo)
    chat = bot(bo).ready()
    events = chat.events(timeout=10)
    ana.says(channel_id, "a secret")
    hear(events, Posted)
    ana.removes(channel_id, bo)
    ana.says(channel_id, "another secret")
    ana.says(other, "nothing secret")
    until(lambda: channel_id not in chat.snapshot())
    rest: list[Event] = []
    while not {Left, Posted} <= {type(event) for event in rest}:
        rest.append(next(events))
    assert Left(channel_id) in rest
    assert [event.message.text for event in rest if isinstance(event, Posted)] == ["nothing secret"]
    assert chat.messages(channel_id) == []


def test_a_bot_follows_a_public_channel_that_it_is_not_in(ana: Person, bo: Person, bot: Run) -> None:
    public, private = ana.opens("public"), ana.opens("private")
    chat = bot(bo)
    events = chat.events(timeout=10)
    chat.follow(public)
    chat.follow(private)
    assert hear(events, Left) == [Left(private, "channel_not_found")]
    chat.ready()
    ana.says(public, "anyone?")
    assert hear(events, Posted)[0].message.text == "anyone?"
    chat.unfollow(public)
    chat.ask("ping")
    ana.says(public, "no one")
    chat.ask("ping")
    assert chat.messages(public) == []
    with pytest.raises(Refused, match="channel_not_found"):
        chat.get(f"/channels/{private}")


def test_a_bot_may_ask_over_rest_who_and_what_there_is(ana: Person, bo: Person, bot: Run) -> None:
    channel_id = ana.opens("private", bo, name="tea")
    chat = bot(bo)
    assert chat.me.id == bo.id
    assert {"tea": "member"}.items() <= {channel.name: channel.role for channel in chat.channels()}.items()
    assert {ana.username, bo.username} <= {user.username for user in chat.users()}
    conversation = chat.post("/dms", {"user_ids": [ana.id]})["channel"]["id"]
    chat.send(conversation, "hello").result(10)
    messages = chat.get(f"/channels/{conversation}/messages", limit=1)["messages"]
    assert [message["text"] for message in messages] == ["hello"]
    assert chat.ask("typing", {"channel_id": channel_id, "on": True}) == {}


def test_a_bot_holds_only_the_newest_messages(ana: Person, bo: Person, bot: Run) -> None:
    channel_id = ana.opens("public", bo)
    chat = bot(bo, keep=5).ready()
    for number in range(14):
        ana.says(channel_id, str(number))
    until(lambda: any(message.text == "13" for message in chat.messages(channel_id)))
    held = [message.text for message in chat.messages(channel_id)]
    assert held == [str(number) for number in range(14)][-len(held) :]
    assert 5 <= len(held) < 10


def test_a_bot_whose_token_was_revoked_ends_and_keeps_its_outbox(
    ana: Person, bo: Person, bot: Run, tmp_path: Path
) -> None:
    channel_id = ana.opens("public", bo)
    doomed = bo.post("/tokens", {"name": "doomed"}).data
    chat = bot(bo, token=doomed["token"], outbox=tmp_path / "bot.db").ready()
    events = chat.events(timeout=10)
    bo.delete(f"/sessions/{doomed['session']['id']}").expect(200)
    with pytest.raises(SessionEnded, match="session_expired"):
        list(events)
    sending = chat.send(channel_id, "in vain?")
    with pytest.raises(SessionEnded):
        chat.ready()
    assert (chat.pending, sending.done) == (1, True)
    chat.close()

    bot(bo, outbox=tmp_path / "bot.db").ready().flush()
    page = ana.get(f"/channels/{channel_id}/messages").data["messages"]
    assert [message["text"] for message in page] == ["in vain?"]


def test_a_made_up_token_is_refused_at_once(ana: Person, bot: Run) -> None:
    with pytest.raises(SessionEnded, match="not_authed"):
        bot(ana, token="nonsense").ready()


def test_a_bot_can_be_closed_from_another_thread_and_its_loop_ends(ana: Person, bot: Run) -> None:
    chat = bot(ana).ready()
    threading.Timer(0.1, chat.close).start()
    assert list(chat.events(timeout=10)) == []


def test_the_client_needs_nothing_but_its_two_libraries() -> None:
    script = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        foreign = top in {"flask", "sqlalchemy", "marshmallow", "eventlet", "greenlet", "gunicorn", "config"}
        if foreign or name.startswith("chat.") and not (name + ".").startswith("chat.client."):
            raise ImportError("blocked: " + name)

sys.meta_path.insert(0, Nothing())
from chat.client import Client
Client("http://127.0.0.1:1", "token").close()
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def answered(ana: Person, conversation: str) -> bool:
    """what is said is said again"""
    text = f"hello {uuid.uuid4()}"
    ana.says(conversation, text)
    time.sleep(0.3)
    page = ana.get(f"/channels/{conversation}/messages", limit=10).data["messages"]
    return [row["text"] for row in page].count(text) == 2


def test_the_bot_in_the_documentation_works(ana: Person, bo: Person) -> None:
    [source] = re.findall(r"```python\n(# echo\.py\n.*?)```", (ROOT / "docs" / "bots.md").read_text(), re.DOTALL)
    assert len(source.splitlines()) <= 10
    [url] = re.findall(r"https://\S+?(?=\")", source)
    source = source.replace(url, bo.server.url).replace("…", bo.token).replace("echo.db", ":memory:")
    bot = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT)
    try:
        conversation = ana.talks_to(bo)

        until(lambda: answered(ana, conversation), 30)
        assert bot.poll() is None
    finally:
        bot.kill()
        bot.wait()
