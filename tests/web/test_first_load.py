"""What a browser has to bring before the page shows anything."""

from __future__ import annotations

from bench.page import first_load

LIMIT = 120 * 1024


def test_the_first_script_stays_small() -> None:
    assert first_load() <= LIMIT
