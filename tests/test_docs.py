"""The documents say what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from marshmallow import Schema, fields, validate

from chat.dispatch import LIVE
from chat.schemas.events import EVENTS
from chat.schemas.fields import Number, Switch, Text
from chat.schemas.resources import Read
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


# Figures that bound nothing a client sends, holds open or causes.
NO_BOUNDS = {
    "limits:MAX_PARTICIPANTS",  # of what the server itself answers; making a conversation has its own figure
    "limits:MAX_STORED_TEXT",  # likewise: an imported text is kept whole
    "client.outbox:MAX_TRIES",  # of the client for bots
}


def test_every_limit_stands_in_the_table_of_limits(generate: ModuleType) -> None:
    names = {
        f"{'.'.join(path.relative_to(ROOT / 'chat').with_suffix('').parts)}:{name}"
        for path in (ROOT / "chat").rglob("*.py")
        for name in re.findall(r"^(MAX_\w+) = ", path.read_text(), re.MULTILINE)
        if "importers" not in path.parts  # the operator's own files; docs/self-hosting.md says what they may have
    }
    told = {figure for bound in generate.bounds.BOUNDS for figure in bound.figures}
    assert names - told == NO_BOUNDS
    assert all(bound.above for bound in generate.bounds.BOUNDS)


def test_the_clients_types_are_as_the_schemas_have_them(generate: ModuleType) -> None:
    assert generate.WIRE.read_text() == generate.typescript.wire(), "run: python3 dev.py docs"


def test_a_type_tells_what_may_be_absent_from_what_may_be_null(generate: ModuleType) -> None:
    class Thing(Schema):
        """What is ``shown``."""

        name = Text(required=True)
        kind = Text(required=True, allow_none=True, validate=validate.OneOf(["a", "b"]))
        gone = Switch(required=True, validate=validate.Equal(True))
        sizes = fields.List(Number(allow_none=True), metadata={"description": "In order."})
        read = fields.Nested(Read, allow_none=True)
        heads = fields.Dict(keys=Text(), values=Number(), required=True)

    assert (
        generate.typescript.declared(Thing)
        == """\
/** What is `shown`. */
export interface Thing {
  name: string;
  kind: "a" | "b" | null;
  gone: true;
  /** In order. */
  sizes?: (number | null)[];
  read?: Read | null;
  heads: Record<string, number>;
}
"""
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_the_protocol_speaks_of_every_action_and_event() -> None:
    protocol = (ROOT / "docs" / "protocol.md").read_text()
    for name in [*LIVE, *EVENTS]:
        assert f"| `{name}` |" in protocol, name


def test_every_rule_of_security_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| (\d+) \|.*\|$", (ROOT / "docs" / "security.md").read_text(), re.MULTILINE)
    assert [int(number) for number in rows] == list(range(1, 24))
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (ROOT / "docs" / "security.md").read_text())
    assert len(named) > 60
    for path, name in named:
        assert f"\ndef {name}(" in (ROOT / "tests" / path).read_text(), f"{path}::{name}"


def test_the_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    known = set(re.findall(r"^    python3 dev\.py (\w+)", (ROOT / "dev.py").read_text(), re.MULTILINE))
    assert set(re.findall(r"python3 dev\.py (\w+)", readme)) <= known


def test_the_readmes_bot_is_the_one_that_is_tested() -> None:
    [shown] = re.findall(r"```python\n(from chat\.client.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert f"# echo.py\n{shown}" in (ROOT / "docs" / "bots.md").read_text()
