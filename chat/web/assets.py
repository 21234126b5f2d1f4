"""The built web client: the tags that load its hashed files, and the files, compressed for whom can unpack them."""

from __future__ import annotations

import json
import mimetypes
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request, send_from_directory, url_for
from markupsafe import Markup
from werkzeug.security import safe_join

CODINGS = {"br": ".br", "gzip": ".gz"}  # the build lays a copy in each beside every script and style sheet


def init_app(app: Flask) -> None:
    """Give templates ``asset(name)``, and browsers the files."""
    app.jinja_env.globals["asset"] = asset
    app.view_functions["static"] = send_file


def send_file(filename: str) -> Response:
    """A file of static/, in the smallest form that the browser unpacks."""
    folder = current_app.static_folder or "static"
    coding = next((coding for coding in CODINGS if is_wanted(folder, filename, coding)), None)
    response = send_from_directory(
        folder, filename + CODINGS.get(coding or "", ""), mimetype=mimetypes.guess_type(filename)[0]
    )
    response.vary.add("Accept-Encoding")
    if coding:
        response.headers["Content-Encoding"] = coding
    return response


def is_wanted(folder: str, filename: str, coding: str) -> bool:
    """Whether the browser unpacks this coding, and there is such a copy."""
    copy = safe_join(folder, filename + CODINGS[coding])
    return request.accept_encodings.quality(coding) > 0 and copy is not None and Path(copy).is_file()


def is_built() -> bool:
    """Whether there is a web client to serve."""
    return manifest_path().is_file()


def asset(name: str) -> Markup:
    """The style sheets, the module and its preloads for one entry of the client's manifest."""
    manifest = read_manifest()
    entry = manifest[name]
    tags = [Markup('<link rel="stylesheet" href="{}">').format(file_url(css)) for css in entry.get("css", ())]
    tags += [
        Markup('<link rel="modulepreload" href="{}">').format(file_url(manifest[chunk]["file"]))
        for chunk in entry.get("imports", ())
    ]
    tags.append(Markup('<script type="module" src="{}"></script>').format(file_url(entry["file"])))
    return Markup("\n    ").join(tags)


def file_url(file: str) -> str:
    """The address of a built file; its name holds a hash, so it may be kept for ever."""
    return url_for("static", filename=f"app/{file}")


def manifest_path() -> Path:
    """Where Vite says which files it built."""
    return Path(current_app.static_folder or "static") / "app" / ".vite" / "manifest.json"


def read_manifest() -> dict[str, Any]:
    """The manifest, read again only after a new build."""
    path = manifest_path()
    changed = path.stat().st_mtime
    known: tuple[float, dict[str, Any]] | None = current_app.extensions.get("chat.assets")
    if known is None or known[0] != changed:
        known = (changed, json.loads(path.read_text()))
        current_app.extensions["chat.assets"] = known
    return known[1]
