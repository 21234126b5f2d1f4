"""chat backup, chat restore: the whole workspace in one file, and back. Both work while the server runs.

PostgreSQL has tools of its own for that; Parley only has to be told that the past has come back.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from chat.actions import sync
from chat.basics import new_id, now
from chat.commands import Stop, in_transaction, workspace_at_hand
from config import read_settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the whole workspace as it is at this moment to FILE. The secret key is not in it."""
    refuse_postgres("back it up with pg_dump (docs/self-hosting.md)")
    if file.exists():
        raise Stop(f"{file} exists already")
    copy(database_file(), file)
    click.echo(f"{file}: {file.stat().st_size:,} bytes. Keep the folder's secret_key with it.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--new-epoch", is_flag=True, help="Nothing is put back: pg_restore, or a snapshot, has done it already.")
def restore(file: Path | None, new_epoch: bool) -> None:
    """Put the backup FILE in place of what is there, which is kept beside it. Everyone's page starts anew by itself."""
    if (file is None) != new_epoch:
        raise Stop("name a backup to restore, or say --new-epoch after other tools restored the database")
    if file is None:
        begin_epoch()
        return
    refuse_postgres("restore it with pg_restore, then say: chat restore --new-epoch")
    path = database_file(must_exist=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with prepared(file, path.with_name(f"restore-{os.getpid()}.db")) as ready:
        if path.exists():
            former = path.with_name(f"chat-before-{now():%Y%m%d-%H%M%S}.db")
            copy(path, former)
            click.echo(f"What was there until now is in {former}.")
        copy(ready, path)
    click.echo("Restored. `chat run` brings it up to date if it is of an older version.")


def begin_epoch() -> None:
    """Numbers above what was restored mean something else from now on."""
    with workspace_at_hand():
        in_transaction(sync.begin_epoch, writes=True)
    click.echo("A new epoch has begun: everyone's page starts anew from what is there now.")


def refuse_postgres(advice: str) -> None:
    """Say what to do where the database is PostgreSQL."""
    if not read_settings()["DATABASE_URL"].startswith("sqlite:///"):
        raise Stop(f"the database is PostgreSQL; {advice}")


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
    path = Path(read_settings()["DATABASE_URL"].removeprefix("sqlite:///"))
    if must_exist and not path.exists():
        raise Stop(f"there is no database yet at {path}")
    return path
