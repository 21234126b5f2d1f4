"""Where the outbox is kept: a table in an SQLite file, which one program has open at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chat.client.errors import WrongOutbox

LOCK_SECONDS = 5.0  # a program that was killed may take a moment to let go of the file
TABLES = """
CREATE TABLE IF NOT EXISTS item (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, channel_id TEXT NOT NULL, action TEXT NOT NULL,
    payload TEXT NOT NULL, tries INTEGER NOT NULL, code TEXT, words TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS owner (user_id TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Item:
    """Something to be done. ``n`` is its place in line; ``code`` and ``words`` say why it failed, if it did."""

    n: int
    id: str
    channel_id: str
    action: str
    payload: dict[str, Any]
    tries: int = 0
    code: str | None = None
    words: str = ""


class Shelf:
    """The file, or ``:memory:`` for none. Its user holds a lock, so it may be called from any thread."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        # What was written survives the death of the process; only a power cut may take the last moment with it.
        self._db = sqlite3.connect(path, LOCK_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript("BEGIN EXCLUSIVE;" + TABLES + "COMMIT;")
        except sqlite3.OperationalError as error:
            self._db.close()
            raise WrongOutbox(
                f"the outbox {path} cannot be used, perhaps by another program's doing: {error}"
            ) from None

    def items(self) -> Iterator[Item]:
        """Everything on it, in order."""
        rows = self._db.execute("SELECT n, id, channel_id, action, payload, tries, code, words FROM item ORDER BY n")
        for n, id, channel_id, action, payload, *rest in rows:
            yield Item(n, id, channel_id, action, json.loads(payload), *rest)

    def put(self, item: Item) -> Item:
        """Keep something new, last in line."""
        row = (item.id, item.channel_id, item.action, json.dumps(item.payload), item.tries, item.code, item.words)
        statement = (
            "INSERT INTO item (id, channel_id, action, payload, tries, code, words) VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        return replace(item, n=self._db.execute(statement, row).lastrowid or 0)

    def update(self, item: Item) -> None:
        """Keep how often it was tried, and whether it failed."""
        row = (item.tries, item.code, item.words, item.id)
        self._db.execute("UPDATE item SET tries = ?, code = ?, words = ? WHERE id = ?", row)

    def remove(self, id: str) -> None:
        """It is done, or given up."""
        self._db.execute("DELETE FROM item WHERE id = ?", (id,))

    def belong_to(self, user_id: str) -> None:
        """What one person wrote is never sent in the name of another."""
        owner = self._db.execute("SELECT user_id FROM owner").fetchone()
        if owner is None:
            self._db.execute("INSERT INTO owner VALUES (?)", (user_id,))
        elif owner[0] != user_id:
            raise WrongOutbox(f"the outbox {self.path} belongs to another account")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
