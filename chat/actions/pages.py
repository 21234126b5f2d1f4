"""Pages of lists: no list is answered whole, and each page says where the next one begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import Select

from chat import journal

Row = TypeVar("Row")


def read_page(query: Select[Row], limit: int, values: Mapping[str, Any] | None = None) -> tuple[list[Row], bool]:
    """Up to ``limit`` rows of an ordered query, and whether there are more of them."""
    rows = list(journal.session().scalars(query.limit(limit + 1), dict(values or {})))
    return rows[:limit], len(rows) > limit
