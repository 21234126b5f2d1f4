"""A Slack export made by hand, and a workspace in this process to import it into."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from chat.database import transaction
from chat.extensions import db
from chat.importers import slack
from chat.importers.load import load
from chat.importers.report import Report
from chat.models import Channel, Membership, Message, ReadCursor, Stream, User
from tests.actions.conftest import Office, Someone

START = 1_600_000_000


def data_folder(name: str) -> Path:
    """A folder of real exports, which are not ours to copy into the repository."""
    root = os.environ.get("PARLEY_TEST_DATA")
    if not root:
        pytest.skip("PARLEY_TEST_DATA names no folder with the real exports")
    folder = Path(root) / name
    if not folder.is_dir():
        pytest.fail(f"there is no {name} in PARLEY_TEST_DATA ({root})")
    return folder


@dataclass
class Slack:
    """A workspace at Slack, until it ``exports`` itself. People and channels get ids from their names."""

    users: list[dict[str, Any]] = field(default_factory=list)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"channels.json": []})
    said: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    clock: int = START

    def person(self, name: str, **more: Any) -> str:
        key = f"U{name.upper()}"
        self.users.append({"id": key, "name": name, "profile": {"real_name": name.title()}, **more})
        return key

    def channel(self, name: str, *members: str, file: str = "channels.json", **more: Any) -> str:
        key = f"C{name.upper()}".replace("-", "")
        row = {"id": key, "name": name, "created": START, "members": list(members), **more}
        self.lists.setdefault(file, []).append(row)
        return name

    def direct(self, key: str, *members: str) -> str:
        self.lists.setdefault("dms.json", []).append({"id": key, "created": START, "members": list(members)})
        return key

    def says(self, folder: str, user: str | None, text: str, **more: Any) -> dict[str, Any]:
        """Something said ten seconds after the last; the message, which may still be changed."""
        self.clock += 10
        message = {"type": "message", "text": text, "ts": f"{self.clock}.000100", **({"user": user} if user else {})}
        self.said.setdefault(folder, []).append({**message, **more})
        return self.said[folder][-1]

    def exports(self, path: Path, **other_files: Any) -> Path:
        """Write the zip. Messages are spread over files of days in no order, as real exports do."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {"users.json": self.users, **self.lists, **other_files}.items():
                archive.writestr(name, json.dumps(content))
            for folder, messages in self.said.items():
                for day in range(3):
                    archive.writestr(f"{folder}/2020-09-1{3 - day}.json", json.dumps(messages[day::3]))
        return path


class Workspace(Office):
    """A workspace to import into, and its owner to look around."""

    def moves_in(self) -> None:
        self.owner = Someone(self, "olga", "owner")

    def imports(self, path: Path) -> Report:
        report = Report()
        load(slack.read(path, report), report)
        return report

    def channel(self, name: str) -> dict[str, Any]:
        channels = self.owner.does("list_channels").data["channels"]
        return next(channel for channel in channels if channel["name"] == name)

    def page(self, name: str, **more: Any) -> list[dict[str, Any]]:
        """What the owner reads in a public channel."""
        channel_id = self.channel(name)["id"]
        found: list[dict[str, Any]] = self.owner.does("show_page", channel_id=channel_id, **more).data["messages"]
        return found

    def texts(self, name: str) -> list[str]:
        return [message["text"] for message in self.page(name)]

    def users(self) -> dict[str, dict[str, Any]]:
        return {user["username"]: user for user in self.owner.does("list_users").data["users"]}

    def sign_in_as(self, username: str) -> Someone:
        """An imported person, as if they had claimed their account."""
        return Claimed(self, username)

    def heads(self) -> dict[str, tuple[int, int]]:
        """Where all streams stand."""
        with transaction(writes=False) as session:
            return {row.id: (row.seq, row.posted) for row in session.scalars(select(Stream))}

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row there is."""
        with transaction(writes=False) as session:
            tables = db.metadata.sorted_tables
            return {table.name: [tuple(row) for row in session.execute(select(table))] for table in tables}


class Claimed(Someone):
    """An imported person with a session."""

    def __init__(self, office: Office, username: str) -> None:
        from chat.actions import accounts, sessions
        from chat.actors import Asker

        self.office, self.name = office, username
        with transaction(writes=True) as session:
            user = accounts.find(username)
            user.password_hash = "claimed"
            opened, _ = sessions.open_session(Asker(), user, "token", username)
            self.id, self.session_id = user.id, opened.id
            session.commit()


def assert_streams_are_whole() -> None:
    """After a first import: every number of every stream stands on exactly one row, and the counts are right."""
    with transaction(writes=False) as session:
        for channel in session.scalars(select(Channel)):
            stream = session.get_one(Stream, channel.id)
            messages = list(session.scalars(select(Message).filter_by(channel_id=channel.id).order_by(Message.seq)))
            memberships = list(session.scalars(select(Membership).filter_by(channel_id=channel.id)))
            numbers = [channel.changed_seq, *(row.changed_seq for row in [*messages, *memberships])]
            assert sorted(numbers) == list(range(1, stream.seq + 1)), channel.name
            assert [each.created_at for each in messages] == sorted(each.created_at for each in messages)
            counted = [each.posted for each in messages if each.posted is not None]
            assert counted == list(range(1, stream.posted + 1)), channel.name
            cursors = session.scalars(select(ReadCursor).filter_by(channel_id=channel.id))
            assert {cursor.user_id: cursor.last_read_seq for cursor in cursors} == {
                membership.user_id: stream.seq for membership in memberships
            }
        for user in session.scalars(select(User)):
            own = session.scalars(select(Membership.own_seq).filter_by(user_id=user.id))
            assert sorted(own) == list(range(1, session.get_one(Stream, user.id).seq + 1)), user.username
