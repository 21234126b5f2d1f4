"""The `chat` command: run the server, look after people and data. Over Flask's CLI, so `chat db` is there too."""

from __future__ import annotations

import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
from flask.cli import FlaskGroup
from sqlalchemy.exc import SQLAlchemyError

from chat import create_app
from chat.commands import Stop, in_transaction, upgrade_database
from chat.commands.backups import backup, restore
from chat.commands.doctor import doctor
from chat.commands.imports import import_
from chat.commands.retention import retire
from chat.commands.seeding import seed
from chat.commands.users import user
from chat.errors import ChatError
from config import SettingsError, read_settings


@click.group(cls=FlaskGroup, create_app=create_app, add_version_option=False)
def cli() -> None:
    """Parley, a team chat that never loses a message."""


def main() -> None:
    """The console script: every expected trouble is one line and an exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as exit_asked:
        sys.exit(exit_asked.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except (SettingsError, ChatError) as error:
        fail(error.words if isinstance(error, ChatError) else str(error))
    except SQLAlchemyError as error:
        fail(f"the database: {getattr(error, 'orig', None) or error}")
    except OSError as error:
        fail(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))


def fail(words: str) -> NoReturn:
    """End with one line on standard error."""
    click.echo(f"chat: {' '.join(words.split())}", err=True)
    sys.exit(1)


@cli.command(with_appcontext=False)  # nothing is made or opened before the port is known to be free
def run() -> None:
    """Serve: bring the database up to date, say how to sign in, and listen until stopped."""
    settings = read_settings()
    claim_port(settings["HOST"], settings["PORT"])
    app = create_app()
    with app.app_context():
        upgrade_database(settings)
        greet(settings)
    here = Path(__file__).resolve().parent.parent
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(here), os.environ.get("PYTHONPATH")]))}
    sys.stdout.flush()
    command = [sys.executable, "-W", r"ignore:\s*Eventlet is deprecated", "-m", "gunicorn"]
    os.execve(sys.executable, [*command, "-c", "python:chat.realtime.gunicorn_conf", "wsgi:app"], environ)


def claim_port(host: str, port: int) -> None:
    """Refuse to start where something else listens already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Stop(f"cannot listen on {host}:{port}: {error.strerror}. Set PORT to a free one.") from None


def greet(settings: dict[str, Any]) -> None:
    """Say where the server is, and how to sign in the first time."""
    from chat.actions.accounts import is_nobody_here, make_first_invite
    from chat.app import workspace

    address = workspace(settings).public_url
    click.echo(f"Parley: {address}")
    if not in_transaction(is_nobody_here):
        return
    if settings["STRICT"]:
        secret = in_transaction(make_first_invite, writes=True)
        click.echo("Nobody has signed up yet. Who follows this link within a day owns the workspace:")
        click.echo(f"  {address}/invite/{secret}")
    else:
        click.echo(f"Nobody has signed up yet. The first account owns the workspace: {address}/sign-up")


cli.add_command(backup)
cli.add_command(doctor)
cli.add_command(import_)
cli.add_command(restore)
cli.add_command(retire)
cli.add_command(seed)
cli.add_command(user)


if __name__ == "__main__":
    main()
