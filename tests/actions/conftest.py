"""An app on a database of its own, without sockets: what actions do, tell and cost."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from flask_migrate import upgrade
from sqlalchemy import event

from chat import create_app, journal, prepared
from chat.actions import Answer, accounts, sessions
from chat.actors import Asker
from chat.commits import AT_ONCE
from chat.database import transaction
from chat.errors import ChatError
from chat.extensions import db
from chat.journal import Event
from tests.support import PATIENCE, until


class Someone:
    """A signed-in person of the office."""

    def __init__(self, office: Office, name: str, role: str) -> None:
        self.office, self.name = office, name
        with transaction(writes=True) as session:
            journal.begin()
            user = accounts.make_account(name, name.title(), "correct horse", role)
            opened, _ = sessions.open_session(Asker(), user, "token", name)
            self.id, self.session_id = user.id, opened.id
            session.commit()

    def does(self, action: str, **payload: Any) -> Answer:
        return self.office.dispatch.perform(Asker(self.session_id), action, payload)

    def says(self, channel_id: str, text: str, **more: Any) -> dict[str, Any]:
        same = {"channel_id": channel_id, "client_msg_id": str(uuid.uuid4()), "text": text}
        return self.does("message", **{**same, **more}).data["message"]


class Office:
    """A workspace in this process; ``told`` collects what the dispatcher would be woken with."""

    def __init__(self, folder: Path, database: str = "") -> None:
        settings = {"DATA_DIR": str(folder), "DATABASE_URL": database}
        self.app = create_app({**settings, "ASYNC_MODE": "threading", "RATE_LIMITS": "off"})
        self.dispatch = self.app.extensions["chat"].dispatch
        self.told: list[Event] = []
        self.dispatch.wake = lambda told: self.told.extend(chain(*told.values()))
        self.statements: list[str] = []
        self.commits = 0

    def at_once(self, *acts: Callable[[], Answer]) -> list[Any]:
        """Let all of these wait for the same commit, in this order; what each is answered, or its refusal's code."""
        outcomes: list[Any] = [None] * len(acts)

        def run(number: int) -> None:
            with self.app.app_context():
                try:
                    outcomes[number] = acts[number]()
                except ChatError as refusal:
                    outcomes[number] = refusal.code

        commits = self.dispatch.commits

        def waiting() -> int:
            return len(commits.gathering.actions) if commits.gathering else 0

        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
        with commits.turn:
            for number, thread in enumerate(threads, 1):
                thread.start()
                until(lambda number=number: waiting() == number % AT_ONCE)
        for thread in threads:
            thread.join(PATIENCE)
        return outcomes

    @contextmanager
    def queries(self, at_most: int) -> Iterator[list[str]]:
        """Insist that what happens inside asks the database no more than this often."""
        del self.statements[:]
        yield self.statements
        assert len(self.statements) <= at_most, "\n\n".join(self.statements)


@contextmanager
def watching(tell: Callable[[str, Any], None]) -> Iterator[None]:
    """Tell every statement that goes to the database, and its values, whichever way it goes there."""

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        tell(statement, values)

    event.listen(db.engine, "before_cursor_execute", note)
    prepared.watchers.append(tell)
    try:
        yield
    finally:
        prepared.watchers.remove(tell)
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def office(tmp_path: Path, scratch: str) -> Iterator[Office]:
    office = Office(tmp_path, scratch)
    with office.app.app_context():
        upgrade()

        def count(statement: str, _values: Any) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA")):
                office.statements.append(statement)

        @event.listens_for(db.engine, "commit")
        def committed(_connection: Any) -> None:
            office.commits += 1

        with watching(count):
            yield office
        db.engine.dispose()


@pytest.fixture
def someone(office: Office) -> Callable[..., Someone]:
    """Makes people."""
    return lambda name, role="member": Someone(office, name, role)
