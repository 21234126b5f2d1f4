"""Column types that mean the same on every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, String, Text, TypeDecorator
from sqlalchemy.orm import mapped_column


class Moment(TypeDecorator[datetime]):
    """A point in time: aware and in UTC in Python, also on SQLite, which forgets time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value and value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


Key = Annotated[str, mapped_column(String(26), primary_key=True)]
UserId = Annotated[str, mapped_column(ForeignKey("users.id"))]
ChannelId = Annotated[str, mapped_column(ForeignKey("channels.id"))]
Number = Annotated[int, mapped_column(BigInteger)]
When = Annotated[datetime, mapped_column(Moment)]
LongText = Annotated[str, mapped_column(Text)]
