"""Wrong settings and broken surroundings: one clear line, an exit code, and nothing half done."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from config import SETTINGS, SettingsError, read_settings
from tests.support import ROOT, Server

KEY = "k" * 32
PUBLIC = {"HOST": "0.0.0.0", "PUBLIC_URL": "https://chat.example.org", "SECRET_KEY": KEY}  # read, never listened on


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({**PUBLIC, "SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({**PUBLIC, "SECRET_KEY": "short"}, "SECRET_KEY is too short"),
        ({"PUBLIC_URL": "https://chat.example.org"}, "SECRET_KEY must be set"),
        ({**PUBLIC, "PUBLIC_URL": ""}, "PUBLIC_URL must name"),
        ({**PUBLIC, "PUBLIC_URL": "http://chat.example.org"}, "PUBLIC_URL must name"),
        ({"PUBLIC_URL": "chat.example.org"}, "PUBLIC_URL must be a full address"),
        ({"PUBLIC_URL": "http://chat.example.org"}, "SECRET_KEY must be set"),
        ({"PUBLIC_URL": "http://chat.example.org", "SECRET_KEY": KEY}, "PUBLIC_URL must name"),
        ({**PUBLIC, "FLASK_DEBUG": "1"}, "FLASK_DEBUG must be off"),
        ({**PUBLIC, "ALLOWED_ORIGINS": "https://a.example,*"}, "ALLOWED_ORIGINS must name origins"),
        ({**PUBLIC, "ALLOWED_ORIGINS": "https://*.example.org"}, "ALLOWED_ORIGINS must name origins"),
        ({**PUBLIC, "ALLOWED_ORIGINS": "null"}, "ALLOWED_ORIGINS must name origins"),
        ({**PUBLIC, "ALLOWED_ORIGINS": "https://a.example/chat"}, "ALLOWED_ORIGINS must name origins"),
        ({"PORT": "five"}, "PORT must be a number"),
        ({"PORT": "70000"}, "PORT must be a number from 0 to 65535"),
        ({"REGISTRATION": "maybe"}, "REGISTRATION must be one of invite, open, closed"),
        ({"RATE_LIMITS": "message=fast"}, "RATE_LIMITS must be off, or rates such as"),
        ({**PUBLIC, "CHAT_FAILPOINTS": "after_commit:exit"}, "CHAT_FAILPOINTS breaks the server on purpose"),
        ({"CHAT_FAILPOINTS": "sometimes:exit"}, "CHAT_FAILPOINTS: 'sometimes:exit' is no failpoint"),
        ({"CHAT_FAILPOINTS": "after_commit:dance"}, "CHAT_FAILPOINTS: 'after_commit:dance' is no failpoint"),
        ({"DATABASE_URL": "mysql://localhost/chat"}, "DATABASE_URL must begin with"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL must be an address such as"),
        ({"REDIS_URL": "redis://127.0.0.1:six"}, "REDIS_URL must be an address such as"),
        ({"REDIS_URL": "redis:///0"}, "REDIS_URL must be an address such as"),
        ({**PUBLIC, "REDIS_URL": "redis://cache.example.org"}, "REDIS_URL must hold a password"),
        ({**PUBLIC, "REDIS_URL": "rediss://someone@cache.example.org/1"}, "REDIS_URL must hold a password"),
        ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY must be 1 or more"),
        ({"WEB_CONCURRENCY": "all"}, "WEB_CONCURRENCY must be a number"),
        ({"POLLING": "on"}, "POLLING must be one of auto, off"),
    ],
)
def test_unsafe_settings_refuse_to_start_with_one_line(settings: dict[str, str], words: str) -> None:
    read_settings({**PUBLIC, "ALLOWED_ORIGINS": "https://a.example, http://localhost:5173", "FLASK_DEBUG": "0"})
    with pytest.raises(SettingsError, match=re.escape(words)) as refusal:
        read_settings(settings)
    assert "\n" not in str(refusal.value)


APPSYNC = {
    "APPSYNC_EVENTS_ENDPOINT": "http://127.0.0.1:9/event",
    "AWS_FORWARD_SECRET": "f" * 32,
    "TICKET_KEYS": "a:" + "t" * 32,
}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"APPSYNC_EVENTS_ENDPOINT": "https://x.appsync-api.eu-west-1.amazonaws.com"}, "must be a full address"),
        ({"APPSYNC_EVENTS_ENDPOINT": "x.appsync-api.eu-west-1.amazonaws.com/event"}, "must be a full address"),
        ({**PUBLIC, "SECRET_KEY": KEY}, "APPSYNC_EVENTS_ENDPOINT must be https://"),
        ({"APPSYNC_NAMESPACE": "a/b"}, "up to 50 letters, digits and hyphens"),
        ({"APPSYNC_NAMESPACE": "n" * 51}, "up to 50 letters, digits and hyphens"),
        ({"AWS_FORWARD_SECRET": "short"}, "AWS_FORWARD_SECRET must have 32"),
        ({"TICKET_KEYS": ""}, "TICKET_KEYS must be set with APPSYNC_EVENTS_ENDPOINT"),
    ],
)
def test_half_an_appsync_is_refused(changed: dict[str, str], words: str) -> None:
    assert read_settings(APPSYNC)["APPSYNC_NAMESPACE"] == "parley"
    with pytest.raises(SettingsError, match=re.escape(words)):
        read_settings({**APPSYNC, **changed})


@pytest.mark.parametrize("address", ["redis://:secret@cache.example.org/1", "rediss://me:secret@10.0.0.7:6380"])
def test_a_redis_elsewhere_needs_a_password_and_one_here_does_not(address: str) -> None:
    assert read_settings({**PUBLIC, "REDIS_URL": address})["REDIS_URL"] == address
    assert read_settings({**PUBLIC, "REDIS_URL": "redis://127.0.0.1/2"})["REDIS_URL"]
    assert read_settings({"REDIS_URL": "redis://cache.example.org"})["REDIS_URL"], "nobody else reaches this server"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"HOST": "0.0.0.0"}, "SECRET_KEY must be set"),
        ({**PUBLIC, "SECRET_KEY": "k" * 31}, "SECRET_KEY is too short"),
        ({**PUBLIC, "PUBLIC_URL": "http://chat.example.org"}, "PUBLIC_URL must name"),
        ({**PUBLIC, "ALLOWED_ORIGINS": "*"}, "ALLOWED_ORIGINS must name"),
        ({**PUBLIC, "FLASK_DEBUG": "true"}, "FLASK_DEBUG must be off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_server_itself_says_it_in_one_line(tmp_path: Path, settings: dict[str, str], words: str) -> None:
    ended = Server(tmp_path, settings).chat("run")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"chat: {words}")
    assert len(ended.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ended = Server(tmp_path / "data", port=other.getsockname()[1]).chat("run")
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "cannot listen on 127.0.0.1:" in ended.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("trouble", ["a file in place of the folder", "a file that is no database"])
def test_a_database_that_cannot_be_used_is_one_line(tmp_path: Path, trouble: str) -> None:
    if trouble == "a file in place of the folder":
        folder = tmp_path / "data"
        folder.write_text("not a folder")
        ended = Server(tmp_path, {"DATA_DIR": str(folder)}).chat("run")
    else:
        (tmp_path / "chat.db").write_text("this is no database at all, but it is long enough to be read as one" * 20)
        ended = Server(tmp_path).chat("run")
    assert ended.returncode == 1, ended.stdout
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.startswith("chat: the ")


def test_the_kept_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    server = Server(tmp_path).start()
    server.stop()
    assert os.stat(tmp_path / "secret_key").st_mode & 0o777 == 0o600


def test_every_setting_is_documented() -> None:
    documented = (ROOT / "docs" / "self-hosting.md").read_text()
    for setting in SETTINGS:
        assert f"| `{setting.name}` |" in documented, setting.name
        assert setting.meaning in documented, setting.name


def test_the_first_account_of_a_public_server_needs_the_link_that_the_start_prints(own_server) -> None:
    server = own_server(PUBLIC_URL="https://chat.example.org", SECRET_KEY=KEY)
    link = re.search(r"https://chat\.example\.org/invite/(\S+)", server.log())
    assert link
    ana = server.stranger("ana")
    assert ana.sign_up().code == "forbidden"
    assert ana.sign_up(link[1]).expect(201).data["user"]["role"] == "owner"
