"""Transactions: one snapshot to read from, one unit to write in, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from chat.errors import ChatError
from chat.extensions import db

# With one connection nobody can yield inside a write transaction while another waits for the lock in C,
# which would freeze the whole process; SQLite calls block anyway, so a second connection would gain nothing.
SQLITE_ENGINE = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 5}
POSTGRES_ENGINE = {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True, "pool_timeout": 3}


@dataclass(frozen=True, slots=True)
class AtHand:
    """The transaction that is under way here: its session, and the connection beneath."""

    session: Session
    connection: Connection


_at_hand: ContextVar[AtHand | None] = ContextVar("at_hand", default=None)


class Raced(ChatError):
    """Two transactions wanted the same unique thing at once; asked again, the loser finds what the winner made."""

    def __init__(self) -> None:
        super().__init__("unavailable")


def engine_options(url: str) -> dict[str, Any]:
    """How the connection pool is sized for this database."""
    sizes = SQLITE_ENGINE if url.startswith("sqlite") else POSTGRES_ENGINE
    return {**sizes, "hide_parameters": True}  # an error's text reaches the logs, what people wrote does not


def prepare_engine(engine: Engine) -> None:
    """Make SQLite durable (WAL, an ack means on disk) and leave its transactions to us."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin or commit by itself
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        # A write takes its lock at once: a reader that turned writer could be refused in the middle.
        writing = connection.get_execution_options().get("chat_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def session() -> Session:
    """The database session of whatever is being done now."""
    at_hand = _at_hand.get()
    return at_hand.session if at_hand else db.session()


def connection() -> Connection:
    """The connection of the transaction at hand, for statements that need no objects.

    What the session has not flushed yet is not seen.
    """
    at_hand = _at_hand.get()
    return at_hand.connection if at_hand else db.session().connection()


@contextmanager
def transaction(*, writes: bool) -> Iterator[Session]:
    """A transaction that sees one snapshot; whoever writes commits it, everything else is rolled back.

    Raises ChatError ``unavailable`` when the database cannot be reached, is full or is locked for too long.
    """
    session = db.session()
    session.rollback()
    outside = _at_hand.get()
    try:
        with translated():
            connected = session.connection(execution_options=_options(session, writes))
            _at_hand.set(AtHand(session, connected))
            yield session
    finally:
        _at_hand.set(outside)
        close(session)


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """A part of a transaction: it reads every row anew, and is rolled back by itself when it fails.

    Set past the session, which would take as long for it as for all that an action asks.
    """
    driver = connection().connection
    execute(driver, "SAVEPOINT part")
    try:
        yield
    except BaseException:
        if stands():
            execute(driver, "ROLLBACK TO SAVEPOINT part")
        raise
    else:
        execute(driver, "RELEASE SAVEPOINT part")
    finally:
        session.expunge_all()


def execute(driver: Any, sql: str) -> None:
    """Have the driver itself run a statement."""
    cursor = driver.cursor()
    try:
        cursor.execute(sql)
    finally:
        cursor.close()


def stands() -> bool:
    """Whether the transaction is still open: SQLite gives the whole of it up when, say, the disk is full, and the
    session does when it fails to write its objects.

    A savepoint would then begin another, and end it with a commit.
    """
    driver = connection().connection.driver_connection
    return bool(getattr(driver, "in_transaction", True))


@contextmanager
def translated() -> Iterator[None]:
    """The database's own errors as what is answered to people."""
    try:
        yield
    except IntegrityError as error:
        raise Raced from error
    except (DBAPIError, PoolTimeout, PendingRollbackError) as error:
        raise ChatError("unavailable") from error


def has_one_writer() -> bool:
    """Whether a writer holds the whole database, as on SQLite."""
    return db.engine.dialect.name == "sqlite"


def close(session: Session) -> None:
    """Give the connection back, whatever state it is in."""
    try:
        session.rollback()
    except SQLAlchemyError:
        session.invalidate()
    session.close()


def _options(session: Session, writes: bool) -> dict[str, Any]:
    if writes:
        return {"chat_writing": True}
    if session.get_bind().dialect.name == "sqlite":
        return {"chat_writing": False}  # in WAL mode a transaction reads from one snapshot
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
