"""What can go wrong for a program that talks to Parley."""

from __future__ import annotations

from typing import Any


class ClientError(Exception):
    """Anything that this client raises."""


class Refused(ClientError):
    """The server said no: ``code`` is for programs, ``message`` for people (docs/protocol.md has the codes)."""

    def __init__(
        self, code: str, message: str, *, retryable: bool = False, retry_after: float = 0.0, data: Any = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.data = code, message, data
        self.retryable, self.retry_after = retryable, retry_after

    @classmethod
    def from_dict(cls, error: Any) -> Refused:
        """The protocol's error object. What is not plainly one came from something broken, and may pass."""
        if not isinstance(error, dict) or not isinstance(error.get("code"), str):
            return cls("internal_error", "The server gave no proper answer.", retryable=True)
        return cls(
            error["code"],
            str(error.get("message") or error["code"]),
            retryable=error.get("retryable") is True,
            retry_after=(error.get("retry_after_ms") or 0) / 1000,
            data=error.get("data"),
        )

    @property
    def unheard(self) -> bool:
        """Nobody said no: the connection or the answer is missing."""
        return self.code in ("offline", "no_answer")

    @property
    def session_ended(self) -> bool:
        """The credentials do not hold any more."""
        return self.code in ("not_authed", "session_expired")


OFFLINE = Refused("offline", "There is no connection.", retryable=True)
NO_ANSWER = Refused("no_answer", "No answer came in time.", retryable=True)


class SessionEnded(ClientError):
    """The token is not accepted any more, so the client has stopped. What is in the outbox file stays there."""


class WrongOutbox(ClientError):
    """The outbox file is someone else's, or another program has it open."""


class StillWaiting(ClientError):
    """The client was closed first. What is in the outbox file is sent by the next client that opens it."""
