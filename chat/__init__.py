"""Parley, a team chat that never loses a message. Importing this package patches nothing and opens nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app(environ: Mapping[str, str] | None = None, *, migrates: bool = True) -> Flask:
    """The application, made of the environment's settings; raises config.SettingsError when one is unsafe.

    ``migrates``: whether it can bring the database up to date, for which it has to read more of the libraries.
    """
    from chat.app import build
    from config import read_settings

    return build(read_settings(environ), migrates=migrates)
