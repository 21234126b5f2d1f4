"""The table of REST calls: each is the twin of an action. Views, OpenAPI document and docs are made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """One call: ``path`` below /api/v1, and the action that answers it. Path parameters are arguments."""

    method: str
    path: str
    action: str

    @property
    def parameters(self) -> list[str]:
        """The names of the arguments that stand in the path."""
        return re.findall(r"<(?:path:)?(\w+)>", self.path)


ROUTES = (
    Route("POST", "/users", "sign_up"),
    Route("GET", "/users", "list_users"),
    Route("GET", "/users/me", "show_me"),
    Route("PATCH", "/users/me", "update_me"),
    Route("PUT", "/users/me/password", "change_password"),
    Route("POST", "/session", "sign_in"),
    Route("GET", "/session", "show_session"),
    Route("DELETE", "/session", "sign_out"),
    Route("GET", "/sessions", "list_sessions"),
    Route("DELETE", "/sessions", "end_other_sessions"),
    Route("DELETE", "/sessions/<session_id>", "end_session"),
    Route("POST", "/tokens", "create_token"),
    Route("POST", "/tickets", "create_ticket"),
    Route("POST", "/invites", "create_invite"),
    Route("GET", "/invites", "list_invites"),
    Route("DELETE", "/invites/<invite_id>", "end_invite"),
    Route("GET", "/channels", "list_channels"),
    Route("POST", "/channels", "create_channel"),
    Route("GET", "/channels/<channel_id>", "show_channel"),
    Route("PATCH", "/channels/<channel_id>", "update_channel"),
    Route("POST", "/channels/<channel_id>/archive", "archive_channel"),
    Route("GET", "/channels/<channel_id>/members", "list_members"),
    Route("POST", "/channels/<channel_id>/members", "add_member"),
    Route("DELETE", "/channels/<channel_id>/members/<user_id>", "remove_member"),
    Route("POST", "/dms", "open_conversation"),
    Route("GET", "/channels/<channel_id>/messages", "show_page"),
    Route("POST", "/channels/<channel_id>/messages", "message"),
    Route("GET", "/messages/<message_id>", "show_message"),
    Route("GET", "/messages/<message_id>/revisions", "list_revisions"),
    Route("PATCH", "/messages/<message_id>", "edit"),
    Route("DELETE", "/messages/<message_id>", "delete"),
    Route("PUT", "/messages/<message_id>/reactions/<path:emoji>", "addReaction"),
    Route("DELETE", "/messages/<message_id>/reactions/<path:emoji>", "removeReaction"),
    Route("PUT", "/channels/<channel_id>/read", "markRead"),
)
WITHOUT_CSRF = frozenset({"sign_up", "sign_in"})  # nobody is signed in yet; the Origin is checked all the same
