"""The documents say what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from chat.dispatch import LIVE
from tests.support import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_tables_are_as_the_code_has_them(generate: ModuleType, path: Path) -> None:
    text = path.read_text()
    assert generate.filled(text) == text, "run: python3 dev.py docs"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_the_protocol_speaks_of_every_action_and_event() -> None:
    protocol = (ROOT / "docs" / "protocol.md").read_text()
    events = ["hello", "message", "channel", "member", "channel_joined", "channel_left", "read", "activity", "typing"]
    for name in [*LIVE, *events, "heads"]:
        assert f"| `{name}` |" in protocol, name


def test_the_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    known = set(re.findall(r"^    python3 dev\.py (\w+)", (ROOT / "dev.py").read_text(), re.MULTILINE))
    assert set(re.findall(r"python3 dev\.py (\w+)", readme)) <= known
