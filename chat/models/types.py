"""Column types that mean the same on every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Dialect, ForeignKey, String, Text, TypeDecorator
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import mapped_column

from chat.basics import remembering


class Written(sqlite.DATETIME):
    """How SQLite keeps a moment in UTC: as text, ``2026-01-31 08:15:00.123000``, which sorts by time.

    The very text that SQLAlchemy's own type makes, in half the time.
    """

    def bind_processor(self, dialect: Dialect) -> Any:
        return lambda moment: moment and _as_text(moment)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return lambda text: text and datetime.fromisoformat(text + "+00:00")


@remembering
def _as_text(moment: datetime) -> str:
    return moment.isoformat(" ", "microseconds")[:26]


class Moment(TypeDecorator[datetime]):
    """A point in time: aware and in UTC in Python, also on SQLite, which forgets time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return Written()  # type: ignore[no-untyped-call]
        return dialect.type_descriptor(DateTime(timezone=True))

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        if dialect.name == "sqlite":
            return Written().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]  # in UTC by itself
        return super().result_processor(dialect, coltype)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)


Key = Annotated[str, mapped_column(String(26), primary_key=True)]
UserId = Annotated[str, mapped_column(ForeignKey("users.id"))]
ChannelId = Annotated[str, mapped_column(ForeignKey("channels.id"))]
Number = Annotated[int, mapped_column(BigInteger)]
When = Annotated[datetime, mapped_column(Moment)]
LongText = Annotated[str, mapped_column(Text)]
