"""A Slack export comes in as it was: who wrote what, when, in which thread, and how others took it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chat.errors import ChatError
from tests.importers.support import START, Slack, Workspace, assert_streams_are_whole


@pytest.fixture
def town(slack: Slack) -> str:
    """A channel with Ana and Bo in it."""
    return slack.channel("town", slack.person("ana"), slack.person("bo"), creator="UANA")


def one(messages: list[dict[str, Any]], text: str) -> dict[str, Any]:
    (found,) = [message for message in messages if text in message["text"]]
    return found


def test_messages_stand_in_the_order_of_their_time(
    workspace: Workspace, slack: Slack, town: str, tmp_path: Path
) -> None:
    for number in range(10):
        slack.says(town, "UANA" if number % 2 else "UBO", f"number {number}")
    workspace.imports(slack.exports(tmp_path / "slack.zip"))
    assert workspace.texts(town) == [f"number {number}" for number in range(10)]
    assert workspace.page(town)[0]["created_at"] == "2020-09-13T12:26:50.000Z"
    assert_streams_are_whole()


def test_people_come_with_their_names_but_not_with_power(
    workspace: Workspace, slack: Slack, town: str, tmp_path: Path
) -> None:
    slack.person("olga")  # has an account here already
    slack.person("gast", is_restricted=True)
    slack.users[-1]["name"] = "Gäst.Müller!"
    slack.person("boss", is_admin=True, is_owner=True, profile={"display_name": "The boss", "email": "Boss@x.example"})
    slack.person("left", deleted=True)
    slack.person("robot", is_bot=True)
    slack.person("here", profile={})
    workspace.imports(slack.exports(tmp_path / "slack.zip"))
    users = workspace.users()
    assert (users["ana"]["display_name"], users["ana"]["role"], users["ana"]["kind"]) == ("Ana", "member", "person")
    assert users["gast.muller"]["role"] == "guest"
    assert (users["boss"]["role"], users["boss"]["display_name"]) == ("member", "The boss")
    assert users["left"]["deactivated_at"]
    assert users["robot"]["kind"] == "bot"
    assert {"olga", "olga-2", "here-2"} <= users.keys()
    assert workspace.sign_in_as("boss").does("show_me").data["user"]["email"] == "boss@x.example"


def test_nobody_has_missed_anything(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    slack.says(town, "UBO", "hello <@UANA>")
    workspace.imports(slack.exports(tmp_path / "slack.zip"))
    ana, bo = workspace.sign_in_as("ana"), workspace.sign_in_as("bo")
    (channel,) = ana.does("hello").data["channels"]
    assert (channel["read"]["unread"], channel["read"]["mentions"], channel["role"]) == (0, 0, "owner")
    bo.says(channel["id"], "and again, @ana")
    read = ana.does("show_channel", channel_id=channel["id"]).data["channel"]["read"]
    assert (read["unread"], read["mentions"]) == (1, 1)


def test_mentions_name_people_as_they_are_called_here(
    workspace: Workspace, slack: Slack, town: str, tmp_path: Path
) -> None:
    slack.person("olga")
    slack.says(town, "UANA", "<@UOLGA> and <@UBO|bo>: fish &amp; chips? <!here>")
    workspace.imports(slack.exports(tmp_path / "slack.zip"))
    (message,) = workspace.page(town)
    assert message["text"] == "@olga-2 and @bo: fish & chips? @here"
    assert set(message["mentions"]) == {workspace.users()[name]["id"] for name in ("olga-2", "bo")}
    assert message["everyone"]


def test_threads_hang_together(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    root = slack.says(town, "UANA", "lunch?")
    root["thread_ts"] = root["ts"]
    slack.says(town, "UBO", "yes", thread_ts=root["ts"])
    slack.says(town, "UANA", "a message between")
    slack.says(town, "UANA", "at one", thread_ts=root["ts"], subtype="thread_broadcast", root=dict(root))
    slack.says(town, "UBO", "me too, whatever it was", thread_ts="1500000000.000100")
    report = workspace.imports(slack.exports(tmp_path / "slack.zip"))
    assert workspace.texts(town) == ["lunch?", "a message between", "at one", "me too, whatever it was"]
    lunch = one(workspace.page(town), "lunch")
    assert lunch["reply_count"] == 2
    replies = workspace.page(town, thread_id=lunch["id"])
    assert [(reply["text"], reply["also_to_channel"]) for reply in replies] == [("yes", False), ("at one", True)]
    assert lunch["last_reply_at"] == replies[-1]["created_at"]
    assert sum(count for words, count in report.lost.items() if "without a first message" in words) == 1
    assert_streams_are_whole()


def test_joining_and_renaming_never_count_as_unread(
    workspace: Workspace, slack: Slack, town: str, tmp_path: Path
) -> None:
    slack.says(town, "UBO", "<@UBO|bo> has joined the channel", subtype="channel_join")
    slack.says(town, "UBO", "hello")
    slack.says(town, "UANA", "<@UANA> has renamed the channel", subtype="channel_name")
    workspace.imports(slack.exports(tmp_path / "slack.zip"))
    page = workspace.page(town)
    assert [(message["kind"], message["posted"]) for message in page] == [
        ("system", None),
        ("user", 1),
        ("system", None),
    ]
    assert page[0]["text"] == "@bo has joined the channel"


def test_bots_speak_under_their_own_names(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    slack.person("deploy", is_bot=True, profile={"real_name": "Deploy", "bot_id": "B1"})
    slack.says(town, None, "from a listed bot", subtype="bot_message", bot_id="B1")
    slack.says(town, None, "under another name", subtype="bot_message", bot_id="B1", username="Deploy (staging)")
    slack.says(town, None, "from a bot of old", subtype="bot_message", username="irc bridge")
    slack.says(town, None, "once more", subtype="bot_message", username="irc bridge")
    slack.says(town, "UANA", "by a person's app", bot_id="B7")
    workspace.imports(slack.exports(tmp_path / "slack.zip"))
    names = {user["id"]: (user["username"], user["kind"]) for user in workspace.users().values()}
    assert [names[message["user_id"]] for message in workspace.page(town)] == [
        ("deploy", "bot"),
        ("deploy-staging", "bot"),
        ("irc-bridge", "bot"),
        ("irc-bridge", "bot"),
        ("ana", "person"),
    ]


def test_what_attachments_and_blocks_say_is_kept(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    build = {"title": "Build <7>", "title_link": "https://ci.example/7", "fields": [{"title": "State", "value": "ok"}]}
    slack.says(town, "UBO", "", attachments=[build])
    slack.says(town, "UBO", "look <https://a.example>", attachments=[{"from_url": "https://a.example", "text": "A"}])
    slack.says(town, "UBO", "", attachments=[{"is_share": True, "from_url": "x", "author_name": "Ana", "text": "told"}])
    parts = [
        {"type": "text", "text": "a < b", "style": {"bold": True}},
        {"type": "user", "user_id": "UANA"},
        {"type": "link", "url": "https://a.example", "text": "x"},
        {"type": "emoji", "name": "fire"},
    ]
    section = {"type": "rich_text_section", "elements": parts}
    bullets = {"type": "rich_text_list", "style": "bullet", "elements": [section]}
    slack.says(town, "UBO", "", blocks=[{"type": "rich_text", "elements": [section, bullets]}])
    report = workspace.imports(slack.exports(tmp_path / "slack.zip"))
    rich = "**a < b**@ana[x](https://a.example)🔥"
    assert workspace.texts(town) == [
        "[Build  7 ](https://ci.example/7)\nState: ok",
        "look https://a.example",
        "Ana:\ntold",
        f"{rich}\n- {rich}",
    ]
    assert report.lost["previews of links"] == 1


def test_reactions_are_each_persons(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    crowd = [slack.person(f"fan{number}") for number in range(50)]
    slack.says(
        town,
        "UANA",
        "well?",
        reactions=[
            {"name": "thumbsup", "users": ["UBO", "UANA"], "count": 2},
            {"name": "+1", "users": ["UBO", "UGONE"], "count": 2},
            {"name": "tux", "users": crowd, "count": 81},
        ],
    )
    report = workspace.imports(slack.exports(tmp_path / "slack.zip"))
    (message,) = workspace.page(town)
    assert [(each["emoji"], each["count"]) for each in message["reactions"]] == [("👍", 3), (":tux:", 50)]
    assert report.lost["reactions beyond the 50 people that Slack lists"] == 31
    gone = workspace.users()["ugone"]
    assert gone["deactivated_at"]
    assert gone["id"] in message["reactions"][0]["user_ids"]
    workspace.sign_in_as("ana").does("removeReaction", message_id=message["id"], emoji=":tux:")


def test_files_are_links_without_their_secrets(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    hosted = {
        "name": "plan.pdf",
        "mimetype": "application/pdf",
        "size": 7,
        "url_private": "https://f.example/1?t=xoxe-1",
    }
    external = {
        "name": "doc",
        "mode": "external",
        "url_private": "https://docs.example/1?v=2",
        "permalink": "https://s.example/1",
    }
    hostile = {"name": "x", "url_private": "javascript:alert(1)"}
    slack.says(town, "UANA", "", files=[hosted, external, {"id": "F1", "mode": "tombstone"}, hostile])
    slack.says(
        town,
        None,
        "<@UBO|bo> commented on UANA's file <https://s.example/F|plan>: nice",
        subtype="file_comment",
        file={"name": "plan", "permalink": "https://s.example/F?t=xoxe-2&x=1"},
        comment={"user": "UBO"},
    )
    workspace.imports(slack.exports(tmp_path / "slack.zip"))
    shared, comment = workspace.page(town)
    assert [(file["name"], file["size"], file["url"]) for file in shared["files"]] == [
        ("plan.pdf", 7, "https://f.example/1"),
        ("doc", None, "https://docs.example/1?v=2"),
        ("A deleted file", None, None),
        ("x", None, None),
    ]
    assert comment["user_id"] == workspace.users()["bo"]["id"]
    assert comment["text"] == "@bo commented on @ana's file [plan](https://s.example/F): nice"
    assert comment["files"][0]["url"] == "https://s.example/F?x=1"


def test_edits_pins_and_deletions_are_marked(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    slack.says(town, "UANA", "edited", edited={"user": "UANA", "ts": f"{START + 99}.000000"})
    by_list = slack.says(town, "UANA", "pinned, says the channel")
    slack.lists["channels.json"][0]["pins"] = [{"id": by_list["ts"], "created": START + 500}]
    slack.says(town, "UANA", "pinned, it says itself", pinned_to=["CTOWN"])
    slack.says(
        town,
        "USLACKBOT",
        "This message was deleted.",
        subtype="tombstone",
        reactions=[{"name": "+1", "users": ["UBO"], "count": 1}],
    )
    report = workspace.imports(slack.exports(tmp_path / "slack.zip"))
    edited, listed, pinned, deleted = workspace.page(town)
    assert (edited["rev"], edited["edited_at"]) == (2, "2020-09-13T12:28:19.000Z")
    assert listed["pinned_at"] == "2020-09-13T12:35:00.000Z"
    assert pinned["pinned_at"] == pinned["created_at"]
    assert deleted["deleted_at"]
    assert (deleted["text"], deleted["reactions"]) == ("", [])
    assert workspace.users()["slackbot"]["kind"] == "bot"
    assert report.lost["earlier texts of edited messages"] == 1


def test_private_channels_stay_private(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    slack.channel("den", "UANA", file="groups.json")
    slack.says("den", "UANA", "secret")
    slack.channel("attic", file="groups.json", is_archived=True)
    slack.says("attic", "UBO", "closed", subtype="group_archive", members=["UBO"])
    slack.says(town, "UANA", "see <#CDEN> and <#CTOWN>")
    workspace.imports(slack.exports(tmp_path / "slack.zip"))
    assert workspace.texts(town) == ["see #private-channel and #town"]
    seen = {
        name: {channel["name"] for channel in workspace.sign_in_as(name).does("list_channels").data["channels"]}
        for name in ("ana", "bo")
    }
    assert seen == {"ana": {"town", "den"}, "bo": {"town", "attic"}}
    assert {channel["name"] for channel in workspace.owner.does("list_channels").data["channels"]} == {"town"}


def test_direct_conversations_are_the_ones_people_open_here(
    workspace: Workspace, slack: Slack, town: str, tmp_path: Path
) -> None:
    slack.direct("D1", "UANA", "UBO")
    slack.says("D1", "UBO", "psst")
    slack.direct("D2", "UANA", "UANA")
    slack.says("D2", "UANA", "note to self")
    slack.channel("mpdm-ana--bo--x-1", "UANA", "UBO", "UX", file="mpims.json")
    slack.says("mpdm-ana--bo--x-1", "UX", "three of us")
    workspace.imports(slack.exports(tmp_path / "slack.zip"))
    ana = workspace.sign_in_as("ana")
    ids = {name: user["id"] for name, user in workspace.users().items()}
    for people, said in ((["bo"], "psst"), (["ana"], "note to self"), (["bo", "ux"], "three of us")):
        if people == ["bo", "ux"]:
            channels = ana.does("list_channels").data["channels"]
            conversation = next(channel for channel in channels if channel["kind"] == "group_dm")
        else:
            user_ids = [ids[name] for name in people]
            conversation = ana.does("open_conversation", user_ids=user_ids).data["channel"]
        (message,) = ana.does("show_page", channel_id=conversation["id"]).data["messages"]
        assert message["text"] == said
        assert set(conversation["user_ids"]) == {ids[name] for name in ["ana", *people]}
    bo = workspace.sign_in_as("bo")
    note = ana.does("open_conversation", user_ids=[ana.id]).data["channel"]["id"]
    with pytest.raises(ChatError, match="channel_not_found"):
        bo.does("show_page", channel_id=note)
    assert_streams_are_whole()


def test_an_archived_channel_can_be_read_and_a_taken_name_is_told(
    workspace: Workspace, slack: Slack, town: str, tmp_path: Path
) -> None:
    workspace.owner.does("create_channel", name="Attic", kind="public")
    purpose = {"topic": {"value": "old &amp; dusty"}, "purpose": {"value": "things"}}
    slack.channel("attic", is_archived=True, **purpose)
    slack.says("attic", "UANA", "last one out")
    report = workspace.imports(slack.exports(tmp_path / "slack.zip"))
    attic = workspace.channel("attic-2")
    assert attic["archived_at"] == "2020-09-13T12:26:50.000Z"
    assert attic["topic"] == "old & dusty — things"
    assert workspace.texts("attic-2") == ["last one out"]
    assert any("attic-2" in note for note in report.notes)


def test_what_cannot_be_taken_is_told(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    said = slack.says(town, "UANA", "nul \0 and half \ud83d")
    slack.said[town].append({**said, "text": "twice"})
    slack.said[town] += [{"ts": "yesterday", "text": "when?"}, {"user": "UANA"}, {"ts": "999999999999.000000"}]
    slack.says(town, "UANA", "x" * 12_363)
    slack.says(town, "UANA", "a record", subtype="message_changed")
    slack.says("elsewhere", "UANA", "where?")
    report = workspace.imports(slack.exports(tmp_path / "slack.zip", **{"town/canvas.json": {}}))
    assert report.skipped["messages without a proper time"] == 3
    assert report.skipped["messages that were there twice"] == 1
    assert report.skipped["files that hold no messages, such as canvases"] == 1
    assert any("does not list" in words for words in report.skipped)
    assert report.lost["records of earlier texts and of deletions"] == 1
    texts = workspace.texts(town)
    assert len(texts) == 2
    assert len(texts[1]) == 12_363  # imports keep texts whole
    assert "\0" not in texts[0]
