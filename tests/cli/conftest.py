"""The `chat` command in this process, on a data folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chat.cli import cli

Chat = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def chat(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """Runs a command as somebody would who sees only this folder; ``typed`` is what they enter."""
    for name in ("DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "REGISTRATION", "HOST", "PORT", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, typed: str = "", **settings: str) -> Result:
        result = CliRunner().invoke(cli, arguments, input=typed, env={"DATA_DIR": str(folder), **settings})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run
