"""The pages: one shell for the web client, at every address it knows, for those who may be there."""

from __future__ import annotations

import json
import re

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from chat.actors import Asker
from chat.errors import ChatError
from chat.web.assets import is_built

pages = Blueprint("web", __name__)

# "//host" and "/\host" are other sites to a browser.
LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x1f]*")


@pages.get("/")
@pages.get("/browse")
@pages.get("/people")
@pages.get("/c/<path:channel>")
def app_page(channel: str = "") -> ResponseReturnValue:
    """The app; what it shows it asks for itself."""
    if not is_signed_in():
        here = request.full_path.rstrip("?")
        return redirect(url_for("web.sign_in", next=here if here != "/" else None))
    return shell()


@pages.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Where to sign in; who is signed in goes on to where they wanted to be."""
    if is_signed_in():
        return redirect(local_path(request.args.get("next", "/")))
    return shell()


@pages.get("/sign-up")
@pages.get("/invite/<token>")
def sign_up(token: str = "") -> ResponseReturnValue:
    """Where to make an account, with an invite or without."""
    return shell()


def is_signed_in() -> bool:
    """Whether the browser's session still holds: one that was ended elsewhere must get to the form, not round it."""
    if not current_user.is_authenticated:
        return False
    asker = Asker(current_user.session_id, current_user.user_id)
    try:
        current_app.extensions["chat"].dispatch.perform(asker, "show_me", {})
    except ChatError as refusal:
        return refusal.code not in ("not_authed", "session_expired")
    return True


@pages.get("/manifest.webmanifest")
def manifest() -> ResponseReturnValue:
    """How the app is called and looks when someone installs it."""
    icons = [
        {"src": url_for("static", filename="icon-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": url_for("static", filename="icon-512.png"), "sizes": "512x512", "type": "image/png"},
        {"src": url_for("static", filename="icon-full.svg"), "sizes": "any", "purpose": "any maskable"},
    ]
    about = {"id": "/", "name": workspace(), "short_name": workspace(), "start_url": "/", "display": "standalone"}
    colours = {"background_color": "#f4f2ee", "theme_color": "#f4f2ee"}
    return Response(json.dumps({**about, **colours, "icons": icons}), mimetype="application/manifest+json")


def workspace() -> str:
    """The name its owner gave this place."""
    return str(current_app.config.get("WORKSPACE_NAME", "Parley"))


def shell() -> ResponseReturnValue:
    """The page the web client draws itself into; one clear line when it was not built."""
    if not is_built():
        return render_template("unbuilt.html"), 503
    return render_template("app.html", workspace=workspace(), gateway=current_app.config["AWS_GATEWAY_URL"])


def local_path(path: str) -> str:
    """The path, if it leads to this site; otherwise home."""
    return path if LOCAL_PATH.fullmatch(path) else "/"
