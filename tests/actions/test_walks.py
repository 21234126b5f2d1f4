"""Of several processes on one PostgreSQL, one at a time removes what is too old."""

from __future__ import annotations

import pytest

from chat.retention import only_one
from tests.actions.conftest import Office


@pytest.mark.postgresql
def test_while_one_process_walks_no_other_does(office: Office) -> None:
    with only_one() as one, only_one() as other:
        assert (one, other) == (True, False)
    with only_one() as next_one:
        assert next_one
