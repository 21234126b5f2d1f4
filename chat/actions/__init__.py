"""Everything that can be asked, a file per ability; each action reads from top to bottom like a recipe."""

from __future__ import annotations

from typing import Any, NamedTuple


class Answer(NamedTuple):
    """What an action answers: the protocol's ``data``, and what became of the transaction.

    ``new`` says that something came into being (HTTP 201). ``changed`` is False when nothing did: the transaction
    is then rolled back, and the stream's number that it took is given back with it.
    """

    data: dict[str, Any]
    new: bool = False
    changed: bool = True
