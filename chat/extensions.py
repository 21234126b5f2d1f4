"""The Flask extensions, made once and bound to an app by create_app()."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, Table
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The models' common base: plain, so that type checkers see every column."""

    if TYPE_CHECKING:
        __table__: ClassVar[Table]

    # Named constraints can be changed by a migration on every database.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# Rows are flushed where a recipe says so: half-made ones must not be written by some query in between.
db = SQLAlchemy(model_class=Base, session_options={"autoflush": False})
login_manager = LoginManager()
