"""Everything that can be asked, a file per ability; each action reads from top to bottom like a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """What an action answers: the protocol's ``data``, and what became of the transaction.

    ``new`` says that something came into being (HTTP 201). ``changed`` is False when nothing did: the transaction
    is then rolled back, and the stream's number that it took is given back with it. ``heads`` says, where the caller is
    told of more streams than the answer shows, at which number of each of them it was read.
    """

    data: dict[str, Any]
    new: bool = False
    changed: bool = True
    heads: Mapping[str, int] | None = None
