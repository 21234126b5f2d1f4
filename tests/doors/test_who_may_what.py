"""Who may do what: one expected answer for each role, kind of channel and action, the same at both doors."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.support import Person, Phone, Server

# ok  it is done                          out   not_in_channel
# no  forbidden                           404   exactly as if it were not there
# arc is_archived                         -     cannot come about
#
# read: look at the channel, its messages, its people, a message; listen; catch up
# post: send, react, take a reaction back, show that one types
EXPECTED = """
                           | read post mark | edit edit   delete delete | change archive | add  join leave remove
                           |                | own  others own    others |                |      self self  others
public   outsider          | ok   out  out  | -    no     -      no     | no     no      | out  ok   out   no
public   ex_member         | ok   out  out  | out  no     out    no     | no     no      | out  ok   out   no
public   member            | ok   ok   ok   | ok   no     ok     no     | no     no      | ok   ok   ok    no
public   channel_admin     | ok   ok   ok   | ok   no     ok     ok     | ok     ok      | ok   ok   ok    ok
public   channel_owner     | ok   ok   ok   | ok   no     ok     ok     | ok     ok      | ok   ok   ok    ok
public   admin             | ok   out  out  | -    no     -      no     | ok     ok      | out  ok   out   ok
public   owner             | ok   out  out  | -    no     -      no     | ok     ok      | out  ok   out   ok
public   admin_inside      | ok   ok   ok   | ok   no     ok     ok     | ok     ok      | ok   ok   ok    ok
public   owner_inside      | ok   ok   ok   | ok   no     ok     ok     | ok     ok      | ok   ok   ok    ok
public   guest             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
public   guest_inside      | ok   ok   ok   | ok   no     ok     no     | no     no      | ok   ok   ok    no

private  outsider          | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
private  ex_member         | 404  404  404  | 404  404    404    404    | 404    404     | 404  404  404   404
private  member            | ok   ok   ok   | ok   no     ok     no     | no     no      | ok   ok   ok    no
private  channel_admin     | ok   ok   ok   | ok   no     ok     ok     | ok     ok      | ok   ok   ok    ok
private  channel_owner     | ok   ok   ok   | ok   no     ok     ok     | ok     ok      | ok   ok   ok    ok
private  admin             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
private  owner             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
private  admin_inside      | ok   ok   ok   | ok   no     ok     ok     | ok     ok      | ok   ok   ok    ok
private  owner_inside      | ok   ok   ok   | ok   no     ok     ok     | ok     ok      | ok   ok   ok    ok
private  guest             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
private  guest_inside      | ok   ok   ok   | ok   no     ok     no     | no     no      | ok   ok   ok    no

dm       outsider          | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
dm       member            | ok   ok   ok   | ok   no     ok     no     | no     no      | no   ok   no    no
dm       owner             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
dm       owner_inside      | ok   ok   ok   | ok   no     ok     no     | no     no      | no   ok   no    no
dm       admin             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
dm       guest             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
dm       guest_inside      | ok   ok   ok   | ok   no     ok     no     | no     no      | no   ok   no    no

group_dm outsider          | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
group_dm member            | ok   ok   ok   | ok   no     ok     no     | no     no      | no   ok   no    no
group_dm owner             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
group_dm owner_inside      | ok   ok   ok   | ok   no     ok     no     | no     no      | no   ok   no    no
group_dm admin             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
group_dm guest             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404

archived outsider          | ok   out  out  | -    no     -      no     | no     no      | out  arc  out   no
archived ex_member         | ok   out  out  | out  no     out    no     | no     no      | out  arc  out   no
archived member            | ok   arc  ok   | arc  no     arc    no     | no     no      | arc  ok   ok    no
archived channel_admin     | ok   arc  ok   | arc  no     arc    arc    | arc    ok      | arc  ok   ok    ok
archived channel_owner     | ok   arc  ok   | arc  no     arc    arc    | arc    ok      | arc  ok   ok    ok
archived admin             | ok   out  out  | -    no     -      no     | arc    ok      | out  arc  out   ok
archived owner             | ok   out  out  | -    no     -      no     | arc    ok      | out  arc  out   ok
archived admin_inside      | ok   arc  ok   | arc  no     arc    arc    | arc    ok      | arc  ok   ok    ok
archived owner_inside      | ok   arc  ok   | arc  no     arc    arc    | arc    ok      | arc  ok   ok    ok
archived guest             | 404  404  404  | -    404    -      404    | 404    404     | 404  404  404   404
archived guest_inside      | ok   arc  ok   | arc  no     arc    no     | no     no      | arc  ok   ok    no
"""
COLUMNS = (
    "read", "post", "mark", "edit own", "edit others", "delete own", "delete others",
    "change", "archive", "add", "join", "leave", "remove",
)  # fmt: skip
CODES = {"ok": "ok", "out": "not_in_channel", "no": "forbidden", "arc": "is_archived"}
ROWS = {
    (words[0], words[1]): dict(zip(COLUMNS, words[2:], strict=True))
    for words in (line.replace("|", " ").split() for line in EXPECTED.splitlines()[3:])
    if words
}
EMOJI = "👍"


# The people, once for all of this file ---------------------------------------------------------------


@pytest.fixture(scope="module")
def people(server: Server, owner: Person) -> dict[str, Person]:
    """Someone for each role; what a role is in a channel is arranged there."""
    names = ("ana", "bo", "cleo", "outsider", "member", "guest", "admin")
    found = {name: server.person(name, owner) for name in names}
    for name in ("guest", "admin"):  # no door makes these yet
        server.sql("UPDATE users SET role = :role WHERE id = :id", role=name, id=found[name].id)  # no door does
    return {**found, "owner": owner}


@pytest.fixture(scope="module")
def phones() -> Iterator[Callable[[Person], Phone]]:
    """One connection a person, kept open for all of this file."""
    kept: dict[str, Phone] = {}

    def phone_of(person: Person) -> Phone:
        if person.id not in kept:
            kept[person.id] = person.connect()
        return kept[person.id]

    yield phone_of
    for phone in kept.values():
        phone.hangs_up()


# The scene: a channel of a kind, someone in a role there, and messages ---------------------------------


@dataclass
class Scene:
    """A channel of bo's messages, with someone who may have written there too."""

    someone: Person
    channel_id: str
    bo: Person
    other: Person
    is_inside: bool = False
    own: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def played_by(role: str) -> str:
    """Who plays a role."""
    known = {"ex_member": "outsider", "channel_admin": "member", "channel_owner": "ana"}
    return known.get(role) or role.removesuffix("_inside")


def arrange(server: Server, people: dict[str, Person], kind: str, role: str) -> Scene:
    """A new channel of this kind, with someone in this role."""
    ana, bo, cleo, someone = (people[name] for name in ("ana", "bo", "cleo", played_by(role)))
    inside = role not in ("outsider", "admin", "owner", "guest")
    if kind in ("dm", "group_dm"):
        company = {"dm": [bo], "group_dm": [bo, cleo]}[kind]
        channel_id = (someone if inside else ana).talks_to(*company)
    else:
        channel_id = ana.opens("private" if kind == "private" else "public", bo, cleo)
        if inside and someone is not ana:
            ana.adds(channel_id, someone)
        if role == "channel_admin":
            statement = "UPDATE memberships SET role = 'admin' WHERE channel_id = :channel AND user_id = :user"
            server.sql(statement, channel=channel_id, user=someone.id)
    scene = Scene(someone, channel_id, bo, cleo if kind != "dm" else bo, inside and role != "ex_member")
    scene.others = [bo.says(channel_id, f"by bo {number}")["id"] for number in range(3)]
    if inside:
        scene.own = [someone.says(channel_id, f"own {number}")["id"] for number in range(3)]
    if role == "ex_member":
        ana.removes(channel_id, someone).expect(200)
    if kind == "archived":
        ana.post(f"/channels/{channel_id}/archive").expect(200)
    return scene


# Both doors ------------------------------------------------------------------------------------------


def ask_live(phone: Phone, scene: Scene) -> dict[tuple[str, str], str]:
    """Everything that can be asked over a connection: (column, action) -> code."""
    channel, other = {"channel_id": scene.channel_id}, {"message_id": scene.others[0]}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("read", "subscribe", channel),
        ("read", "sync", {"cursors": {scene.channel_id: 0}}),
        ("post", "message", {**channel, "client_msg_id": str(uuid.uuid4()), "text": "hello"}),
        ("post", "addReaction", {**other, "emoji": EMOJI}),
        ("post", "removeReaction", {**other, "emoji": EMOJI}),
        ("post", "typing", {**channel, "on": True}),
        ("post", "typing", {**channel, "on": False}),
        ("mark", "markRead", {**channel, "seq": 3}),
        ("edit others", "edit", {**other, "text": "changed"}),
        ("delete others", "delete", {"message_id": scene.others[1]}),
        ("always", "unsubscribe", channel),
    ]
    if scene.own:
        asked += [
            ("edit own", "edit", {"message_id": scene.own[0], "text": "changed"}),
            ("delete own", "delete", {"message_id": scene.own[1]}),
        ]
    return {(column, action): live_code(phone, action, payload) for column, action, payload in asked}


def live_code(phone: Phone, action: str, payload: dict[str, Any]) -> str:
    """The code of an answer; a stream that is gone from a sync counts as its missing."""
    reply = phone.asks(action, payload)
    if action == "sync" and reply.data["streams"].popitem()[1] == {"gone": True}:
        return "channel_not_found"
    return reply.code


def ask_rest(scene: Scene) -> dict[tuple[str, str], str]:
    """Everything that can be asked over REST: (column, call) -> code."""
    channel = f"/channels/{scene.channel_id}"
    someone, message = scene.someone, f"/messages/{scene.others[0]}"
    asked: list[tuple[str, str, str, Any]] = [
        ("read", "GET", channel, None),
        ("read", "GET", f"{channel}/messages", None),
        ("read", "GET", f"{channel}/members", None),
        ("read", "GET", message, None),
        ("read", "GET", f"{message}/revisions", None),
        ("post", "POST", f"{channel}/messages", {"client_msg_id": str(uuid.uuid4()), "text": "hello"}),
        ("post", "PUT", f"{message}/reactions/{EMOJI}", {}),
        ("post", "DELETE", f"{message}/reactions/{EMOJI}", None),
        ("mark", "PUT", f"{channel}/read", {"seq": 3}),
        ("edit others", "PATCH", message, {"text": "changed"}),
        ("delete others", "DELETE", f"/messages/{scene.others[2]}", None),
    ]
    if scene.own:
        asked += [
            ("edit own", "PATCH", f"/messages/{scene.own[0]}", {"text": "changed"}),
            ("delete own", "DELETE", f"/messages/{scene.own[2]}", None),
        ]
    return {(column, f"{method} {path}"): someone.ask(method, path, body).code for column, method, path, body in asked}


def ask_about_the_channel(scene: Scene, newcomer: Person) -> dict[tuple[str, str], str]:
    """What only REST can ask: (column, call) -> code. Leaves the role behind, so it comes last."""
    someone, channel = scene.someone, f"/channels/{scene.channel_id}"
    asked: dict[str, tuple[str, str, Any]] = {
        "change": ("PATCH", channel, {"topic": "changed"}),
        "add": ("POST", f"{channel}/members", {"user_id": (scene.bo if someone is newcomer else newcomer).id}),
        "remove": ("DELETE", f"{channel}/members/{scene.other.id}", None),
        "leave": ("DELETE", f"{channel}/members/{someone.id}", None),
        "join": ("POST", f"{channel}/members", {"user_id": someone.id}),
        "archive": ("POST", f"{channel}/archive", {}),
    }
    if scene.is_inside:
        asked["leave"] = asked.pop("leave")
    return {
        (column, f"{method} {path}"): someone.ask(method, path, body).code
        for column, (method, path, body) in asked.items()
    }


def missing_code(column: str, call: str) -> str:
    """What a call answers about what is not there."""
    about_message = call in ("edit", "delete", "addReaction", "removeReaction") or " /messages/" in call
    return "message_not_found" if about_message else "channel_not_found"


def expected(kind: str, role: str, column: str, call: str) -> str:
    """What the table says."""
    word = ROWS[kind, role][column] if column in COLUMNS else "ok"
    return missing_code(column, call) if word == "404" else CODES[word]


# The tests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "role"), ROWS)
def test_both_doors_answer_by_one_table(server, people, phones, kind, role):
    scene = arrange(server, people, kind, role)
    answered = ask_rest(scene) | ask_live(phones(scene.someone), scene) | ask_about_the_channel(scene, people["guest"])
    assert answered == {(column, call): expected(kind, role, column, call) for column, call in answered}


def test_every_live_action_and_every_call_about_a_channel_stands_in_the_table(server, people, phones):
    from chat.dispatch import LIVE
    from chat.rest.routes import ROUTES

    scene = arrange(server, people, "public", "member")
    actions = {action for _, action in ask_live(phones(scene.someone), scene)}
    assert actions == set(LIVE) - {"ping"}
    routes = {(route.method, route.path) for route in ROUTES if "<channel_id>" in route.path or "_id>" in route.path}
    for _, call in ask_rest(scene):
        method, _, path = call.partition(" ")
        routes -= {route for route in routes if route[0] == method and matches(route[1], path)}
    apart = {"update_channel", "archive_channel", "add_member", "remove_member", "end_session", "end_invite"}
    assert routes == {(route.method, route.path) for route in ROUTES if route.action in apart}


def matches(route: str, path: str) -> bool:
    """Whether a path is one of a route's."""
    parts, given = route.split("/"), path.split("/")
    return len(parts) == len(given) and all(a == b or a.startswith("<") for a, b in zip(parts, given, strict=True))


@pytest.mark.parametrize(
    ("kind", "role"),
    [cell for cell, row in ROWS.items() if row["read"] == "404" and cell[1] in ("outsider", "owner", "ex_member")],
)
def test_what_one_may_not_see_answers_like_what_does_not_exist(server, people, phones, kind, role):
    scene = arrange(server, people, kind, role)
    bos = ask_rest(replace(scene, someone=scene.bo, own=[]))
    assert "ok" in bos.values()  # it is there, for those in it
    nothing, no_message = "01" + "z" * 24, "01" + "y" * 24
    someone, phone = scene.someone, phones(scene.someone)
    for own_id, missing_id in ((scene.channel_id, nothing), (scene.others[1], no_message)):
        for method, path, body in calls_about(own_id, is_channel=own_id == scene.channel_id, person=scene.other):
            hidden, missing = (whole_answer(someone, method, path, body, id) for id in (own_id, missing_id))
            assert hidden == missing, (method, path)
            assert hidden[0] == 404
    for action, payload in live_about("CHANNEL", "MESSAGE"):
        hidden_ask = with_ids(payload, scene.channel_id, scene.others[1])
        missing_ask = with_ids(payload, nothing, no_message)
        hidden, missing = (phone.client.call(action, ask, timeout=5) for ask in (hidden_ask, missing_ask))
        if action == "sync":
            epochs = [answer["data"].pop("epoch") for answer in (hidden, missing)]
            assert len(set(epochs)) == 1
            hidden = {**hidden, "data": list(hidden["data"]["streams"].values())}
            missing = {**missing, "data": list(missing["data"]["streams"].values())}
        assert hidden == missing, action


def calls_about(own_id: str, *, is_channel: bool, person: Person) -> list[tuple[str, str, Any]]:
    """Every REST call about a channel or a message, with ID where the id stands."""
    if not is_channel:
        return [
            ("GET", "/messages/ID", None),
            ("GET", "/messages/ID/revisions", None),
            ("PATCH", "/messages/ID", {"text": "mine now"}),
            ("DELETE", "/messages/ID", None),
            ("PUT", f"/messages/ID/reactions/{EMOJI}", {}),
            ("DELETE", f"/messages/ID/reactions/{EMOJI}", None),
        ]
    return [
        ("GET", "/channels/ID", None),
        ("GET", "/channels/ID/messages", None),
        ("GET", "/channels/ID/messages?around=2&limit=5", None),
        ("GET", "/channels/ID/members", None),
        ("PATCH", "/channels/ID", {"topic": "mine now"}),
        ("POST", "/channels/ID/archive", {}),
        ("POST", "/channels/ID/members", {"user_id": person.id}),
        ("DELETE", f"/channels/ID/members/{person.id}", None),
        ("POST", "/channels/ID/messages", {"client_msg_id": str(uuid.uuid4()), "text": "hello"}),
        ("PUT", "/channels/ID/read", {"seq": 1}),
    ]


def whole_answer(person: Person, method: str, path: str, body: Any, id: str) -> tuple[int, bytes, dict[str, str]]:
    """Everything that comes back but the time of day, which also stands in the renewed cookie, and the request's id."""
    address = f"{person.server.url}/api/v1{path.replace('ID', id)}"
    response = person.http.request(method, address, json=body, timeout=10)
    headers = {name: value for name, value in response.headers.items() if name != "Date"}
    headers["Set-Cookie"] = headers.get("Set-Cookie", "").partition("=")[0]
    headers["X-Request-Id"] = f"{len(headers['X-Request-Id'])} characters"  # a new one each time
    return response.status_code, response.content, headers


def live_about(channel_id: str, message_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Every live action about a channel or a message."""
    channel, message = {"channel_id": channel_id}, {"message_id": message_id}
    return [
        ("subscribe", channel),
        ("subscribe", {**channel, "since": 1}),
        ("unsubscribe", channel),
        ("sync", {"cursors": {channel_id: 1}}),
        ("message", {**channel, "client_msg_id": str(uuid.uuid4()), "text": "hello"}),
        ("message", {**channel, "client_msg_id": str(uuid.uuid4()), "text": "hello", "thread_id": message_id}),
        ("typing", {**channel, "on": True}),
        ("markRead", {**channel, "seq": 1}),
        ("edit", {**message, "text": "mine now"}),
        ("edit", {**message, "text": "mine now", "base_rev": 7}),
        ("delete", message),
        ("addReaction", {**message, "emoji": EMOJI}),
        ("removeReaction", {**message, "emoji": EMOJI}),
    ]


def with_ids(value: Any, channel_id: str, message_id: str) -> Any:
    """The same payload about this channel and this message."""
    if isinstance(value, dict):
        return {with_ids(k, channel_id, message_id): with_ids(v, channel_id, message_id) for k, v in value.items()}
    return {"CHANNEL": channel_id, "MESSAGE": message_id}.get(value, value) if isinstance(value, str) else value


def test_a_thread_of_another_channel_is_no_thread_here(server, people, phones):
    scene, hidden = arrange(server, people, "public", "member"), arrange(server, people, "private", "outsider")
    phone = phones(scene.someone)
    phone.sends(scene.channel_id, "a reply", thread_id=scene.others[0]).expect(200)
    answers = []
    for root in (hidden.others[0], "01" + "y" * 24):
        answers.append(phone.sends(scene.channel_id, "a reply", thread_id=root).error)
        page = scene.someone.get(f"/channels/{scene.channel_id}/messages", thread_id=root)
        answers.append({**page.error, "field": answers[0]["field"]})
    assert answers[0]["code"] == "thread_not_found"
    assert all(answer == answers[0] for answer in answers)


def test_a_repeat_by_someone_who_left_tells_only_that_it_had_arrived(server, people, phones):
    ana, member = people["ana"], people["member"]
    den = ana.opens("private", member)
    body = {"client_msg_id": str(uuid.uuid4()), "text": "before I go"}
    sent = member.post(f"/channels/{den}/messages", body).expect(201).data
    ana.removes(den, member).expect(200)
    ana.says(den, "they are gone")
    known = {"id": sent["message"]["id"], "seq": sent["seq"], "duplicate": True}
    assert member.post(f"/channels/{den}/messages", body).expect(200).data == known
    assert phones(member).asks("message", {**body, "channel_id": den}).expect(200).data == known
    new = {**body, "client_msg_id": str(uuid.uuid4())}
    assert member.post(f"/channels/{den}/messages", new).code == "channel_not_found"


def test_the_own_stream_tells_the_removed_no_more_of_the_channel(server, people, phones):
    ana, member = people["ana"], people["member"]
    den, phone = ana.opens("private", member), phones(member)
    start = member.get("/channels").data["seq"]
    first = ana.says(den, "one")
    phone.asks("markRead", {"channel_id": den, "seq": first["seq"]}).expect(200)
    read = {event["event"] for event in own_changes(phone, member, start)}
    assert read == {"read"}
    ana.removes(den, member).expect(200)
    for _ in range(3):
        ana.says(den, f"secret @{member.username}")
    told = own_changes(phone, member, start)
    assert [event["event"] for event in told][-1] == "channel_left"
    assert all(event.get("read", {"unread": 0})["unread"] == 0 for event in told)
    assert all(event.get("read", {"posted": 1})["posted"] <= 1 for event in told)


def own_changes(phone: Phone, person: Person, since: int) -> list[dict[str, Any]]:
    """What happened on someone's own stream."""
    return phone.asks("sync", {"cursors": {person.id: since}}).expect(200).data["streams"][person.id]["events"]


def test_nobody_can_read_anothers_own_stream(people, phones):
    ana, outsider = people["ana"], people["outsider"]
    streams = phones(ana).asks("sync", {"cursors": {ana.id: 0}}).expect(200).data["streams"]
    assert "gone" not in streams[ana.id]
    asked = phones(outsider).asks("sync", {"cursors": {ana.id: 0}}).expect(200).data["streams"]
    assert asked == {ana.id: {"gone": True}}
    assert phones(outsider).asks("subscribe", {"channel_id": ana.id}).code == "channel_not_found"


def test_lists_name_only_what_one_may_see(people, phones):
    ana, bo, outsider, owner = people["ana"], people["bo"], people["outsider"], people["owner"]
    hidden = {ana.opens("private", bo), ana.talks_to(bo), ana.talks_to(bo, people["cleo"])}
    town = ana.opens("public", bo)
    for person in (ana, outsider, owner, people["admin"], people["guest"]):
        listed = {channel["id"] for channel in person.get("/channels").expect(200).data["channels"]}
        assert (hidden <= listed) == (person is ana)
        assert hidden.isdisjoint(listed) == (person is not ana)
        assert (town in listed) == (person is not people["guest"])


def test_a_private_name_is_not_given_away_by_a_refusal(people):
    ana, outsider = people["ana"], people["outsider"]
    name = f"secret-{uuid.uuid4().hex[:8]}"
    ana.opens("private", name=name)
    assert outsider.post("/channels", {"name": name, "kind": "private"}).status == 201
    assert outsider.post("/channels", {"name": name, "kind": "public"}).status == 201
    assert outsider.post("/channels", {"name": name.upper(), "kind": "public"}).code == "name_taken"


def test_nobody_asks_anything_without_signing_in(server, people):
    scene = arrange(server, people, "public", "member")
    stranger = Person(server, "stranger")
    assert set(ask_rest(replace(scene, someone=stranger)).values()) == {"not_authed"}
    assert stranger.get("/users").code == "not_authed"
    assert stranger.post("/dms", {"user_ids": [scene.bo.id]}).code == "not_authed"
    assert stranger.post("/invites").code == "not_authed"


def test_only_who_runs_the_workspace_invites(people):
    assert {name for name, person in people.items() if person.post("/invites").status == 201} == {"owner", "admin"}
    assert people["member"].post("/invites").code == "forbidden"


def test_only_who_runs_the_workspace_sees_and_ends_invites(people):
    invite_id = people["owner"].post("/invites").data["id"]
    for name in ("member", "guest"):
        assert people[name].get("/invites").code == "forbidden"
        assert people[name].delete(f"/invites/{invite_id}").code == "forbidden"
    assert people["admin"].delete(f"/invites/{invite_id}").status == 200
    assert people["admin"].delete(f"/invites/{invite_id}").code == "invite_not_found"


def test_a_list_of_invites_gives_no_private_channel_away(people):
    ana, admin = people["owner"], people["admin"]
    den, town = ana.opens("private"), ana.opens("public")
    made = ana.post("/invites", {"channel_ids": [den, town]}).expect(201).data

    def listed(reader):
        return next(each for each in reader.get("/invites").data["invites"] if each["id"] == made["id"])

    assert listed(ana)["channel_ids"] == sorted([den, town])
    assert listed(admin)["channel_ids"] == [town]
    assert made["invite"] not in str(listed(ana))


def test_a_guest_opens_no_channels(people):
    body = {"name": f"club-{uuid.uuid4().hex[:8]}", "kind": "private"}
    assert people["guest"].post("/channels", body).code == "forbidden"
    assert people["member"].post("/channels", body).status == 201
