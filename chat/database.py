"""Transactions: one snapshot to read from, one unit to write in, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from random import uniform
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from chat import concurrency
from chat.errors import ChatError
from chat.extensions import db

# With one connection nobody can yield inside a write transaction while another waits for the lock in C,
# which would freeze the whole process; SQLite calls block anyway, so a second connection would gain nothing.
SQLITE_ENGINE = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 5, "pool_reset_on_return": None}
WAIT_IN_C = 5000  # milliseconds for what is rare and short, such as the recovery after a power cut
SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit returns when it is on disk
    "wal_autocheckpoint=4000",  # pages, 16 MB: what changes all the time is copied from the log a fourth as often
    "cache_size=-32768",  # KB at most: else the same pages are asked of the operating system again and again
    "foreign_keys=ON",
    f"busy_timeout={WAIT_IN_C}",
)
LONGEST_WAIT = 5.0  # seconds that a write waits for those of other processes
SOON = 0.1  # seconds after which a try waits in SQLite, for so many milliseconds: it looks for a gap more often than
PATIENCE_IN_C = 25  # a busy loop comes round, without which another busy process would always be first
BETWEEN_TRIES = 0.001, 0.005  # seconds: a commit takes as long; by chance, so that nobody always comes second
# PostgreSQL has a hundred connections for everybody, so a process takes fifteen at most. Who waits too long for one is
# asked to come again. A server that vanished is noticed by the network; one that froze, by the patience below.
POSTGRES_ENGINE = {
    "isolation_level": "READ COMMITTED",  # what is read after a row was locked is what holds now, not what held before
    "pool_size": 10,
    "max_overflow": 5,
    "pool_timeout": 6,
    "pool_pre_ping": True,
    "connect_args": {
        "application_name": "parley",
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    },
}
# How long PostgreSQL goes on with one statement, with waiting for one row, and with a transaction that we forgot.
POSTGRES_LIMITS = {"statement_timeout": "10s", "lock_timeout": "4s", "idle_in_transaction_session_timeout": "60s"}
PATIENCE = 15.0  # seconds without a byte from PostgreSQL, which should have given up by itself long before
LOST_RACES = {"40001", "40P01"}  # two transactions that cannot both be: not serializable, and deadlock


@dataclass(slots=True)
class Transaction:
    """The transaction that is under way here. A session is made for it when someone asks for objects."""

    connection: Connection
    driver: Any = None  # the driver's connection; the pool's cursor is this one's, in thrice the time
    info: dict[str, Any] = field(default_factory=dict)  # what is to be remembered for as long as it lasts
    _session: Session | None = None

    @property
    def session(self) -> Session:
        """The session whose objects belong to this transaction."""
        if self._session is None:
            # Nothing is flushed but where a recipe says so, as in extensions.py.
            self._session = Session(self.connection, autoflush=False, join_transaction_mode="control_fully")
        return self._session

    def flush(self) -> None:
        """Write what was changed of the objects."""
        if self._session is not None:
            self._session.flush()

    def forget(self) -> None:
        """Read every object anew from now on."""
        if self._session is not None:
            self._session.expunge_all()

    def commit(self) -> None:
        """Make it last: on return it is on disk."""
        if self._session is None:
            self.connection.commit()
        else:
            self._session.commit()

    def close(self) -> None:
        """Take back what was not committed, and give the connection back in whatever state it is."""
        try:
            if self._session is not None:
                self._session.close()
            self.connection.rollback()
        except SQLAlchemyError:
            self.connection.invalidate()
        self.connection.close()


_at_hand: ContextVar[Transaction | None] = ContextVar("at_hand", default=None)
_chosen: ContextVar[Engine | None] = ContextVar("chosen", default=None)


class using:  # noqa: N801  # read as a word: `with using(engine):`
    """What is asked inside is asked of this database.

    For what is not a request: Flask's own context sends signals and clears up, 10 µs for each message.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __enter__(self) -> None:
        self.before: Token[Engine | None] = _chosen.set(self.engine)

    def __exit__(self, *_: object) -> None:
        _chosen.reset(self.before)


class Raced(ChatError):
    """Two transactions were in each other's way, as by wanting the same unique thing at once; of one of them nothing is
    left. Asked again, it finds what the winner made."""

    def __init__(self) -> None:
        super().__init__("unavailable")


def engine_options(url: str) -> dict[str, Any]:
    """How the connection pool is sized for this database."""
    sizes = SQLITE_ENGINE if url.startswith("sqlite") else POSTGRES_ENGINE
    return {**sizes, "hide_parameters": True}  # an error's text reaches the logs, what people wrote does not


def prepare_engine(engine: Engine) -> None:
    """Make the database as durable and as patient as the rest relies on."""
    if engine.dialect.name == "sqlite":
        prepare_sqlite(engine)
    else:
        prepare_postgres(engine)


def prepare_postgres(engine: Engine) -> None:
    """Bound everything that could be waited for, so that no green thread is held for ever."""
    concurrency.bound_waits_for_postgres(PATIENCE)

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # Asked for here and not by the address: connection poolers refuse what they do not know in there.
        connection.autocommit = True
        with connection.cursor() as cursor:
            for name, value in POSTGRES_LIMITS.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.autocommit = False


def prepare_sqlite(engine: Engine) -> None:
    """Make SQLite durable (WAL, an ack means on disk) and leave its transactions to us."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin or commit by itself
        for pragma in SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        # A write takes its lock at once: a reader that turned writer could be refused in the middle.
        options = connection.get_execution_options()
        patience = options.get("chat_patience", WAIT_IN_C)
        if patience != WAIT_IN_C:
            execute(connection.connection, f"PRAGMA busy_timeout={patience}")
        try:
            execute(connection.connection, "BEGIN IMMEDIATE" if options.get("chat_writing") else "BEGIN")
        finally:
            if patience != WAIT_IN_C:
                execute(connection.connection, f"PRAGMA busy_timeout={WAIT_IN_C}")


def engine() -> Engine:
    """The database to ask here: the one ``using`` says, or else that of Flask's app."""
    return _chosen.get() or db.engine


def at_hand() -> Transaction:
    """The transaction that is under way here."""
    found = _at_hand.get()
    if found is None:
        raise RuntimeError("there is no transaction under way")
    return found


def session() -> Session:
    """The session of the transaction at hand."""
    return at_hand().session


def connection() -> Connection:
    """The connection of the transaction at hand, for statements that need no objects.

    What the session has not flushed yet is not seen.
    """
    return at_hand().connection


@contextmanager
def begun(*, writes: bool) -> Iterator[Transaction]:
    """A transaction that sees one snapshot; whoever writes commits it, everything else is rolled back.

    Raises ChatError ``unavailable`` when the database cannot be reached, is full or is locked for too long.
    """
    with translated():
        transaction = begin(writes=writes)
        outside = _at_hand.set(transaction)
        try:
            yield transaction
        finally:
            _at_hand.reset(outside)
            transaction.close()


def begin(*, writes: bool) -> Transaction:
    """Begin a transaction. Where another process writes to the same SQLite file, wait until it is done.

    Hardly in SQLite, which would hold up everyone in this process, and without a connection, so that others can read.
    """
    began = time.monotonic()
    while True:
        waited = time.monotonic() - began
        connected = engine().connect()
        try:
            connected.execution_options(**_options(connected, writes, 0 if waited < SOON else PATIENCE_IN_C)).begin()
            return Transaction(connected, connected.connection.dbapi_connection)
        except BaseException as error:
            Transaction(connected).close()
            if not is_busy(error) or waited > LONGEST_WAIT:
                raise
        time.sleep(uniform(*BETWEEN_TRIES))


def is_busy(error: BaseException) -> bool:
    """Whether SQLite says by this that another process writes."""
    code: int = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # or a kind of it


@contextmanager
def transaction(*, writes: bool) -> Iterator[Session]:
    """``begun``, for whoever works with objects only: gives the session."""
    with begun(writes=writes) as transaction:
        transaction.session.connection()  # or its commit would commit nothing until it was asked for something
        yield transaction.session


@contextmanager
def savepoint() -> Iterator[None]:
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
        at_hand().forget()


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


class translated:  # noqa: N801  # read as a word: `with translated():`
    """The database's own errors as what is answered to people."""

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            return
        if isinstance(error, DBAPIError):
            is_race = isinstance(error, IntegrityError) or getattr(error.orig, "pgcode", None) in LOST_RACES
            raise (Raced() if is_race else ChatError("unavailable")) from error
        if isinstance(error, PoolTimeout | PendingRollbackError | sqlite3.Error):
            raise ChatError("unavailable") from error


def has_one_writer() -> bool:
    """Whether a writer holds the whole database, as on SQLite."""
    return engine().dialect.name == "sqlite"


def _options(connected: Connection, writes: bool, patience: int) -> dict[str, Any]:
    if writes:
        return {"chat_writing": True, "chat_patience": patience}
    if connected.dialect.name == "sqlite":
        return {"chat_writing": False}  # in WAL mode a transaction reads from one snapshot
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
