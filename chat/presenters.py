"""Rows as people's programs get them: one function a resource, the same for answers, events and replays."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from chat.actors import Account
from chat.basics import iso
from chat.limits import MAX_REACTING_USERS
from chat.models import Channel, Invite, Membership, Message, NewMessage, Session, User


def present_user(user: User | Account) -> dict[str, Any]:
    """Someone of the workspace, as everyone may see them."""
    return {
        "id": user.id,
        "username": user.username,
        "display_name": user.display_name,
        "role": user.role,
        "kind": user.kind,
        "created_at": iso(user.created_at),
        "deactivated_at": iso(user.deactivated_at),
    }


def present_me(user: User | Account) -> dict[str, Any]:
    """The account of the caller, with what only they see of it."""
    return {**present_user(user), "email": user.email}


def present_session(session: Session, current_id: str | None) -> dict[str, Any]:
    """A sign-in or token, as its owner sees it."""
    return {
        "id": session.id,
        "kind": session.kind,
        "name": session.name,
        "user_agent": session.user_agent,
        "ip": session.ip,
        "created_at": iso(session.created_at),
        "last_seen_at": iso(session.last_seen_at),
        "current": session.id == current_id,
    }


def present_invite(invite: Invite, seen: Set[str]) -> dict[str, Any]:
    """An open invite, with those of its channels that are ``seen``; its secret is stored nowhere."""
    return {
        "id": invite.id,
        "created_by": invite.created_by,
        "created_at": iso(invite.created_at),
        "expires_at": iso(invite.expires_at),
        "channel_ids": [channel_id for channel_id in invite.channel_ids if channel_id in seen],
        "claims_user_id": invite.claims_user_id,
    }


def present_new_invite(invite: Invite, secret: str, public_url: str) -> dict[str, Any]:
    """A new invite; its secret is shown this once."""
    return {
        "id": invite.id,
        "invite": secret,
        "url": f"{public_url}/invite/{secret}",
        "expires_at": iso(invite.expires_at),
    }


def present_channel(channel: Channel, user_ids: list[str] | None = None) -> dict[str, Any]:
    """A channel as everyone in it sees it. ``user_ids`` are the participants of a direct conversation."""
    return {
        "id": channel.id,
        "kind": channel.kind,
        "name": channel.name,
        "topic": channel.topic,
        "created_by": channel.created_by,
        "created_at": iso(channel.created_at),
        "archived_at": iso(channel.archived_at),
        "changed_seq": channel.changed_seq,
        "user_ids": user_ids,
    }


def present_member(membership: Membership) -> dict[str, Any]:
    """Someone's membership of a channel, present or past."""
    return {
        "channel_id": membership.channel_id,
        "user_id": membership.user_id,
        "role": membership.role,
        "joined_at": iso(membership.joined_at),
        "left_at": iso(membership.left_at),
        "changed_seq": membership.changed_seq,
    }


def present_message(message: Message | NewMessage, viewer_id: str | None = None) -> dict[str, Any]:
    """The whole message as it is now.

    ``viewer_id`` adds ``me`` to each reaction, for an answer to one person; a broadcast is shared and has none.
    """
    return {
        "id": message.id,
        "channel_id": message.channel_id,
        "seq": message.seq,
        "changed_seq": message.changed_seq,
        "rev": message.rev,
        "posted": message.posted,
        "kind": message.kind,
        "client_msg_id": message.client_msg_id,
        "user_id": message.user_id,
        "text": message.text,
        "thread_id": message.thread_id,
        "also_to_channel": message.thread_id is not None and message.in_main_line,
        "reply_count": message.reply_count,
        "last_reply_at": iso(message.last_reply_at),
        "reactions": present_reactions(message, viewer_id),
        "mentions": [mention.user_id for mention in message.mentions],
        "everyone": message.mentions_everyone,
        "files": [
            {"id": file.id, "name": file.name, "mimetype": file.mimetype, "size": file.size, "url": file.url}
            for file in message.files
        ],
        "pinned_at": iso(message.pinned_at),
        "created_at": iso(message.created_at),
        "edited_at": iso(message.edited_at),
        "deleted_at": iso(message.deleted_at),
    }


def present_reactions(message: Message | NewMessage, viewer_id: str | None) -> list[dict[str, Any]]:
    """Who reacted with what, in the order the emoji first came."""
    by_emoji: dict[str, list[str]] = {}
    for reaction in message.reactions:
        by_emoji.setdefault(reaction.emoji, []).append(reaction.user_id)
    shown = []
    for emoji, user_ids in by_emoji.items():
        entry: dict[str, Any] = {
            "emoji": emoji,
            "count": len(user_ids),
            "user_ids": user_ids[:MAX_REACTING_USERS],
        }
        if viewer_id is not None:
            entry["me"] = viewer_id in user_ids
        shown.append(entry)
    return shown
