"""chat retire: remove what is older than RETENTION_DAYS now, instead of within six hours."""

from __future__ import annotations

import click
from flask import current_app

from chat.commands import Stop, workspace_at_hand


@click.command()
def retire() -> None:
    """Remove the messages that are older than RETENTION_DAYS. A server that runs does it by itself every six hours."""
    with workspace_at_hand() as settings:
        if not settings["RETENTION_DAYS"]:
            raise Stop("RETENTION_DAYS is not set: everything is kept")
        removed = current_app.extensions["chat"].retention.walk()
        click.echo(f"{removed:,} messages removed that were older than {settings['RETENTION_DAYS']} days.")
