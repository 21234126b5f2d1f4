"""chat user: accounts, as the person who runs the server looks after them."""

from __future__ import annotations

from typing import Any

import click

from chat.actions import accounts, invites
from chat.app import workspace
from chat.commands import Stop, ask_password, in_transaction, workspace_at_hand
from chat.dispatch import load
from chat.errors import ChatError
from chat.models import Invite, User
from chat.schemas import params

ROLES = ("owner", "admin", "member", "guest")


@click.group()
def user() -> None:
    """Look after accounts."""


@user.command()
@click.argument("username")
@click.option("--name", default="", help="The name that people see; the username without.")
@click.option("--role", type=click.Choice(ROLES), help="member without; the first account owns the workspace.")
def create(username: str, name: str, role: str | None) -> None:
    """Make an account. The password is asked for, or read from standard input."""
    with workspace_at_hand():
        asked = checked(params.SignUp(), username=username, display_name=name or username, password=ask_password())
        first = in_transaction(accounts.is_nobody_here)
        role = role or ("owner" if first else "member")
        words = (asked["username"], asked["display_name"], asked["password"], role)
        in_transaction(accounts.make_account, *words, writes=True)
        click.echo(f"{asked['username']} can sign in, as {role}.")


@user.command()
@click.option("--claims", metavar="USERNAME", help="An imported person, who continues as who they were.")
def invite(claims: str | None) -> None:
    """Print a link with which one person can sign up, within a week."""
    with workspace_at_hand() as settings:
        secret = in_transaction(accounts.make_invite, claims, writes=True)
        click.echo(f"{workspace(settings).public_url}/invite/{secret}")


@user.command("invites")
def list_invites() -> None:
    """The invites that can still be used: id, until when, who made it, and for what."""
    with workspace_at_hand():
        for line in in_transaction(describe_invites):
            click.echo(line)


@user.command()
@click.argument("invite_id", metavar="ID")
def uninvite(invite_id: str) -> None:
    """End an invite, by the id that `chat user invites` shows, so that it lets nobody in any more."""
    with workspace_at_hand():
        in_transaction(invites.end, invite_id, writes=True)
        click.echo("The invite has ended.")


@user.command()
@click.argument("username")
def password(username: str) -> None:
    """Give someone a new password and end all their sessions. It is asked for, or read from standard input."""
    with workspace_at_hand():
        in_transaction(refuse_unclaimed, username)
        asked = checked(params.SignUp(only=["password"]), password=ask_password())
        in_transaction(accounts.set_password, username, asked["password"], writes=True)
        click.echo(f"{username} has a new password, and must sign in again everywhere.")


@user.command()
@click.argument("username")
@click.argument("role", type=click.Choice(ROLES))
def role(username: str, role: str) -> None:
    """Make someone owner, admin, member or guest of the workspace. Guests see only the channels they are in."""
    with workspace_at_hand():
        in_transaction(accounts.set_role, username, role, writes=True)
        click.echo(f"{username} is {role} now, and must sign in again everywhere.")


@user.command()
@click.argument("username")
def deactivate(username: str) -> None:
    """Lock someone out. What they wrote stays."""
    with workspace_at_hand():
        in_transaction(accounts.deactivate, username, writes=True)
        click.echo(f"{username} can no longer sign in.")


@user.command("list")
def list_users() -> None:
    """Everyone, and how they stand."""
    with workspace_at_hand():
        for username, display_name, role, state in in_transaction(describe_everyone):
            click.echo(f"{username:<24} {display_name:<32} {role:<7} {state}".rstrip())


def refuse_unclaimed(username: str) -> None:
    """A password would make a side door around the invite, which counts the account."""
    if accounts.find(username).password_hash is None:
        raise Stop(f"{username} has no account yet; let them claim it: chat user invite --claims {username}")


def describe_everyone() -> list[tuple[str, str, str, str]]:
    """Everyone in the order of their usernames."""
    return [(each.username, each.display_name, each.role, state_of(each)) for each in accounts.everyone()]


def describe_invites() -> list[str]:
    """A line for each open invite, the newest first."""
    return [describe_invite(invite) for invite in invites.all_open()]


def describe_invite(invite: Invite) -> str:
    """One open invite: its id, its end, its maker and what it opens."""
    maker, claimed = (accounts.name_of(user_id) for user_id in (invite.created_by, invite.claims_user_id))
    opens = f"the account {claimed}" if claimed else f"{len(invite.channel_ids)} channels"
    return f"{invite.id}  until {invite.expires_at:%Y-%m-%d %H:%M} UTC  by {maker or 'command line':<24} {opens}"


def state_of(someone: User) -> str:
    """Whether someone can sign in, and why not."""
    if someone.deactivated_at:
        return "deactivated"
    if someone.kind == "bot":
        return "bot"
    return "" if someone.password_hash else "imported, not claimed"


def checked(schema: Any, **fields: str) -> dict[str, Any]:
    """What was typed, by the rules for signing up."""
    try:
        return load(schema, fields)
    except ChatError as error:
        raise Stop(f"{error.field}: {error.words}") from None
