"""The built web client: turns a source file's name into the tags that load its hashed files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Flask, current_app, url_for
from markupsafe import Markup


def init_app(app: Flask) -> None:
    """Give templates ``asset(name)``."""
    app.jinja_env.globals["asset"] = asset


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
