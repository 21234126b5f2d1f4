"""Fixtures for imports: a Slack workspace made by hand, and an empty workspace of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_migrate import upgrade

from chat.extensions import db
from tests.importers.support import Slack, Workspace


@pytest.fixture
def slack() -> Slack:
    return Slack()


@pytest.fixture
def workspace(tmp_path: Path, scratch: str) -> Iterator[Workspace]:
    workspace = Workspace(tmp_path / "data", scratch)
    with workspace.app.app_context():
        upgrade()
        workspace.moves_in()
        yield workspace
        db.engine.dispose()
