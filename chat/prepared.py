"""Statements that every message asks for: compiled once, then handed straight to the driver.

SQLAlchemy's way from a statement to its rows costs five times what the statement itself does; see decision 0019.
It still writes the SQL and converts the values, so that one statement serves every database.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler

from chat.database import connection

Convert = Callable[[Any], Any] | None
Watcher = Callable[[str, Any], None]
watchers: list[Watcher] = []  # told each statement and its values, which SQLAlchemy's events do not see


@dataclass(frozen=True)
class Plan:
    """A statement as one kind of database gets it."""

    sql: str
    writers: list[tuple[str, Convert]]  # each value's name, and how it is written
    fixed: dict[str, Any]  # the values that stand in the statement itself
    names: list[str]
    positional: bool
    make_row: Callable[[tuple], Any]


class Prepared:
    """A statement with named values (``bindparam``), run in the transaction at hand.

    A ``select`` must name columns: no objects of the session come back, and what it has not flushed yet is not seen.
    Raises what SQLAlchemy would: IntegrityError, OperationalError and so on.
    """

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._plans: dict[str, Plan] = {}

    def __call__(self, **values: Any) -> Any:
        """Run it; the one row it finds or changes, by the names of its columns, or None."""
        connected = connection()
        plan = self._plans.get(connected.dialect.name) or self._plan(connected.dialect)
        given = {**plan.fixed, **values} if plan.fixed else values
        written = [given[name] if write is None else write(given[name]) for name, write in plan.writers]
        parameters: Any = tuple(written) if plan.positional else dict(zip(plan.names, written, strict=True))
        driver: Any = connected.connection.dbapi_connection  # the pool's cursor is this one's, in thrice the time
        cursor = driver.cursor()
        try:
            for watch in watchers:
                watch(plan.sql, parameters)
            cursor.execute(plan.sql, parameters)
            row = cursor.fetchone() if cursor.description else None
        except Exception as error:
            # Private, and pinned by a test: it names the error as SQLAlchemy does, and gives up a broken connection.
            connected._handle_dbapi_exception(error, plan.sql, parameters, cursor, None)
        finally:
            cursor.close()
        return row and plan.make_row(row)

    def _plan(self, dialect: Dialect) -> Plan:
        compiled = self.statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        names = compiled.positiontup if compiled.positiontup is not None else list(compiled.binds)
        plan = Plan(
            sql=str(compiled),
            writers=[(name, writer(compiled, name, dialect)) for name in names],
            fixed={name: bind.value for name, bind in compiled.binds.items() if not bind.required},
            names=names,
            positional=bool(compiled.positional),
            make_row=row_maker(self.statement, dialect),
        )
        return self._plans.setdefault(dialect.name, plan)


def writer(compiled: SQLCompiler, name: str, dialect: Dialect) -> Convert:
    """How a value is written for the driver; None: as it is."""
    return compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)


def row_maker(statement: Any, dialect: Dialect) -> Callable[[tuple], Any]:
    """What makes a named row of the driver's."""
    columns = list(statement.exported_columns.items())
    if not columns:
        return tuple
    row = namedtuple("Row", [name for name, _ in columns])  # type: ignore[misc]
    processors = [column.type.dialect_impl(dialect).result_processor(dialect, None) for _, column in columns]
    readers = [(place, read) for place, read in enumerate(processors) if read is not None]
    if not readers:
        return row._make

    def make(found: tuple) -> Any:
        values = list(found)
        for place, read in readers:
            if values[place] is not None:  # none of our types makes something of nothing
                values[place] = read(values[place])
        return row._make(values)

    return make
