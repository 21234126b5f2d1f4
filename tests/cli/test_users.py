"""chat user: the person who runs the server looks after accounts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chat.errors import ChatError
from tests.cli.conftest import Chat
from tests.importers.support import Slack
from tests.support import PASSWORD, Person, Server


@pytest.fixture
def imported(chat: Chat, tmp_path: Path) -> None:
    """Ana and a robot came by import."""
    slack = Slack()
    slack.channel("town", slack.person("ana"), slack.person("robot", is_bot=True))
    assert chat("import", "slack", str(slack.exports(tmp_path / "slack.zip"))).exit_code == 0


def test_the_first_account_owns_the_workspace(chat: Chat) -> None:
    assert chat("user", "create", "Olga", "--name", "Olga O.", typed=f"{PASSWORD}\n").output == (
        "olga can sign in, as owner.\n"
    )
    assert chat("user", "create", "bo", typed=f"{PASSWORD}\n").output == "bo can sign in, as member.\n"
    listed = chat("user", "list").output.splitlines()
    assert [line.split() for line in listed] == [["bo", "bo", "member"], ["olga", "Olga", "O.", "owner"]]


@pytest.mark.parametrize(
    ("username", "password", "words"),
    [
        ("no spaces", PASSWORD, "username: Use 1 to 40 letters"),
        ("bo", "short", "password: Length must be between 8 and 256"),
        ("bo", "", "password: Length must be between 8 and 256"),
    ],
)
def test_what_may_not_be_is_told_in_a_line(chat: Chat, username: str, password: str, words: str) -> None:
    refused = chat("user", "create", username, typed=f"{password}\n")
    assert refused.exit_code == 1
    assert refused.output.startswith(f"chat: {words}")
    assert refused.output.count("\n") == 1


def test_names_are_taken_once(chat: Chat) -> None:
    chat("user", "create", "olga", typed=f"{PASSWORD}\n")
    with pytest.raises(ChatError, match="name_taken"):
        chat("user", "create", "OLGA", typed=f"{PASSWORD}\n")


def test_invites_are_listed_and_ended(chat: Chat, imported: None) -> None:
    chat("user", "invite", "--claims", "ana")
    chat("user", "invite")
    newest, oldest = chat("user", "invites").output.splitlines()
    assert newest.endswith("by command line             0 channels")
    assert oldest.endswith("by command line             the account ana")
    assert " UTC " in newest
    assert chat("user", "uninvite", newest.split()[0]).output == "The invite has ended.\n"
    assert chat("user", "invites").output.splitlines() == [oldest]
    with pytest.raises(ChatError, match="invite_not_found"):
        chat("user", "uninvite", newest.split()[0])


def test_only_imported_people_can_be_claimed(chat: Chat, imported: None) -> None:
    assert "/invite/" in chat("user", "invite", "--claims", "ana").output
    with pytest.raises(ChatError, match="robot is a bot"):
        chat("user", "invite", "--claims", "robot")
    with pytest.raises(ChatError, match="nobody called eve"):
        chat("user", "invite", "--claims", "eve")
    chat("user", "create", "olga", typed=f"{PASSWORD}\n")
    with pytest.raises(ChatError, match="olga has an account"):
        chat("user", "invite", "--claims", "olga")


def test_a_password_is_no_side_door_into_an_imported_account(chat: Chat, imported: None) -> None:
    refused = chat("user", "password", "ana", typed=f"{PASSWORD}\n")
    assert refused.exit_code == 1
    assert "chat user invite --claims ana" in refused.output


def test_a_running_server_follows(server: Server, ana: Person) -> None:
    """A new password and a deactivation end sessions that are open elsewhere."""
    phone = ana.connect()
    assert "must sign in again" in run(server, "user", "password", ana.username, typed="another good one\n")
    assert phone.disconnected.wait(10)
    assert ana.get("/users/me").status == 401
    again = {"login": ana.username, "password": "another good one"}
    assert Person(server, ana.username).post("/session", again).status == 200
    assert "can no longer sign in" in run(server, "user", "deactivate", ana.username)
    assert Person(server, ana.username).post("/session", again).status == 401


def run(server: Server, *arguments: str, typed: str = "") -> str:
    command = [sys.executable, "-m", "chat.cli", *arguments]
    done = subprocess.run(command, env=server.environ, input=typed, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_who_claims_the_first_account_owns_the_workspace(chat: Chat, imported: None, folder: Path) -> None:
    invite = chat("user", "invite", "--claims", "ana").output.strip().rpartition("/")[2]
    server = Server(folder).start()
    try:
        claimed = Person(server, "ana").sign_up(invite).expect(201).data["user"]
        assert claimed["role"] == "owner"
        assert Person(server, "eve").sign_up().code == "forbidden"
    finally:
        server.stop()


def test_a_new_role_holds_from_the_next_sign_in(server: Server, ana: Person) -> None:
    assert ana.post("/invites").code == "forbidden"
    assert server.chat("user", "role", ana.username, "admin").returncode == 0
    assert ana.get("/session").code == "session_expired"
    ana.http.headers.pop("X-CSRF-Token")
    ana.sign_in()
    ana.post("/invites").expect(201)
