"""chat backup, chat restore: the whole workspace in one file, and back. Both work while the server runs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from chat.basics import new_id, now
from chat.commands import Stop
from config import read_settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the whole workspace as it is at this moment to FILE. The secret key is not in it."""
    if file.exists():
        raise Stop(f"{file} exists already")
    copy(database_file(), file)
    click.echo(f"{file}: {file.stat().st_size:,} bytes. Keep the folder's secret_key with it.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore(file: Path) -> None:
    """Put the backup FILE in place of what is there, which is kept beside it. Everyone's page starts anew by itself."""
    path = database_file(must_exist=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with prepared(file, path.with_name(f"restore-{os.getpid()}.db")) as ready:
        if path.exists():
            former = path.with_name(f"chat-before-{now():%Y%m%d-%H%M%S}.db")
            copy(path, former)
            click.echo(f"What was there until now is in {former}.")
        copy(ready, path)
    click.echo("Restored. `chat run` brings it up to date if it is of an older version.")


@contextmanager
def prepared(file: Path, draft: Path) -> Iterator[Path]:
    """A copy of the backup with an epoch of its own: numbers above it mean something else from now on."""
    try:
        copy(file, draft)
        with closing(sqlite3.connect(draft)) as database, database:
            [found] = database.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise Stop(f"{file} is damaged: {' '.join(found.split())}")
            if database.execute("UPDATE deployment SET epoch = ?", (new_id(),)).rowcount != 1:
                raise Stop(f"{file} holds no workspace")
        yield draft
    except sqlite3.DatabaseError as error:
        raise Stop(f"{file} is no backup of Parley: {error}") from None
    finally:
        for suffix in ("", "-wal", "-shm"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, in one transaction; whoever has the target open sees old or new."""
    if not target.exists():
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # readable by us alone, as the original
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=60)) as here,
        closing(sqlite3.connect(target, timeout=60)) as there,
    ):
        here.backup(there)


def database_file(*, must_exist: bool = True) -> Path:
    """Where the embedded database lives."""
    url = read_settings()["DATABASE_URL"]
    if not url.startswith("sqlite:///"):
        raise Stop("this is for the embedded database; PostgreSQL has pg_dump and pg_restore")
    path = Path(url.removeprefix("sqlite:///"))
    if must_exist and not path.exists():
        raise Stop(f"there is no database yet at {path}")
    return path
