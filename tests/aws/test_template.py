"""The template and the Lambdas as they are shipped."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from chat.dispatch import LIVE
from tests.aws.little_gateway import built_zip
from tests.aws.ministack import PYTHON, TEMPLATE, needs_emulator
from tests.support import ROOT


def test_the_routes_are_the_actions():
    routes = re.findall(r"RouteKey: (\S+)", TEMPLATE.read_text())
    assert sorted(routes) == sorted([*LIVE, "$connect", "$disconnect", "$default"])


def test_each_route_is_deployed_with_the_stage():
    text = TEMPLATE.read_text()
    routes = re.findall(r"\n  (\w+Route):", text)
    assert sorted(re.findall(r"      - (\w+Route)\n", text)) == sorted(routes)


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"}
    command = [str(PYTHON.with_name("cfn-lint")), str(path)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)


@needs_emulator
def test_cfn_lint_finds_nothing_in_the_template(tmp_path):
    found = lint(TEMPLATE)  # it runs the SAM transform first
    assert (found.returncode, found.stdout) == (0, "")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(TEMPLATE.read_text().replace("ProtocolType: WEBSOCKET", "ProtocolKind: WEBSOCKET"))
    assert lint(wrong).returncode == 2


@needs_emulator
def test_cfn_lint_finds_nothing_in_the_template_of_appsync(tmp_path):
    template = TEMPLATE.with_name("appsync.yaml")
    found = lint(template)
    assert (found.returncode, found.stdout) == (0, "")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(template.read_text().replace("ConnectionAuthModes", "ConnectionModes"))
    assert lint(wrong).returncode == 2


def test_the_zip_is_the_same_whenever_it_is_built_and_needs_no_package(tmp_path):
    first = built_zip(tmp_path).read_bytes()
    archive = built_zip(tmp_path)
    assert archive.read_bytes() == first
    assert zipfile.ZipFile(archive).namelist() == [
        "forwarder.py",
        "authorizer.py",
        "appsync_authorizer.py",
        "tickets.py",
    ]
    alone = """
import sys
sys.path[:0] = [sys.argv[1]]
import forwarder, authorizer, appsync_authorizer
print(sorted(set(sys.modules) & {"boto3", "chat", "jwt", "requests"}))
"""
    command = [sys.executable, "-I", "-S", "-c", alone, str(archive)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_default_installation_has_no_need_of_boto3(tmp_path):
    assert "boto" not in (ROOT / "requirements" / "run.txt").read_text()
    code = """
import sys
sys.modules["boto3"] = sys.modules["botocore"] = None
import chat
chat.create_app({"DATA_DIR": sys.argv[1]})
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, timeout=60)
