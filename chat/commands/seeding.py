"""chat seed: a small team to try Parley with."""

from __future__ import annotations

import secrets

import click

from chat.app import workspace
from chat.basics import now
from chat.commands import Stop, in_transaction, workspace_at_hand
from chat.seed import is_empty, plant


@click.command()
@click.option("--force", is_flag=True, help="Also where there are people or channels already.")
def seed(force: bool) -> None:
    """Make a believable small team: channels, threads, direct messages, something unread, a long history."""
    with workspace_at_hand() as settings:
        if not force and not in_transaction(is_empty):
            raise Stop("this workspace is not empty; --force adds the team to what is there")
        password = secrets.token_urlsafe(9)
        report, (first, *others) = in_transaction(plant, password, now(), writes=True)
        for line in report.lines():
            click.echo(line)
        click.echo(f"Sign in at {workspace(settings).public_url}/sign-in as {first}, and elsewhere as {others[0]}:")
        click.echo(f"  password  {password}    (for all of them: {', '.join([first, *others])}; not shown again)")
        click.echo("`chat run` starts the server.")
