"""A workspace that grew under an older version is found whole by the new one, and the other way round."""

from __future__ import annotations

from collections.abc import Callable

from flask_migrate import check, downgrade, upgrade
from sqlalchemy import text

from chat.database import transaction
from tests.actions.conftest import Office, Someone


def test_what_was_missed_is_counted_as_before(office: Office, someone: Callable[..., Someone]) -> None:
    ana, bo = someone("ana"), someone("bo")
    town = ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
    ana.does("add_member", channel_id=town, user_id=bo.id)
    said = [ana.says(town, text) for text in ("good morning", "hello @bo", "hello @channel", "@bo again", "oh, @bo")]
    ana.does("delete", message_id=said[3]["id"])
    bo.does("addReaction", message_id=said[1]["id"], emoji="🎉")
    before = bo.does("show_channel", channel_id=town).data
    assert before["channel"]["read"]["unread"] == 4
    assert before["channel"]["read"]["mentions"] == 3
    downgrade(revision="0001")
    upgrade()
    assert bo.does("show_channel", channel_id=town).data == before
    assert bo.does("show_page", channel_id=town).data["messages"][1]["mentions"] == [bo.id]
    ana.says(town, "@bo?")
    assert bo.does("show_channel", channel_id=town).data["channel"]["read"]["mentions"] == 4


def test_invites_of_people_who_may_no_longer_invite_have_ended(office: Office, someone: Callable[..., Someone]) -> None:
    ana, bo, imported = someone("ana", role="owner"), someone("bo", role="admin"), someone("imported")
    holding, ended = ana.does("create_invite").data["id"], bo.does("create_invite").data["id"]
    claim = ana.does("create_invite").data["id"]
    downgrade(revision="0004")
    with transaction(writes=True) as session:
        session.execute(text("UPDATE users SET role = 'member' WHERE id = :id"), {"id": bo.id})
        session.execute(
            text("UPDATE invites SET claims_user_id = :who WHERE id = :id"), {"who": imported.id, "id": claim}
        )
        session.commit()
    upgrade()
    listed = [each["id"] for each in ana.does("list_invites").data["invites"]]
    assert listed == [holding], f"{ended} or {claim} still stands there"


def test_the_tables_are_those_that_the_models_describe(office: Office) -> None:
    check()
