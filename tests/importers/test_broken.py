"""What is no export is refused with one clear line, and nothing is touched."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat.importers import archive, slack
from chat.importers.export import BadExport
from chat.importers.report import Report


def zipped(path: Path, files: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content if isinstance(content, (str, bytes)) else json.dumps(content))
    return path


WHOLE: dict[str, Any] = {
    "users.json": [{"id": "U1", "name": "ana", "profile": {}}],
    "channels.json": [{"id": "C1", "name": "town", "members": ["U1"]}],
    "town/2020-01-01.json": [{"user": "U1", "text": "hello", "ts": "1577880000.000100"}],
}


def test_a_whole_one_is_read(tmp_path: Path) -> None:
    export = slack.read(zipped(tmp_path / "x.zip", WHOLE), Report())
    assert [post.text for post in export.conversations[0].posts] == ["hello"]


def test_one_that_was_packed_with_its_folder_is_read(tmp_path: Path) -> None:
    files = {f"Our export/{name}": content for name, content in WHOLE.items()}
    export = slack.read(zipped(tmp_path / "x.zip", {**files, "__MACOSX/Our export/._users.json": b"\0"}), Report())
    assert len(export.conversations[0].posts) == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"readme.txt": "hello"}, "users.json is missing"),
        ({"users.json": []}, "channels.json is missing"),
        ({**WHOLE, "users.json": "{"}, "users.json is not JSON"),
        ({**WHOLE, "users.json": b"\xff\xfe"}, "users.json is not JSON"),
        ({**WHOLE, "users.json": {"ok": False}}, "users.json is not a list"),
        ({**WHOLE, "users.json": [{"name": "ana"}]}, "has no id"),
        ({**WHOLE, "channels.json": [{"id": "../x"}]}, "no id, or a strange one"),
        ({**WHOLE, "town/2020-01-01.json": ["hello"]}, "town/2020-01-01.json is not a list of objects"),
        ({**WHOLE, "town/2020-01-01.json": "[" * 200_000}, "cannot be read"),
        ({**WHOLE, "../../etc/cron.d/x": "x"}, "leads out of it"),
        ({**WHOLE, "/etc/passwd": "x"}, "leads out of it"),
        ({**WHOLE, "C:\\x.json": "x"}, "leads out of it"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, files: dict[str, Any], words: str) -> None:
    with pytest.raises(BadExport, match=words.replace(".", r"\.")):
        slack.read(zipped(tmp_path / "x.zip", files), Report())


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60:64] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(content))


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [cut, damage, empty, Path.unlink])
def test_a_damaged_file_is_refused(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    path = zipped(tmp_path / "x.zip", WHOLE)
    harm(path)
    with pytest.raises(BadExport):
        slack.read(path, Report())


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SUSPICIOUS", 2**20)
    bomb = zipped(tmp_path / "x.zip", {**WHOLE, "town/2020-01-02.json": b" " * 2**21})
    with pytest.raises(BadExport, match="would unpack to 2,0"):
        slack.read(bomb, Report())
    monkeypatch.setattr(archive, "MAX_FILE", 2**20)
    with pytest.raises(BadExport, match="too large"):
        slack.read(bomb, Report())
