"""What was granted earlier is asked again when it is used: the right to it may have ended in between."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from chat.models import User
from tests.doors.wire import Gone, Wire
from tests.security.test_taking_away import OTHER_PASSWORD, on_the_command_line
from tests.support import PASSWORD, Person, Server

# Where secrets are stored that open something later. Who adds such a table adds here how it is used.
KEPT = {
    "sessions": {"a token", "a sign-in", "a ticket"},  # a ticket is a signature that names a session
    "invites": {"an invite", "an invite to a private channel"},
}


@dataclass
class Grants:
    """What an admin was given, or gave, while they were one."""

    server: Server
    maker: Person
    den: str
    secrets: dict[str, str]

    @classmethod
    def of(cls, maker: Person, den: str) -> Grants:
        made = {
            "a token": maker.post("/tokens", {"name": "phone"}).expect(201).data["token"],
            "a ticket": maker.post("/tickets").expect(201).data["ticket"],
            "an invite": maker.post("/invites").expect(201).data["invite"],
            "an invite to a private channel": maker.post("/invites", {"channel_ids": [den]}).expect(201).data["invite"],
        }
        return cls(maker.server, maker, den, made)

    def asks(self, **headers: str) -> bool:
        program = Person(self.server, self.maker.username)
        program.http.headers.update(headers)
        return program.get("/users/me").status == 200

    def connects(self) -> bool:
        wire = Wire(self.server)
        wire.sends(f"40{json.dumps({'token': self.secrets['a ticket']})}")
        try:
            return wire.reads_until(lambda frame: frame.startswith(("42", "44"))).startswith('42["hello"')
        except Gone:
            return False
        finally:
            wire.hangs_up()

    def brings_in(self, invite: str) -> Person | None:
        newcomer = Person(self.server, f"new-{uuid.uuid4().hex[:8]}")
        return newcomer.sign_in() if newcomer.sign_up(invite).status == 201 else None

    def brings_into_the_den(self, invite: str) -> bool:
        newcomer = self.brings_in(invite)
        return newcomer is not None and newcomer.get(f"/channels/{self.den}").status == 200

    def holding(self) -> set[str]:
        """What still opens something."""
        held = {
            "a token": self.asks(Authorization=f"Bearer {self.secrets['a token']}"),
            "a sign-in": self.maker.get("/users/me").status == 200,
            "a ticket": self.connects(),
            "an invite": self.brings_in(self.secrets["an invite"]) is not None,
            "an invite to a private channel": self.brings_into_the_den(self.secrets["an invite to a private channel"]),
        }
        assert set(held) == set().union(*KEPT.values())
        return {name for name, holds in held.items() if holds}


def by_command(*arguments: str, typed: str = "") -> Callable[[Person, Person, str], None]:
    return lambda maker, owner, den: on_the_command_line(
        maker.server, arguments[0], maker.username, *arguments[1:], typed=typed
    )


def changes_password(maker: Person, owner: Person, den: str) -> None:
    maker.put("/users/me/password", {"current_password": PASSWORD, "password": OTHER_PASSWORD}).expect(200)


def signs_out_elsewhere(maker: Person, owner: Person, den: str) -> None:
    maker.delete("/sessions").expect(200)


def is_taken_out(maker: Person, owner: Person, den: str) -> None:
    owner.delete(f"/channels/{den}/members/{maker.id}").expect(200)


EVERYTHING = set().union(*KEPT.values())
ENDINGS: dict[str, tuple[Callable[[Person, Person, str], None], set[str]]] = {
    "nothing": (lambda *_: None, EVERYTHING),
    "deactivated": (by_command("deactivate"), set()),
    "made a member": (by_command("role", "member"), set()),
    "made a guest": (by_command("role", "guest"), set()),
    "given another password": (by_command("password", typed=f"{OTHER_PASSWORD}\n"), set()),
    "another password of their choice": (changes_password, {"a sign-in"}),
    "signed out everywhere else": (signs_out_elsewhere, EVERYTHING - {"a token"}),
    "taken out of the channel": (is_taken_out, EVERYTHING - {"an invite to a private channel"}),
}


@pytest.mark.parametrize(("ending", "left"), ENDINGS.values(), ids=ENDINGS)
def test_what_was_granted_ends_with_the_right_to_it(server: Server, owner: Person, ending, left) -> None:
    maker = server.person("maker", owner)
    on_the_command_line(server, "role", maker.username, "admin")
    maker.sign_in()
    den = owner.opens("private", maker)
    grants = Grants.of(maker, den)
    ending(maker, owner, den)
    assert grants.holding() == left


def test_an_admin_who_was_thrown_out_does_not_come_back_by_an_invite_they_kept(server: Server, owner: Person) -> None:
    maker = server.person("maker", owner)
    on_the_command_line(server, "role", maker.username, "admin")
    maker.sign_in()
    den = owner.opens("private", maker)
    grants = Grants.of(maker, den)
    # Behind the server's back, so that nothing but being asked again can find it.
    server.sql("UPDATE users SET role = 'member' WHERE id = :id", id=maker.id)
    assert grants.brings_in(grants.secrets["an invite"]) is None
    assert grants.brings_in(grants.secrets["an invite to a private channel"]) is None


def test_an_invite_to_an_archived_channel_lets_into_the_rest(server: Server, owner: Person) -> None:
    closed, town = owner.opens("public"), owner.opens("public")
    invite = owner.post("/invites", {"channel_ids": [closed, town]}).expect(201).data["invite"]
    owner.post(f"/channels/{closed}/archive").expect(200)
    newcomer = Person(server, f"new-{uuid.uuid4().hex[:8]}")
    newcomer.sign_up(invite).expect(201)
    mine = {each["id"] for each in newcomer.sign_in().get("/channels").data["channels"] if each["role"]}
    assert mine == {town}


def test_every_kept_secret_is_asked_about_here() -> None:
    tables = User.metadata.tables.values()
    assert {table.name for table in tables if "secret_hash" in table.columns} == set(KEPT)
