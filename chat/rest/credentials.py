"""Who asks over HTTP: a session cookie (with a CSRF token for what changes things), or a bearer token."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, request, session
from flask_login import UserMixin, current_user, login_user, logout_user
from itsdangerous import BadSignature, URLSafeSerializer

from chat import tickets
from chat.actors import Asker
from chat.errors import ChatError
from chat.extensions import login_manager
from chat.limits import MAX_CREDENTIAL

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"


class SignedIn(UserMixin):
    """What Flask-Login holds of someone: the secret in their cookie, and the session row it opens."""

    def __init__(self, secret: str, session_id: str, user_id: str) -> None:
        self.secret, self.session_id, self.user_id = secret, session_id, user_id

    def get_id(self) -> str:
        return self.secret


def init_app(app: Flask) -> None:
    """Let Flask-Login find sessions in the database, and never write a cookie of its own."""
    login_manager.init_app(app)
    login_manager.session_protection = None  # a session row can be ended, and phones change their address

    @login_manager.user_loader
    def load(secret: str) -> SignedIn | None:
        found = current_app.extensions["chat"].find_session(secret, "browser")
        return SignedIn(secret, *found) if found else None


def asker(auth: Any = None) -> Asker:
    """Who asks, as the request shows it: a bearer token in the header or in the handshake's ``auth``, or the cookie.

    A handshake may show a ticket instead, which is used up by it.
    Raises ChatError ``not_authed`` for a token that was never given out.
    """
    session_id: str | None = None
    user_id: str | None = None
    shown = auth.get("token") if isinstance(auth, dict) else None
    if isinstance(shown, str) and tickets.looks_like_one(shown):
        return ticket_holder(shown)
    token = bearer(request) or shown
    if token is not None:
        found = None
        if isinstance(token, str) and len(token) <= MAX_CREDENTIAL:
            found = current_app.extensions["chat"].find_session(token, "token")
        if found is None:
            raise ChatError("not_authed")
        session_id, user_id = found
    elif current_user.is_authenticated:
        session_id, user_id = current_user.session_id, current_user.user_id
    elif "_user_id" in session:
        session_id = ""  # a cookie that opens nothing is of a session that has ended
    return Asker(session_id, user_id, request.remote_addr or "", request.headers.get("User-Agent", ""))


def ticket_holder(text: str) -> Asker:
    """Whose ticket this is; it is used up. Raises ChatError ``not_authed`` or ``session_expired``."""
    dispatch = current_app.extensions["chat"].dispatch
    try:
        ticket = tickets.verify(dispatch.workspace.ticket_keys, text)
    except tickets.BadTicket:
        raise ChatError("not_authed", "This ticket is not valid, or not any more.") from None
    asker = Asker(ticket.session_id, ticket.user_id, request.remote_addr or "", request.headers.get("User-Agent", ""))
    used = {"ticket_id": ticket.id, "expires_at": ticket.expires_at, "version": ticket.version}
    dispatch.perform(asker, "use_ticket", used)
    return asker


def bearer(asked: Request) -> str | None:
    """The bearer token of a request."""
    scheme, _, token = asked.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def sign_in(secret: str, session_id: str, user_id: str) -> None:
    """Give the browser its new cookie; whatever an older one held is forgotten."""
    session.clear()
    session.permanent = True
    login_user(SignedIn(secret, session_id, user_id))


def sign_out() -> None:
    """Take the cookie back."""
    logout_user()
    session.clear()


def csrf_token(session_id: str) -> str:
    """The token that requests of this session must carry when they change something."""
    return str(_signer().dumps(session_id))


def check_cross_site(needs_token: bool) -> None:
    """Refuse what another site's page makes a browser send; raises ChatError ``forbidden``."""
    if request.method in SAFE_METHODS or bearer(request):
        return
    fetched_from = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    if fetched_from not in ("same-origin", "none") or (origin and not is_own(origin)):
        raise ChatError("forbidden", "Requests of other sites are refused.", field="Origin")
    if needs_token and current_user.is_authenticated and not _is_right_token():
        raise ChatError("forbidden", "The CSRF token is missing or wrong.", field=CSRF_HEADER)


def is_own(origin: str) -> bool:
    """Whether a page of this origin may act here."""
    own = urlsplit(current_app.config["PUBLIC_URL"] or request.host_url)
    return origin in {f"{own.scheme}://{own.netloc}", *current_app.config["ALLOWED_ORIGINS"]}


def _is_right_token() -> bool:
    shown = request.headers.get(CSRF_HEADER, "")
    try:
        return len(shown) <= MAX_CREDENTIAL and bool(_signer().loads(shown) == current_user.session_id)
    except BadSignature:
        return False


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="csrf")
