"""What can go wrong: a code for programs, words for people, an HTTP status, and whether trying again helps."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

NOT_FOUND = HTTPStatus.NOT_FOUND
CODES: dict[str, tuple[HTTPStatus, str]] = {
    "not_authed": (HTTPStatus.UNAUTHORIZED, "Sign in first."),
    "session_expired": (HTTPStatus.UNAUTHORIZED, "This session has ended. Sign in again."),
    "not_in_channel": (HTTPStatus.FORBIDDEN, "Join this channel first."),
    "forbidden": (HTTPStatus.FORBIDDEN, "You may not do this."),
    "read_only_channel": (HTTPStatus.FORBIDDEN, "This channel takes no messages from you."),
    "channel_not_found": (NOT_FOUND, "There is no such channel."),
    "message_not_found": (NOT_FOUND, "There is no such message."),
    "thread_not_found": (NOT_FOUND, "There is no such thread."),
    "user_not_found": (NOT_FOUND, "There is no such person."),
    "file_not_found": (NOT_FOUND, "There is no such file."),
    "invite_not_found": (NOT_FOUND, "There is no such invite."),
    "session_not_found": (NOT_FOUND, "There is no such session."),
    "not_found": (NOT_FOUND, "There is nothing at this address."),
    "unknown_action": (NOT_FOUND, "There is no such action."),
    "method_not_allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "This address does not take that method."),
    "edit_conflict": (HTTPStatus.CONFLICT, "Someone changed this message in the meantime."),
    "is_archived": (HTTPStatus.CONFLICT, "This channel is archived."),
    "name_taken": (HTTPStatus.CONFLICT, "This name is taken."),
    "idempotency_mismatch": (HTTPStatus.CONFLICT, "This client_msg_id was used for another message."),
    "too_large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This request is too large."),
    "invalid_arguments": (HTTPStatus.UNPROCESSABLE_ENTITY, "This request is not well formed."),
    "no_text": (HTTPStatus.UNPROCESSABLE_ENTITY, "Write something first."),
    "msg_too_long": (HTTPStatus.UNPROCESSABLE_ENTITY, "This message is too long."),
    "invalid_emoji": (HTTPStatus.UNPROCESSABLE_ENTITY, "This is not an emoji."),
    "rate_limited": (HTTPStatus.TOO_MANY_REQUESTS, "Too fast. Wait a moment and try again."),
    "internal_error": (HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side."),
    "unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "The server cannot answer just now. Try again."),
    "draining": (HTTPStatus.SERVICE_UNAVAILABLE, "The server is restarting. Try again."),
}
RETRYABLE = frozenset({"rate_limited", "internal_error", "unavailable", "draining"})


class ChatError(Exception):
    """A refusal that every door answers in the same shape; see docs/protocol.md for the codes.

    ``words`` replaces the code's usual sentence; ``field`` names the argument at fault; ``retry_after_ms`` says
    when trying again makes sense; ``data`` comes along in the error (an edit conflict brings the present message).
    """

    def __init__(
        self,
        code: str,
        words: str | None = None,
        *,
        field: str | None = None,
        retry_after_ms: int | None = None,
        incident: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.status, usual = CODES[code]
        self.words = words or usual
        self.field, self.retry_after_ms, self.incident, self.data = field, retry_after_ms, incident, data
        super().__init__(f"{code}: {self.words}")

    def as_dict(self) -> dict[str, Any]:
        """The error object of the protocol."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.words,
            "retryable": self.code in RETRYABLE,
            "retry_after_ms": self.retry_after_ms,
            "field": self.field,
        }
        if self.incident:
            error["incident"] = self.incident
        if self.data:
            error["data"] = self.data
        return error
