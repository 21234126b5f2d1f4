"""Statements that every message asks for: compiled once, then handed straight to the driver.

SQLAlchemy's way from a statement to its rows costs five times what the statement itself does; see decision 0019.
It still writes the SQL and converts the values, so that one statement serves every database.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler

from chat.database import at_hand

Convert = Callable[[Any], Any]
Watcher = Callable[[str, Any], None]
watchers: list[Watcher] = []  # told each statement and its values, which SQLAlchemy's events do not see


@dataclass(frozen=True)
class Plan:
    """A statement as one kind of database gets it."""

    sql: str
    take: Callable[[dict[str, Any]], tuple[Any, ...]]  # the values, in the statement's order
    writers: list[tuple[int, Convert]]  # which of them are written otherwise than as they are
    fixed: dict[str, Any]  # the values that stand in the statement itself
    names: list[str]
    positional: bool
    make_row: Callable[[tuple], Any] | None  # None: it finds nothing


class Prepared:
    """A statement with named values (``bindparam``), run in the transaction at hand.

    A ``select`` must name columns: no objects of the session come back, and what it has not flushed yet is not seen.
    ``row``: the named tuple to make of what is found; without one, the columns' names are the row's.
    Raises what SQLAlchemy would: IntegrityError, OperationalError and so on.
    """

    def __init__(self, statement: Executable, row: type[tuple[Any, ...]] | None = None) -> None:
        self.statement = statement
        self.row = row
        self._plans: dict[str, Plan] = {}

    def __call__(self, **values: Any) -> Any:
        """Run it; the one row it finds or changes, by the names of its columns, or None."""
        transaction = at_hand()
        dialect = transaction.connection.dialect
        plan = self._plans.get(dialect.name) or self._plan(dialect)
        given = {**plan.fixed, **values} if plan.fixed else values
        parameters: Any = plan.take(given)
        if plan.writers:
            parameters = tuple(converted(parameters, plan.writers))
        if not plan.positional:
            parameters = dict(zip(plan.names, parameters, strict=True))
        cursor = transaction.driver.cursor()
        try:
            for watch in watchers:
                watch(plan.sql, parameters)
            cursor.execute(plan.sql, parameters)
            row = cursor.fetchone() if plan.make_row else None
        except Exception as error:
            # Private, and pinned by a test: it names the error as SQLAlchemy does, and gives up a broken connection.
            transaction.connection._handle_dbapi_exception(error, plan.sql, parameters, cursor, None)
        finally:
            cursor.close()
        return plan.make_row(row) if plan.make_row and row else None

    def _plan(self, dialect: Dialect) -> Plan:
        compiled = self.statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        names = compiled.positiontup if compiled.positiontup is not None else list(compiled.binds)
        writers = enumerate(writer(compiled, name, dialect) for name in names)
        plan = Plan(
            sql=str(compiled),
            take=taker(names),
            writers=[(place, write) for place, write in writers if write is not None],
            fixed={name: bind.value for name, bind in compiled.binds.items() if not bind.required},
            names=names,
            positional=bool(compiled.positional),
            make_row=row_maker(self.statement, dialect, self.row),
        )
        return self._plans.setdefault(dialect.name, plan)


def taker(names: list[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """What takes the values of these names."""
    if len(names) == 1:
        [name] = names
        return lambda given: (given[name],)
    return itemgetter(*names) if names else lambda _given: ()


def converted(values: tuple[Any, ...], converters: list[tuple[int, Convert]]) -> list[Any]:
    """Values in another form, those that have one; none of our types makes something of nothing."""
    changed = list(values)
    for place, convert in converters:
        if (value := changed[place]) is not None:
            changed[place] = convert(value)
    return changed


def writer(compiled: SQLCompiler, name: str, dialect: Dialect) -> Convert | None:
    """How a value is written for the driver; None: as it is."""
    return compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)


def row_maker(statement: Any, dialect: Dialect, row: type[tuple[Any, ...]] | None) -> Callable[[tuple], Any] | None:
    """What makes a named row of the driver's, if there will be any."""
    columns = list(statement.exported_columns.items())
    if not columns:
        return None
    row = row or namedtuple("Row", [name for name, _ in columns])
    processors = [column.type.dialect_impl(dialect).result_processor(dialect, None) for _, column in columns]
    readers = [(place, read) for place, read in enumerate(processors) if read is not None]
    make: Callable[[Any], Any] = partial(tuple.__new__, row)  # as its own _make, without a step in Python
    return (lambda found: make(converted(found, readers))) if readers else make
