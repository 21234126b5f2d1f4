"""What `dev.py check` makes of the answers of pip-audit and npm audit: findings fail, a list out of reach does not."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.support import ROOT


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


OUT_OF_REACH = "the list of weaknesses cannot be reached; nothing was audited"
SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
WEAK = {"name": "flask", "version": "0.1", "vulns": [{"id": "CVE-2025-47278", "fix_versions": ["3.1.1"]}]}
UNKNOWN = {"name": "flask", "skip_reason": "Dependency not found on PyPI and could not be audited: flask (3.1.3)"}


@pytest.mark.parametrize(
    ("dependencies", "findings", "words"),
    [
        ([SOUND, SOUND], 0, "2 packages without a known weakness"),
        ([SOUND, UNKNOWN], 0, "1 packages without a known weakness, 1 not audited"),
        ([WEAK, SOUND, UNKNOWN], 1, "1 known weaknesses: flask 0.1: CVE-2025-47278"),
        ([UNKNOWN, UNKNOWN], 0, OUT_OF_REACH),
        ([], 0, OUT_OF_REACH),
    ],
)
def test_the_audit_of_python_packages(audit: Any, dependencies: list[Any], findings: int, words: str) -> None:
    assert audit.read_pip_audit({"dependencies": dependencies, "fixes": []}) == (findings, words)


@pytest.mark.parametrize(
    ("answer", "findings", "words"),
    [
        ({"vulnerabilities": {}, "metadata": {"dependencies": {"total": 7}}}, 0, "7 packages without a known weakness"),
        ({"vulnerabilities": {"ws": {"severity": "high"}}}, 1, "1 packages with known weaknesses: ws: high"),
        (
            {"message": "405", "error": {"summary": ""}},
            0,
            OUT_OF_REACH,
        ),
        (None, 0, OUT_OF_REACH),
    ],
)
def test_the_audit_of_npm_packages(audit: Any, answer: Any, findings: int, words: str) -> None:
    assert audit.read_npm_audit(answer) == (findings, words)


def test_an_audit_that_says_nothing_or_never_ends_is_no_answer(audit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PATIENCE", 0.5)
    assert audit.answer_of([sys.executable, "-c", "print('{}')"]) == {}
    for command in (["no-such-program"], [sys.executable, "-c", "import time; time.sleep(60)"], ["true"]):
        assert audit.answer_of(command) is None


def test_a_finding_fails_the_check(audit: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    answers = {"pip": {"dependencies": [WEAK]}, "npm": {"vulnerabilities": {"ws": {"severity": "low"}}}}
    monkeypatch.setattr(audit, "answer_of", lambda command: answers["npm" if command[0] == "npm" else "pip"])
    assert audit.main() == 2
    assert capsys.readouterr().out.count("\n") == 2
    answers.update(pip=None, npm=None)
    assert audit.main() == 0
