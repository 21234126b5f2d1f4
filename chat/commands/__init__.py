"""What the `chat` command can do besides serving, a file per group; and what all of it needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from chat import create_app, journal
from chat.database import transaction
from chat.extensions import db


class Stop(click.ClickException):
    """Ends a command with one clear line."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"chat: {self.message}", err=True)


def in_transaction(work: Callable[..., Any], *arguments: Any, writes: bool = False) -> Any:
    """Run part of an action from the command line, committed when it writes."""
    with transaction(writes=writes) as session:
        journal.begin()
        result = work(*arguments)
        if writes:
            session.commit()
    return result


def upgrade_database(settings: dict[str, Any]) -> None:
    """Create the database or bring it up to date; one clear line when it cannot be written."""
    from flask_migrate import upgrade

    url = settings["DATABASE_URL"]
    try:
        if url.startswith("sqlite:///"):
            path = Path(url.removeprefix("sqlite:///"))
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and not os.access(path, os.W_OK):
                raise Stop(f"the database {path} cannot be written")
        else:
            refuse_other_encodings()
        upgrade()
    except OSError as error:
        raise Stop(f"the database folder cannot be made: {error.strerror}: {error.filename}") from None
    except SQLAlchemyError as error:
        words = " ".join(str(getattr(error, "orig", None) or error).split())
        raise Stop(f"the database cannot be opened: {words}") from None


def refuse_other_encodings() -> None:
    """PostgreSQL's databases can be of encodings that know no emoji; that would show only when someone sends one."""
    with db.engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise Stop(f"the database is in {encoding}; make one with ENCODING 'UTF8' TEMPLATE template0")


@contextmanager
def workspace_at_hand() -> Iterator[dict[str, Any]]:
    """The settings, with the database brought up to date and open."""
    app = create_app()
    with app.app_context():
        try:
            upgrade_database(app.config)
            yield app.config
        finally:
            db.engine.dispose()


def ask_password() -> str:
    """A password typed twice; when nobody types, the first line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
