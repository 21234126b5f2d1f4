"""The truth, recorded by the database itself: triggers write down every numbered version of every row.

A trigger runs inside the transaction that it watches, so what was rolled back leaves no trace, and nothing of the
server's own code is believed. `install` puts them into a server's database, `Truth` reads what they wrote. They are
in SQLite's words; `worded` says them in PostgreSQL's words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, NullPool, create_engine

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
            ) AS each_emoji
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

POSTGRES_WORDS = {
    "json_object(": "json_build_object(",
    "json(user_ids)": "user_ids",
    MOMENT: "extract(epoch FROM clock_timestamp())",
    "WITHOUT ROWID": "",
}
POSTGRES_LACKS = (  # its own json_agg makes nothing of an empty list
    """CREATE FUNCTION with_one_more(jsonb, anyelement) RETURNS jsonb LANGUAGE sql
       AS 'SELECT $1 || jsonb_build_array($2)'""",
    "CREATE AGGREGATE json_group_array(anyelement) (sfunc = with_one_more, stype = jsonb, initcond = '[]')",
)
OF_MEMBER = "m.channel_id = NEW.channel_id AND m.user_id = NEW.user_id"

# What is stamped: table, which of its rows changed, the stamp, its stream, what it is told as, the row's name in
# histories, and its body.
STAMPED = (
    ("messages", "m.id = NEW.id", "changed_seq", "m.channel_id", "'message'", "m.id", MESSAGE),
    ("memberships", OF_MEMBER, "changed_seq", "m.channel_id", "'member'", "'member:' || m.user_id", MEMBER),
    ("channels", "m.id = NEW.id", "changed_seq", "m.id", "'channel'", "'channel'", CHANNEL),
    (
        "memberships",
        OF_MEMBER,
        "own_seq",
        "m.user_id",
        "CASE WHEN m.left_at IS NULL THEN 'channel_joined' ELSE 'channel_left' END",
        "'channel:' || m.channel_id",
        MEMBER,
    ),
    ("read_cursors", OF_MEMBER, "own_seq", "m.user_id", "'read'", "'read:' || m.channel_id", READ),
)
TABLES = (
    """CREATE TABLE audit (
        stream TEXT, number BIGINT, kind TEXT, "row" TEXT, body TEXT, at DOUBLE PRECISION,
        PRIMARY KEY (stream, number, "row")
    ) WITHOUT ROWID""",
    "CREATE TABLE audit_start (stream TEXT PRIMARY KEY, number BIGINT)",
    "INSERT INTO audit_start SELECT id, seq FROM streams",
)


def record(table: str, _which: str, stamp: str, stream: str, kind: str, row: str, body: str, *, where: str) -> str:
    """The statement that writes down the present version of one row, or of all; written again, the last one counts."""
    return f"""
        INSERT INTO audit (stream, number, kind, "row", body, at)
        SELECT {stream}, m.{stamp}, {kind}, {row}, CAST({body} AS TEXT), {MOMENT} FROM {table} AS m
        WHERE m.{stamp} IS NOT NULL AND {where}
        ON CONFLICT (stream, number, "row") DO UPDATE SET kind = excluded.kind, body = excluded.body"""


def triggers() -> Iterator[tuple[str, str, str]]:
    """Every trigger: its name, when it runs, and what it does.

    What hangs on a message may be written after the message's own row, as the server does, or before. Before it, the
    message still carries its last number, whose record must stay as it was: the message's own trigger will see what was
    written. After it, the message carries the number its channel just took, and is recorded anew.
    """
    for table, which, stamp, *rest in STAMPED:
        statement = record(table, which, stamp, *rest, where=which)
        for event in ("INSERT", f"UPDATE OF {stamp}"):
            yield f"audit_{table}_{stamp}_{event[:6]}", f"AFTER {event} ON {table}", statement
    for table in ("reactions", "mentions"):
        for event, changed in (("INSERT", "NEW"), ("DELETE", "OLD")):
            just_numbered = "m.changed_seq = (SELECT seq FROM streams WHERE id = m.channel_id)"
            statement = record(*STAMPED[0], where=f"m.id = {changed}.message_id AND {just_numbered}")
            yield f"audit_{table}_{event}", f"AFTER {event} ON {table}", statement


def create(name: str, when: str, statement: str, dialect: str) -> str:
    """The statement that makes a trigger; PostgreSQL has what it does in a function."""
    if dialect == "sqlite":
        return f"CREATE TRIGGER {name} {when} BEGIN {statement}; END"
    return f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END $$;
        CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {name}()"""


def worded(statement: str, dialect: str) -> str:
    """A statement in the database's own words."""
    if dialect == "sqlite":
        return statement
    for sqlites, its_own in POSTGRES_WORDS.items():
        statement = statement.replace(sqlites, its_own)
    return statement


@contextmanager
def snapshot(address: str, *, writes: bool = False) -> Iterator[Connection]:
    """A server's database as it is at one moment; whoever writes must commit."""
    is_sqlite = address.startswith("sqlite")
    options = {"connect_args": {"timeout": 10}} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with create_engine(address, poolclass=NullPool, **options).connect() as connection:
        if is_sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
        yield connection


def install(address: str) -> None:
    """Begin to record, on a database that has its tables. What is there already is written down as it is now."""
    with snapshot(address, writes=True) as connection:
        dialect = connection.dialect.name
        if dialect == "postgresql":  # nobody may write between the heads and the triggers
            connection.exec_driver_sql("LOCK TABLE streams IN EXCLUSIVE MODE")
            for statement in POSTGRES_LACKS:
                connection.exec_driver_sql(statement)
        for statement in (*TABLES, *(record(*stamped, where="true") for stamped in STAMPED)):
            connection.exec_driver_sql(worded(statement, dialect))
        for trigger in triggers():
            connection.exec_driver_sql(worded(create(*trigger, dialect), dialect))
        connection.commit()
