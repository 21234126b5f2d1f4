"""chat import: bring in what a team wrote elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chat.commands import Stop, workspace_at_hand
from chat.importers import slack
from chat.importers.export import BadExport, Export
from chat.importers.load import load
from chat.importers.report import Report


@click.group("import")
def import_() -> None:
    """Bring in what a team wrote elsewhere."""


@import_.command("slack")
@click.argument("file", type=click.Path(path_type=Path))
def import_slack(file: Path) -> None:
    """Import a Slack export: FILE is the zip that Slack makes. Doing it again changes nothing."""
    report = Report()
    try:
        export = slack.read(file, report)  # before anything is opened: a broken zip leaves no trace
    except BadExport as error:
        raise Stop(f"nothing was imported: {error}") from None
    with workspace_at_hand(), progress(export) as advance:
        load(export, report, advance)
    for line in report.lines():
        click.echo(line)
    if report.is_news:
        click.echo("Nobody imported has a password or runs this workspace. To let someone in as who they were:")
        click.echo("  chat user invite --claims USERNAME")


@contextmanager
def progress(export: Export) -> Iterator[Callable[[int], None]]:
    """A bar of messages done, where somebody watches."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (TextColumn("Messages"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=sum(len(conversation.posts) for conversation in export.conversations))
        yield lambda done: bar.advance(task, done)
