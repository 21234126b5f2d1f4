"""chat import: one clear line for a broken file, and nothing half done."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.cli.conftest import Chat
from tests.importers.support import Slack
from tests.support import Server


def test_a_broken_file_makes_not_even_a_database(chat: Chat, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(b"PK\x03\x04 and no more")
    refused = chat("import", "slack", str(path))
    assert refused.exit_code == 1
    assert refused.output == "chat: nothing was imported: broken.zip is not a zip file, or a damaged one\n"
    assert not (folder / "chat.db").exists()
    assert "cannot be read" in chat("import", "slack", str(tmp_path / "absent.zip")).output
    assert "cannot be read" in chat("import", "slack", str(tmp_path)).output


def test_a_file_that_breaks_off_in_the_middle_leaves_the_workspace_as_it_was(server: Server, tmp_path: Path) -> None:
    slack = Slack()
    slack.channel("half-done", slack.person("half"))
    slack.says("half-done", "UHALF", "hello")
    path = slack.exports(tmp_path / "slack.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("half-done/2020-12-31.json", '[{"ts": "1609372800.000000"')
    before = server.chat("user", "list").stdout
    refused = server.chat("import", "slack", str(path))
    assert refused.returncode == 1
    assert refused.stderr == "chat: nothing was imported: half-done/2020-12-31.json is not JSON\n"
    assert server.chat("user", "list").stdout == before
