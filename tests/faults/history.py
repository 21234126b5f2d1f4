"""Histories: what a client asked, heard and holds, one JSON line each, and the digest by which rows are compared.

The fields of a line are those of docs/reliability.md; the checker reads the files of all processes of a run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

Row = Mapping[str, Any]
compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def digest(row: Row) -> str:
    """What a message, membership or channel says, in 16 hex digits; the same from every program and the database."""
    if "client_msg_id" in row:
        said: list[Any] = [
            *(row[name] for name in ("id", "seq", "changed_seq", "rev", "user_id", "client_msg_id", "text")),
            *(row["thread_id"], row["reply_count"], row["deleted_at"] is not None),
            sorted([reaction["emoji"], sorted(reaction["user_ids"])] for reaction in row["reactions"]),
            sorted(row["mentions"]),
        ]
    elif "left_at" in row:
        said = ["member", row["user_id"], row["role"], row["left_at"] is not None, row["changed_seq"]]
    else:
        archived = row["archived_at"] is not None
        said = ["channel", row["name"], row["topic"], row["kind"], archived, row["changed_seq"]]
    return sha256(compact(said).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def row_name(row: Row) -> str:
    """What a row is called in a history: a message by its id, a membership by its person, the channel's own row."""
    if "client_msg_id" in row:
        return str(row["id"])
    return f"member:{row['user_id']}" if "left_at" in row else "channel"


class History:
    """Writes one process's history. A line is out of the process when its method returns, so a kill loses none."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file = self.path.open("ab", buffering=0)

    def add(self, client: str, user: str, do: str, **fields: Any) -> None:
        """Write what a client did or what befell it, now. A line is one write, so threads need not wait in line."""
        line = {"t": time.monotonic(), "client": client, "user": user, "do": do, **fields}
        self._file.write(compact(line).encode(errors="replace") + b"\n")

    def close(self) -> None:
        """Nothing more is written."""
        self._file.close()


class Place(NamedTuple):
    """Where a line stands in the histories."""

    path: Path
    number: int


def read_histories(paths: Iterable[Path]) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    """Every line of every history, each process's in its order."""
    for path in paths:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for number, raw in enumerate(file):
                if raw.endswith("\n"):  # a process that was killed may have left half a line at its end
                    yield path, number, json.loads(raw)
