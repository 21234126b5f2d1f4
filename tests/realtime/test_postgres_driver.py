"""The driver lets green threads wait side by side, and none of them for ever. Were it otherwise, it would be silent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.realtime.green_waits import AT_ONCE
from tests.support import ROOT, Database

PATCHED = "import eventlet; eventlet.monkey_patch(); from tests.realtime.green_waits import main; main({!r}, {!r})"


def test_many_waits_take_the_time_of_one_and_none_is_for_ever(postgres_with_tables: Database, tmp_path: Path) -> None:
    script = PATCHED.format(postgres_with_tables(), str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    one, all_of_them, silence, afterwards = done.stdout.splitlines()
    assert float(all_of_them) < float(one) * AT_ONCE / 2, "they wait for each other"
    assert silence == "OperationalError True PostgreSQL said nothing for 2 seconds"
    assert float(afterwards) < 10, "another connection takes its place"
