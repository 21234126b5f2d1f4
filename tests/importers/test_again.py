"""Importing again: the same file changes nothing, a newer one brings what is new."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.support import START, Slack, Workspace

OF_ANA = {"name": "tada", "users": ["UANA"], "count": 1}


@pytest.fixture
def town(slack: Slack) -> str:
    return slack.channel("town", slack.person("ana"), slack.person("bo"))


def test_the_same_file_changes_nothing(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    slack.says(town, None, "beep", subtype="bot_message", bot_id="B1", username="Beeper")
    slack.says(town, "UGONE", "by someone the export does not list", reactions=[OF_ANA])
    slack.direct("D1", "UANA", "UBO")
    path = slack.exports(tmp_path / "slack.zip")
    assert workspace.imports(path).is_news
    before = workspace.everything()
    report = workspace.imports(path)
    assert workspace.everything() == before
    assert not report.is_news
    assert "Nothing new." in report.lines()


def test_what_people_did_here_survives_the_same_file(
    workspace: Workspace, slack: Slack, town: str, tmp_path: Path
) -> None:
    slack.says(town, "UANA", "as it was")
    slack.says(town, "UANA", "to be deleted")
    path = slack.exports(tmp_path / "slack.zip")
    workspace.imports(path)
    ana, bo, channel = workspace.sign_in_as("ana"), workspace.sign_in_as("bo"), workspace.channel(town)
    first, second = workspace.page(town)
    ana.does("edit", message_id=first["id"], text="as it is")
    ana.does("delete", message_id=second["id"])
    bo.does("addReaction", message_id=first["id"], emoji="🎉")
    bo.does("remove_member", channel_id=channel["id"], user_id=bo.id)
    workspace.owner.does("update_channel", channel_id=channel["id"], name="village")
    before = workspace.everything()
    report = workspace.imports(path)
    assert workspace.everything() == before
    assert "#town of the export stays #village here." in report.notes


def test_a_newer_export_brings_what_is_new(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    root = slack.says(town, "UANA", "lunch?", reactions=[OF_ANA])
    typo = slack.says(town, "UBO", "where’s <@UANA>")
    doomed = slack.says(town, "UBO", "nonsense")
    workspace.imports(slack.exports(tmp_path / "old.zip"))
    ana, channel = workspace.sign_in_as("ana"), workspace.channel(town)
    ana.says(channel["id"], "we talk here already")
    bo = workspace.sign_in_as("bo")
    bo.does("addReaction", message_id=workspace.page(town)[0]["id"], emoji="🎂")
    seq, heads = channel["seq"], workspace.heads()

    slack.says(town, "UBO", "yes", thread_ts=root["ts"])
    slack.says(town, slack.person("cleo"), "I am new")
    slack.lists["channels.json"][0]["members"].append("UCLEO")
    typo.update(text="where is <@UCLEO>", edited={"ts": f"{START + 5000}.000000"})
    root["reactions"] = [{"name": "rocket", "users": ["UBO"], "count": 1}]
    doomed.update(subtype="tombstone", user="USLACKBOT", text="This message was deleted.")
    report = workspace.imports(slack.exports(tmp_path / "new.zip"))

    lunch, where, gone, here, new = workspace.page(town)
    assert [lunch["text"], where["text"], here["text"], new["text"]] == [
        "lunch?",
        "where is @cleo",
        "we talk here already",
        "I am new",
    ]
    assert (lunch["reply_count"], where["rev"]) == (1, 2)
    assert [each["emoji"] for each in lunch["reactions"]] == ["🚀", "🎂"]
    assert where["mentions"] == [workspace.users()["cleo"]["id"]]
    assert gone["deleted_at"]
    assert gone["text"] == ""
    revisions = ana.does("list_revisions", message_id=where["id"]).data["revisions"]
    assert [revision["text"] for revision in revisions] == ["where’s @ana"]
    assert report.changed.total() == 3

    # Everything new can be caught up, each change under a number of its own; and Ana finds one message unread.
    stream = ana.does("sync", cursors={channel["id"]: seq}).data["streams"][channel["id"]]
    numbers = [event["seq"] for event in stream["events"]]
    assert numbers == sorted(set(numbers))
    assert stream["seq"] == numbers[-1] == workspace.heads()[channel["id"]][0]
    first_new = heads[channel["id"]][0] + 1
    assert [number for number in numbers if number >= first_new] == list(range(first_new, stream["seq"] + 1))
    read = ana.does("show_channel", channel_id=channel["id"]).data["channel"]["read"]
    assert (read["unread"], read["posted"]) == (1, 5)
    assert workspace.imports(tmp_path / "new.zip").is_news is False


def test_a_deleted_reply_is_no_longer_counted(workspace: Workspace, slack: Slack, town: str, tmp_path: Path) -> None:
    root = slack.says(town, "UANA", "lunch?")
    reply = slack.says(town, "UBO", "yes", thread_ts=root["ts"])
    workspace.imports(slack.exports(tmp_path / "old.zip"))
    assert workspace.page(town)[0]["reply_count"] == 1
    reply.update(subtype="tombstone", text="This message was deleted.")
    workspace.imports(slack.exports(tmp_path / "new.zip"))
    assert workspace.page(town)[0]["reply_count"] == 0


def test_messages_that_a_later_export_holds_no_longer_stay(
    workspace: Workspace, slack: Slack, town: str, tmp_path: Path
) -> None:
    slack.says(town, "UANA", "beyond the free plan's ninety days")
    workspace.imports(slack.exports(tmp_path / "old.zip"))
    slack.said.clear()
    slack.says(town, "UANA", "today")
    report = workspace.imports(slack.exports(tmp_path / "new.zip"))
    assert workspace.texts(town) == ["beyond the free plan's ninety days", "today"]
    assert report.known["messages that the export holds no longer: they stay"] == 1


def test_a_failure_halfway_leaves_nothing(
    workspace: Workspace, slack: Slack, town: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack.says(town, "UANA", "hello")
    path = slack.exports(tmp_path / "slack.zip")
    before = workspace.everything()

    def fail(_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("chat.importers.load.Loader.let_in", fail)
    with pytest.raises(OSError, match="full"):
        workspace.imports(path)
    assert workspace.everything() == before
