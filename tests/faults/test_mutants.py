"""The suite notices: without any one of the rules of delivery, tests go red."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.mutants import MUTANTS, Mutant, is_noticed

TRIED = [pytest.param(mutant, id=mutant.rule, marks=[pytest.mark.slow] * mutant.slow) for mutant in MUTANTS]


@pytest.mark.parametrize("mutant", TRIED)
def test_without_a_rule_the_suite_is_red(mutant: Mutant, tmp_path: Path) -> None:
    assert is_noticed(mutant, tmp_path), f"nothing noticed that this is missing: {mutant.rule}"
