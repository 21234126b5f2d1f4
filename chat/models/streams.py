"""Streams: what has a sequence. A channel has one under its id, and so has each user for what concerns them alone."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from chat.extensions import Base
from chat.models.types import Key, Number


class Stream(Base):
    """The head of one stream; the row's lock makes number order equal commit order."""

    __tablename__ = "streams"

    id: Mapped[Key]
    seq: Mapped[Number] = mapped_column(default=0)
    posted: Mapped[Number] = mapped_column(default=0)  # main-line messages of people the channel ever had
    floor: Mapped[Number] = mapped_column(default=0)  # changes below it may have been removed by retention


class Deployment(Base):
    """The one row about this installation; its lock also decides which of two first accounts owns the workspace."""

    __tablename__ = "deployment"

    id: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(String(26))  # new after a restore from backup: numbers start to differ
    accounts: Mapped[int] = mapped_column(default=0)
