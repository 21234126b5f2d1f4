"""The truth, recorded by the database itself: triggers write down every numbered version of every row.

A trigger runs inside the transaction that it watches, so what was rolled back leaves no trace, and nothing of the
server's own code is believed. `install` puts them into a server's SQLite file, `Truth` reads what they wrote.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

# A message as digest() reads it. Everything that belongs to it is fetched at the moment the trigger runs.
MESSAGE = """
    json_object(
        'id', m.id, 'seq', m.seq, 'changed_seq', m.changed_seq, 'rev', m.rev, 'user_id', m.user_id,
        'client_msg_id', m.client_msg_id, 'text', m.text, 'thread_id', m.thread_id, 'reply_count', m.reply_count,
        'deleted_at', m.deleted_at,
        'reactions', (
            SELECT json_group_array(json_object('emoji', emoji, 'user_ids', json(user_ids))) FROM (
                SELECT emoji, json_group_array(user_id) AS user_ids FROM reactions
                WHERE message_id = m.id GROUP BY emoji
            )
        ),
        'mentions', (SELECT json_group_array(user_id) FROM mentions WHERE message_id = m.id)
    )"""
MEMBER = """
    json_object(
        'channel_id', m.channel_id, 'user_id', m.user_id, 'role', m.role, 'left_at', m.left_at,
        'changed_seq', m.changed_seq
    )"""
CHANNEL = """
    json_object(
        'id', m.id, 'name', m.name, 'topic', m.topic, 'kind', m.kind, 'archived_at', m.archived_at,
        'changed_seq', m.changed_seq
    )"""
READ = "json_object('channel_id', m.channel_id, 'last_read_seq', m.last_read_seq)"
MOMENT = "(julianday('now') - 2440587.5) * 86400"  # seconds since 1970, to the millisecond

# What is stamped: table, the stamp, its stream, what it is told as, the row's name in histories, and its body.
STAMPED = (
    ("messages", "changed_seq", "m.channel_id", "'message'", "m.id", MESSAGE),
    ("memberships", "changed_seq", "m.channel_id", "'member'", "'member:' || m.user_id", MEMBER),
    ("channels", "changed_seq", "m.id", "'channel'", "'channel'", CHANNEL),
    (
        "memberships",
        "own_seq",
        "m.user_id",
        "iif(m.left_at IS NULL, 'channel_joined', 'channel_left')",
        "'channel:' || m.channel_id",
        MEMBER,
    ),
    ("read_cursors", "own_seq", "m.user_id", "'read'", "'read:' || m.channel_id", READ),
)


def record(table: str, stamp: str, stream: str, kind: str, row: str, body: str, *, where: str) -> str:
    """The statement that writes down the present version of one row, or of all; written again, the last one counts."""
    return f"""
        INSERT INTO audit (stream, number, kind, row, body, at)
        SELECT {stream}, m.{stamp}, {kind}, {row}, {body}, {MOMENT} FROM {table} AS m
        WHERE m.{stamp} IS NOT NULL AND {where}
        ON CONFLICT (stream, number, row) DO UPDATE SET kind = excluded.kind, body = excluded.body;"""


def triggers() -> str:
    """Every trigger. What hangs on a message may be written after the message's own row, as the server does, or before.

    Before it, the message still carries its last number, whose record must stay as it was: the message's own trigger
    will see what was written. After it, the message carries the number its channel just took, and is recorded anew.
    """
    found = []
    for table, stamp, *rest in STAMPED:
        statement = record(table, stamp, *rest, where="m.rowid = NEW.rowid")
        for event in ("INSERT", f"UPDATE OF {stamp}"):
            name = f"audit_{table}_{stamp}_{event[:6]}"
            found.append(f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {statement} END;")
    for table in ("reactions", "mentions"):
        for event, changed in (("INSERT", "NEW"), ("DELETE", "OLD")):
            just_numbered = "m.changed_seq = (SELECT seq FROM streams WHERE id = m.channel_id)"
            statement = record(*STAMPED[0], where=f"m.id = {changed}.message_id AND {just_numbered}")
            found.append(f"CREATE TRIGGER audit_{table}_{event} AFTER {event} ON {table} BEGIN {statement} END;")
    return "\n".join(found)


def install(database: Path) -> None:
    """Begin to record, on a database that has its tables. What is there already is written down as it is now."""
    connection = sqlite3.connect(database, timeout=10, isolation_level=None)
    try:
        connection.executescript(
            f"""
            BEGIN IMMEDIATE;
            CREATE TABLE audit (
                stream TEXT, number INTEGER, kind TEXT, row TEXT, body TEXT, at REAL,
                PRIMARY KEY (stream, number, row)
            ) WITHOUT ROWID;
            CREATE TABLE audit_start (stream TEXT PRIMARY KEY, number INTEGER);
            INSERT INTO audit_start SELECT id, seq FROM streams;
            {" ".join(record(*stamped, where="true") for stamped in STAMPED)}
            {triggers()}
            COMMIT;"""
        )
    finally:
        connection.close()
