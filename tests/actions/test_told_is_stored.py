"""For every action that changes something: what is told live, what is replayed later and what is there are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.actions.conftest import Office, Someone

Act = Callable[["Scene"], object]


class Scene:
    """Ana's private den with Bo in it, a message, a reply, and Cleo outside."""

    def __init__(self, office: Office, someone: Callable[..., Someone]) -> None:
        self.office = office
        self.ana, self.bo, self.cleo = someone("ana"), someone("bo"), someone("cleo")
        self.den = self.ana.does("create_channel", name="den", kind="private").data["channel"]["id"]
        self.ana.does("add_member", channel_id=self.den, user_id=self.bo.id)
        self.message = self.ana.says(self.den, "hello @bo")["id"]
        self.ana.does("addReaction", message_id=self.message, emoji="🎉")
        self.reply = self.bo.says(self.den, "hi", thread_id=self.message)["id"]

    def heads(self) -> dict[str, int]:
        return self.office.app.extensions["chat"].reader.heads([self.den, self.ana.id, self.bo.id, self.cleo.id])


ACTS: dict[str, Act] = {
    "a message": lambda on: on.ana.says(on.den, "news"),
    "a message that names everyone": lambda on: on.ana.says(on.den, "@channel news"),
    "a reply": lambda on: on.ana.says(on.den, "quite", thread_id=on.message),
    "a reply that is also sent to the channel": lambda on: on.ana.says(
        on.den, "all hear", thread_id=on.message, also_to_channel=True
    ),
    "an edit": lambda on: on.ana.does("edit", message_id=on.message, text="hello @bo and @cleo"),
    "a deletion": lambda on: on.ana.does("delete", message_id=on.message),
    "the deletion of a reply": lambda on: on.bo.does("delete", message_id=on.reply),
    "a reaction": lambda on: on.bo.does("addReaction", message_id=on.message, emoji=":tada:"),
    "a reaction taken back": lambda on: on.ana.does("removeReaction", message_id=on.message, emoji="🎉"),
    "someone added": lambda on: on.ana.does("add_member", channel_id=on.den, user_id=on.cleo.id),
    "someone removed": lambda on: on.ana.does("remove_member", channel_id=on.den, user_id=on.bo.id),
    "someone who leaves": lambda on: on.bo.does("remove_member", channel_id=on.den, user_id=on.bo.id),
    "another name and topic": lambda on: on.ana.does("update_channel", channel_id=on.den, name="nest", topic="eggs"),
    "an archived channel": lambda on: on.ana.does("archive_channel", channel_id=on.den),
    "a channel marked read": lambda on: on.bo.does("markRead", channel_id=on.den, seq=99),
    "a channel marked unread": lambda on: on.bo.does("markRead", channel_id=on.den, seq=1, unread=True),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_live_is_replay_is_state(office: Office, someone: Callable[..., Someone], act: Act) -> None:
    scene = Scene(office, someone)
    before = scene.heads()
    office.told.clear()
    act(scene)
    live = list(office.told)
    assert live, "the action tells something"
    after = scene.heads()
    assert {event.stream for event in live} == {stream for stream in after if after[stream] != before[stream]}
    for stream in {event.stream for event in live}:
        told = [{"event": event.name, **event.as_dict()} for event in live if event.stream == stream]
        assert [event["seq"] for event in told] == list(range(before[stream] + 1, after[stream] + 1))
        assert replay(scene, stream, before[stream]) == told
        for event in told:
            check_state(scene, event)


def replay(scene: Scene, stream: str, cursor: int) -> list[dict[str, Any]]:
    """What someone who was away gets of this stream."""
    reader = {person.id: person for person in (scene.ana, scene.bo, scene.cleo)}.get(stream, scene.ana)
    return list(reader.does("sync", cursors={stream: cursor}).data["streams"][stream]["events"])


def check_state(scene: Scene, event: dict[str, Any]) -> None:
    """What is told is what a page that is opened now shows."""
    if message := event.get("message"):
        shown = scene.ana.does("show_message", message_id=message["id"]).data["message"]
        for reaction in shown["reactions"]:
            del reaction["me"]
        assert shown == message
    elif member := event.get("member"):
        members = scene.ana.does("list_members", channel_id=member["channel_id"]).data["members"]
        assert (member in members) == (member["left_at"] is None)
    elif channel := event.get("channel"):
        shown = scene.ana.does("show_channel", channel_id=channel["id"]).data["channel"]
        assert {key: shown[key] for key in channel} == channel
    elif read := event.get("read"):
        assert scene.bo.does("show_channel", channel_id=event["channel_id"]).data["channel"]["read"] == read


def test_a_refused_action_leaves_no_hole_and_tells_nothing(office: Office, someone: Callable[..., Someone]) -> None:
    scene = Scene(office, someone)
    before = scene.heads()
    office.told.clear()
    for act in (
        lambda: scene.cleo.says(scene.den, "let me in"),
        lambda: scene.bo.does("edit", message_id=scene.message, text="not mine"),
        lambda: scene.ana.does("edit", message_id=scene.message, text="late", base_rev=7),
        lambda: scene.ana.does("addReaction", message_id=scene.message, emoji="no emoji"),
    ):
        with pytest.raises(Exception, match=r"channel_not_found|forbidden|edit_conflict|invalid_emoji"):
            act()
    unchanged = scene.ana.does("addReaction", message_id=scene.message, emoji="🎉")
    assert not unchanged.data["changed"]
    assert (scene.heads(), office.told) == (before, [])
