"""Hold what the locks name against the lists of known weaknesses: one line each, and a failure for a finding.

Where a list cannot be reached, as on a train, the line says so and nothing fails: that is no finding.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("run", "test", "aws", "check")
LOCKS = [word for name in NAMES for word in ("-r", str(ROOT / "requirements" / f"{name}.txt"))]
PIP_AUDIT = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", *LOCKS]
PIP_AUDIT += ["--format", "json", "--progress-spinner", "off", "--timeout", "5"]
NPM_AUDIT = ["npm", "--prefix", str(ROOT / "client"), "audit", "--json", "--fetch-retries=0", "--fetch-timeout=10000"]
PATIENCE = 40  # seconds for each


def main() -> int:
    """Ask both; the number of lists with findings."""
    findings = 0
    for name, command, read in (("pip-audit", PIP_AUDIT, read_pip_audit), ("npm audit", NPM_AUDIT, read_npm_audit)):
        found, words = read(answer_of(command))
        findings += found > 0
        print(f"{name}: {words}")
    return findings


def answer_of(command: list[str]) -> Any:
    """The JSON that a command prints, or None when it comes to none in time."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
        )
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def read_pip_audit(answer: Any) -> tuple[int, str]:
    """How many findings, and the line that tells of them. A package the list could not be asked about is told of."""
    if not isinstance(answer, dict) or not answer.get("dependencies"):
        return 0, "the list of weaknesses cannot be reached; nothing was audited"
    asked = [package for package in answer["dependencies"] if "skip_reason" not in package]
    weak = [f"{each['name']} {each['version']}: {known['id']}" for each in asked for known in each["vulns"]]
    if weak:
        return len(weak), f"{len(weak)} known weaknesses: {', '.join(weak)}"
    unasked = len(answer["dependencies"]) - len(asked)
    if not asked:
        return 0, "the list of weaknesses cannot be reached; nothing was audited"
    return 0, f"{len(asked)} packages without a known weakness" + (f", {unasked} not audited" if unasked else "")


def read_npm_audit(answer: Any) -> tuple[int, str]:
    """How many findings, and the line that tells of them."""
    if not isinstance(answer, dict) or "vulnerabilities" not in answer:
        return 0, "the list of weaknesses cannot be reached; nothing was audited"
    weak = [f"{name}: {known['severity']}" for name, known in answer["vulnerabilities"].items()]
    if weak:
        return len(weak), f"{len(weak)} packages with known weaknesses: {', '.join(weak)}"
    return 0, f"{answer['metadata']['dependencies']['total']} packages without a known weakness"


if __name__ == "__main__":
    sys.exit(main())
