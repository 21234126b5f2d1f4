"""chat doctor: look at an installation and say, a line each, what is well and what is not. It changes nothing."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import click
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from packaging.requirements import Requirement
from redis import AuthenticationError, RedisError
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from chat import create_app
from chat.extensions import db
from chat.models import Message
from chat.realtime.hints import connect
from chat.web.assets import is_built
from config import SettingsError, is_loopback, read_settings

OLDEST_PYTHON = (3, 11)
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)  # no right clock is behind the day this was written
DRIFT = timedelta(minutes=2)


class Bad(Exception):
    """Something is not well; the text says what, and what to do."""


@click.command()
def doctor() -> None:
    """Check settings, database, clock, files and versions."""
    results = [report(name, check) for name, check in checks()]
    if not all(results):
        sys.exit(1)


def report(name: str, check: Callable[[], str]) -> bool:
    """Say how one thing stands."""
    try:
        click.echo(f"ok   {name}: {check()}")
    except (Bad, SettingsError) as trouble:
        click.echo(f"bad  {name}: {trouble}")
    except SQLAlchemyError as trouble:
        click.echo(f"bad  {name}: {' '.join(str(getattr(trouble, 'orig', None) or trouble).split())}")
    except OSError as trouble:
        click.echo(f"bad  {name}: {trouble.strerror or trouble} ({trouble.filename})")
    else:
        return True
    return False


def checks() -> Iterator[tuple[str, Callable[[], str]]]:
    """Every check, each only as far as those before allow."""
    yield "Python", check_python
    yield "packages", check_packages
    yield "settings", check_settings
    try:
        settings = read_settings()
    except SettingsError:
        return
    yield "secret key", lambda: check_secret_key(settings)
    if settings["REDIS_URL"]:
        yield "Redis", lambda: check_redis(settings["REDIS_URL"])
    path = sqlite_path(settings)
    if path and not path.exists():
        yield "database", lambda: complain(f"there is none yet at {path}; `chat run` makes it")
        return
    app = create_app()
    with app.app_context():
        yield "web client", check_client
        try:
            with db.engine.connect() as connection:
                yield "database", lambda: check_reachable(connection, path)
                yield "migrations", lambda: check_migrations(connection)
                yield "integrity", lambda: check_integrity(connection)
                yield "clock", lambda: check_clock(connection)
        except SQLAlchemyError as trouble:
            words = " ".join(str(getattr(trouble, "orig", None) or trouble).split())
            yield "database", lambda: complain(f"it cannot be opened: {words}")
        finally:
            db.engine.dispose()


def complain(words: str) -> str:
    raise Bad(words)


# The program -----------------------------------------------------------------------------------


def check_python() -> str:
    if sys.version_info < OLDEST_PYTHON:
        raise Bad(f"{sys.version.split()[0]}, and 3.11 or newer is needed")
    return sys.version.split()[0]


def check_packages() -> str:
    """Whether what is installed is what was tested."""
    try:
        needed = [Requirement(each) for each in requires("parley-chat") or ()]
    except PackageNotFoundError:
        raise Bad("Parley itself is not installed here; `python3 dev.py run` does it") from None
    wrong = []
    for package in needed:
        try:
            if package.marker is None and not package.specifier.contains(version(package.name), prereleases=True):
                wrong.append(f"{package.name} is {version(package.name)}, not {package.specifier}")
        except PackageNotFoundError:
            wrong.append(f"{package.name} is missing")
    if wrong:
        raise Bad(", ".join(wrong))
    return f"{len(needed)} as they should be"


def check_client() -> str:
    if not is_built():
        raise Bad("it is not built; `python3 dev.py run` does it")
    return "built"


# The installation ------------------------------------------------------------------------------


def check_settings() -> str:
    settings = read_settings()
    who = "this machine only" if is_loopback(settings["HOST"]) else "others too"
    address = settings["PUBLIC_URL"] or f"http://{settings['HOST']}:{settings['PORT']}"
    return f"{address}, reached from {who}; {settings['REGISTRATION']} registration"


def check_secret_key(settings: dict[str, Any]) -> str:
    """A kept key that others can read would let them forge any session."""
    if settings["SECRET_KEY"]:
        return "from the environment"
    path = Path(settings["DATA_DIR"]).absolute() / "secret_key"
    if not path.exists():
        return "made at the first start"
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Bad(f"others can read it; chmod 600 {path}")
    if path.parent.stat().st_mode & stat.S_IWOTH:
        raise Bad(f"others can replace it; chmod o-w {path.parent}")
    return "kept, readable by us alone"


def check_clock(connection: Connection) -> str:
    """Sessions end and messages are dated by this clock."""
    now = datetime.now(UTC)
    if now < WRITTEN:
        raise Bad(f"it says {now:%Y-%m-%d}, which is long past")
    newest = connection.execute(select(func.max(Message.created_at))).scalar_one()
    if newest and newest > now + DRIFT:
        raise Bad(f"it says {now:%Y-%m-%d %H:%M} UTC, but the newest message is of {newest:%Y-%m-%d %H:%M}")
    if connection.dialect.name == "postgresql":
        away = abs(connection.execute(text("SELECT now()")).scalar_one() - now)
        if away > DRIFT:
            raise Bad(f"the database's clock is {away.total_seconds():.0f} s away from this machine's")
    return f"{now:%Y-%m-%d %H:%M} UTC"


def check_redis(url: str) -> str:
    """Whether it can be asked; what it says of passwords and addresses is not said again."""
    try:
        with connect(url) as redis:
            redis.ping()
    except AuthenticationError:
        raise Bad("it refuses the name or password in REDIS_URL") from None
    except RedisError as trouble:
        words = f"it cannot be reached ({type(trouble).__name__})"
        raise Bad(f"{words}; until it is, other processes hear of a change a second later") from None
    return "answers"


# The database ----------------------------------------------------------------------------------


def sqlite_path(settings: dict[str, Any]) -> Path | None:
    """Where the embedded database lives, if that is the one in use."""
    url = str(settings["DATABASE_URL"])
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def check_reachable(connection: Connection, path: Path | None) -> str:
    """Whether it can be written; on SQLite also that an acknowledged message is on disk."""
    if path is None:
        if connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
            raise Bad("it is a read-only copy; DATABASE_URL must name the primary")
        for setting in ("fsync", "synchronous_commit"):
            if connection.execute(text(f"SHOW {setting}")).scalar_one() == "off":
                raise Bad(f"{setting} is off, so what was acknowledged can be lost")
        return f"PostgreSQL {connection.execute(text('SHOW server_version')).scalar_one().split()[0]}, writable"
    journal = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
    durability = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    if (journal, durability) != ("wal", 2):
        raise Bad(f"journal_mode is {journal} and synchronous {durability}, not wal and 2")
    for needed in (path, path.parent):
        if not os.access(needed, os.W_OK):
            raise Bad(f"{needed} cannot be written")
    return f"SQLite, writable, {path}"


def check_migrations(connection: Connection) -> str:
    here = MigrationContext.configure(connection).get_current_revision()
    wanted = ScriptDirectory(current_app.extensions["migrate"].directory).get_current_head()
    if here != wanted:
        raise Bad(f"the database is at {here or 'nothing'}, the program at {wanted}; `chat run` brings it up to date")
    return f"up to date ({here})"


def check_integrity(connection: Connection) -> str:
    if connection.dialect.name != "sqlite":
        return "left to PostgreSQL"
    found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    if found != "ok":
        raise Bad(f"{' '.join(found.split())}; restore a backup")
    return "whole"
