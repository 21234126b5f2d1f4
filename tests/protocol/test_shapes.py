"""Everything that is answered and told has the shape that is written down, and pages and counts are exact."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from marshmallow import RAISE, Schema, fields

from chat.dispatch import ACTIONS
from chat.rest.routes import ROUTES
from chat.schemas import answers, events, resources
from chat.schemas.events import EVENTS, RESERVED, ActivityEvent
from tests.support import PASSWORD, Person, Phone, Server, until

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ID = re.compile(r"[0-9a-hjkmnp-tv-z]{26}")


def shaped(schema: Schema, data: Any) -> Any:
    """The data, after insisting that it has exactly this shape."""
    schema.load(data, unknown=RAISE)
    return moments_checked(data)


def moments_checked(data: Any) -> Any:
    """The data, after insisting that every time and id in it is written as the protocol has it."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name.endswith("_at") or name == "server_time":
                assert value is None or MOMENT.fullmatch(value), (name, value)
            if name in ("id", "channel_id", "user_id", "stream") and value is not None:
                assert ID.fullmatch(value), (name, value)
            moments_checked(value)
    elif isinstance(data, list):
        for each in data:
            moments_checked(each)
    return data


def kinds_told() -> Iterator[tuple[str, fields.Field]]:
    """Every field of what is answered and told, and what its lists and tables hold."""
    for module in (answers, events, resources):
        for schema in (each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Schema)):
            for name, field in schema._declared_fields.items():
                while field is not None:
                    yield f"{schema.__name__}.{name}", field
                    field = getattr(field, "inner", None) or getattr(field, "value_field", None)


def test_nothing_that_is_told_is_a_fraction() -> None:
    # Which might be NaN, and that is written as null: docs/decisions/0023.
    told = list(kinds_told())
    assert len(told) > 100
    assert [name for name, field in told if isinstance(field, fields.Float | fields.Decimal)] == []


# Answers -------------------------------------------------------------------------------------------------


class Everything:
    """Asks over REST and checks each answer by the schema of its action; remembers what was asked."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.asked: set[str] = set()

    def __call__(self, action: str, body: Any = None, query: str = "", **parameters: str) -> Any:
        route = next(route for route in ROUTES if route.action == action)
        path = re.sub(r"<(?:path:)?(\w+)>", lambda found: parameters[found[1]], route.path)
        reply = self.person.ask(route.method, path + query, body)
        assert reply.status in (200, 201), reply.error
        self.asked.add(action)
        return shaped(ACTIONS[action].answer, reply.data)


def test_every_answer_of_rest_has_its_shape(server, owner, bo):
    ask = Everything(server.person("shaper", owner))
    newcomer = Everything(Person(server, f"dora-{uuid.uuid4().hex[:8]}"))
    owner_asks = Everything(owner)
    invite, unused = (owner_asks("create_invite", {}) for _ in range(2))
    assert unused["id"] in [listed["id"] for listed in owner_asks("list_invites")["invites"]]
    owner_asks("end_invite", invite_id=unused["id"])
    body = {
        "username": newcomer.person.username,
        "display_name": "Dora",
        "password": PASSWORD,
        "invite": invite["invite"],
    }
    newcomer("sign_up", body)
    signed_in = newcomer("sign_in", {"login": newcomer.person.username, "password": PASSWORD})
    newcomer.person.http.headers["X-CSRF-Token"] = signed_in["csrf_token"]
    assert newcomer("show_session") == signed_in
    ask("show_me")
    ask("update_me", {"display_name": "Shape", "email": f"{ask.person.username}@example.org"})
    new = f"{PASSWORD}, changed"
    ask("change_password", {"current_password": PASSWORD, "password": new})
    ask("list_users")
    session = ask("create_token", {"name": "bot"})["session"]
    ask("create_ticket")
    ask("list_sessions")
    ask("end_session", session_id=session["id"])
    ask("end_other_sessions")
    town = ask("create_channel", {"name": f"town-{uuid.uuid4().hex[:8]}", "kind": "public"})["channel"]["id"]
    ask("update_channel", {"topic": "shapes"}, channel_id=town)
    ask("add_member", {"user_id": bo.id}, channel_id=town)
    ask("list_members", channel_id=town)
    ask("open_conversation", {"user_ids": [bo.id]})
    text = {"client_msg_id": str(uuid.uuid4()), "text": f"hello @{bo.username} and @all"}
    root = ask("message", text, channel_id=town)["message"]["id"]
    assert ask("message", text, channel_id=town)["duplicate"]
    reply = {"client_msg_id": str(uuid.uuid4()), "text": "a reply", "thread_id": root, "also_to_channel": True}
    ask("message", reply, channel_id=town)
    ask("edit", {"text": "changed"}, message_id=root)
    ask("addReaction", {}, message_id=root, emoji="👍")
    shown = ask("show_message", message_id=root)["message"]
    assert shown["reactions"] == [{"emoji": "👍", "count": 1, "user_ids": [ask.person.id], "me": True}]
    ask("list_revisions", message_id=root)
    ask("show_page", channel_id=town)
    ask("show_page", channel_id=town, query=f"?thread_id={root}")
    ask("removeReaction", message_id=root, emoji="👍")
    ask("delete", message_id=root)
    ask("markRead", {"seq": 1, "unread": True}, channel_id=town)
    ask("show_channel", channel_id=town)
    ask("list_channels")
    ask("remove_member", channel_id=town, user_id=bo.id)
    ask("archive_channel", channel_id=town)
    newcomer("sign_out")
    assert ask.asked | newcomer.asked | owner_asks.asked == {route.action for route in ROUTES}


def test_every_answer_and_every_event_of_a_connection_has_its_shape(connect, ana, bo):
    town, start = ana.opens("public", bo), ana.get("/channels").data["seq"]
    anas, bos, elsewhere = connect(ana), connect(bo), connect(bo)
    asked: set[str] = set()

    def ask(action: str, payload: Any = None, phone: Phone = anas) -> Any:
        asked.add(action)
        return shaped(ACTIONS[action].answer, phone.asks(action, payload).expect(200).data)

    head = ask("subscribe", {"channel_id": town})["seq"]
    ask("subscribe", {"channel_id": town}, bos)
    body = {"channel_id": town, "client_msg_id": str(uuid.uuid4()), "text": f"hello @{bo.username}"}
    root = ask("message", body)["message"]["id"]
    assert ask("message", body)["duplicate"]
    reply = {**body, "client_msg_id": str(uuid.uuid4()), "thread_id": root, "also_to_channel": True}
    ask("message", reply)
    elsewhere.hears("activity", lambda news: "snippet" in news)  # else a later change of it would be told in its place
    ask("edit", {"message_id": root, "text": "changed"})
    elsewhere.hears("activity", lambda news: "edited_seq" in news)
    ask("addReaction", {"message_id": root, "emoji": ":party:"})
    anas.hears("message", lambda event: event["message"]["reactions"])
    ask("removeReaction", {"message_id": root, "emoji": ":party:"})
    ask("delete", {"message_id": root})
    ask("typing", {"channel_id": town, "thread_id": root, "on": True})
    ask("typing", {"channel_id": town, "on": True})
    ask("markRead", {"channel_id": town, "seq": 0, "unread": True})
    ask("ping")
    ana.patch(f"/channels/{town}", {"topic": "new"}).expect(200)
    ana.removes(town, bo).expect(200)
    elsewhere.hears("channel_left")
    ana.adds(town, bo)
    ana.talks_to(bo)
    changes = ask("sync", {"cursors": {town: head, ana.id: start, "nothing": 1}})
    assert {event["event"] for event in changes["streams"][town]["events"]} == {"message", "channel", "member"}
    assert changes["streams"]["nothing"] == {"gone": True}
    elsewhen = ask("sync", {"cursors": {town: head}, "epoch": "another"})
    assert elsewhen["streams"][town]["reset"] is True
    ask("subscribe", {"channel_id": town, "since": head})
    ask("unsubscribe", {"channel_id": town})
    assert asked == {name for name, action in ACTIONS.items() if action.live}

    phones = (anas, bos, elsewhere)
    until(lambda: {name for phone in phones for name, _ in list(phone.told)} >= set(EVENTS) - RESERVED - {"goodbye"})
    until(lambda: len(elsewhere.events("channel_joined")) == 2)
    forms = {frozenset(form().fields) for form in ActivityEvent.shapes}
    until(lambda: {frozenset(news) for news in elsewhere.events("activity")} == forms)
    for name, payload in (event for phone in phones for event in phone.told):
        shaped(EVENTS[name](), payload)
        assert name not in RESERVED  # else it is told now, and the protocol should say so
    reactions = [reaction for event in anas.events("message") for reaction in event["message"]["reactions"]]
    assert [set(reaction) for reaction in reactions] == [{"emoji", "count", "user_ids"}]  # one frame for all: no "me"


def test_a_refusal_has_the_one_shape_at_both_doors(connect, ana, bo):
    town = ana.opens("public")
    message = ana.says(town, "hello")
    ana.patch(f"/messages/{message['id']}", {"text": "changed"}).expect(200)
    phone = connect(ana)
    refusals = [
        ana.get("/channels/nothing"),
        ana.post("/channels", {}),
        bo.post(f"/channels/{town}/messages", {"client_msg_id": str(uuid.uuid4()), "text": "x"}),
        ana.patch(f"/messages/{message['id']}", {"text": "too late", "base_rev": 1}),
        phone.asks("edit", {"message_id": message["id"], "text": "too late", "base_rev": 1}),
        phone.asks("nonsense"),
    ]
    for reply in refusals:
        shaped(resources.Error(), reply.error)
    conflicts = refusals[3:5]
    assert conflicts[0].error == conflicts[1].error
    present = ana.get(f"/messages/{message['id']}").data["message"]
    assert conflicts[0].error["data"] == {"message": present, "seq": present["changed_seq"]}
    assert conflicts[0].status == 409


def test_the_openapi_document_lists_every_call(server):
    document = requests.get(f"{server.url}/api/v1/openapi.json", timeout=10).json()
    assert document["openapi"].startswith("3.")
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert listed == {(route.method, re.sub(r"<(?:path:)?(\w+)>", r"{\1}", route.path)) for route in ROUTES}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert {"200", "4XX"} <= set(operation["responses"])
            named = {parameter["name"] for parameter in operation["parameters"] if parameter.get("in") == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))
    text = str(document)
    for reference in set(re.findall(r"#/components/schemas/(\w+)", text)):
        assert reference in document["components"]["schemas"]
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_query_parameters_stand_one_by_one_in_the_openapi_document(server):
    document = requests.get(f"{server.url}/api/v1/openapi.json", timeout=10).json()
    page = document["paths"]["/channels/{channel_id}/messages"]["get"]["parameters"]
    queried = {parameter.get("name"): parameter["schema"] for parameter in page if parameter["in"] == "query"}
    assert set(queried) == {"before", "after", "around", "thread_id", "limit"}
    assert queried["limit"]["type"] == "integer"
    assert queried["limit"]["maximum"] == 200


# Pages ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def history(server: Server, owner: Person) -> dict[str, Any]:
    """A channel with ten messages in its main line, a thread between them, and one reply told to the channel too."""
    ana = server.person("ana", owner)
    town = ana.opens()
    main = [ana.says(town, f"message {number}") for number in range(5)]
    root = main[2]["id"]
    thread = [ana.says(town, f"reply {number}", thread_id=root) for number in range(3)]
    thread.append(ana.says(town, "for all", thread_id=root, also_to_channel=True))
    main.append(thread[-1])
    main += [ana.says(town, f"message {number}") for number in range(6, 10)]
    return {
        "ana": ana,
        "town": town,
        "main": [m["seq"] for m in main],
        "thread": [m["seq"] for m in thread],
        "root": root,
    }


def page(history: dict[str, Any], **query: Any) -> tuple[list[int], bool, bool]:
    """A page: the messages' places in the channel, whether there are more before, whether there are more after."""
    data = history["ana"].get(f"/channels/{history['town']}/messages", **query).expect(200).data
    assert data["seq"] == history["ana"].get(f"/channels/{history['town']}").data["channel"]["seq"]
    return [message["seq"] for message in data["messages"]], data["more_before"], data["more_after"]


def test_the_latest_page_is_the_end_of_the_main_line(history):
    main = history["main"]
    assert page(history) == (main, False, False)
    assert page(history, limit=200) == (main, False, False)
    assert page(history, limit=10) == (main, False, False)
    assert page(history, limit=9) == (main[1:], True, False)
    assert page(history, limit=1) == (main[-1:], True, False)


def test_before_and_after_leave_out_the_number_itself(history):
    main = history["main"]
    for index, seq in enumerate(main):
        assert page(history, before=seq, limit=200)[0] == main[:index]
        assert page(history, after=seq, limit=200)[0] == main[index + 1 :]
        assert page(history, before=seq, limit=3)[0] == main[max(0, index - 3) : index]
        assert page(history, after=seq, limit=3)[0] == main[index + 1 : index + 4]
    between = history["thread"][0]  # a number that stands for no message of the main line
    assert page(history, before=between, limit=2) == (main[3:5], True, True)
    assert page(history, after=between, limit=2) == (main[5:7], True, True)


def test_a_page_tells_exactly_whether_there_is_more_on_either_side(history):
    main = history["main"]
    first, last = main[0], main[-1]
    assert page(history, before=main[3]) == (main[:3], False, True)
    assert page(history, before=main[3], limit=3) == (main[:3], False, True)
    assert page(history, before=main[3], limit=2) == (main[1:3], True, True)
    assert page(history, after=main[6]) == (main[7:], True, False)
    assert page(history, after=main[6], limit=3) == (main[7:], True, False)
    assert page(history, after=main[6], limit=2) == (main[7:9], True, True)
    assert page(history, before=last + 100) == (main, False, False)
    assert page(history, after=0) == (main, False, False)
    assert page(history, after=first) == (main[1:], True, False)


def test_a_page_beyond_either_end_is_empty_and_tells_where_the_messages_are(history):
    main = history["main"]
    assert page(history, after=main[-1]) == ([], True, False)
    assert page(history, after=main[-1] + 100) == ([], True, False)
    assert page(history, before=main[0]) == ([], False, True)
    assert page(history, before=0) == ([], False, True)


def test_a_page_of_a_channel_without_messages_is_empty_and_there_is_nothing_more(history):
    empty = {**history, "town": history["ana"].opens()}
    for query in ({}, {"before": 5}, {"after": 0}, {"after": 5}, {"around": 1}, {"before": 0}, {"around": 100}):
        assert page(empty, **query) == ([], False, False), query


def test_around_shows_the_number_with_its_neighbours_on_both_sides(history):
    main = history["main"]
    for index in range(2, 8):
        assert page(history, around=main[index], limit=4) == (main[index - 2 : index + 2], index > 2, index < 8)
    assert page(history, around=main[5], limit=200) == (main, False, False)
    assert main[5] in page(history, around=main[5], limit=1)[0]
    assert page(history, around=main[0], limit=4) == (main[:4], False, True)


def test_around_a_number_at_either_end_shows_the_messages_there(history):
    main = history["main"]
    assert page(history, around=0, limit=4) == (main[:4], False, True)
    for number in (main[-1], main[-1] + 50):
        seqs, more_before, more_after = page(history, around=number, limit=4)
        assert seqs == main[-len(seqs) :]
        assert (more_before, more_after) == (True, False)


def test_a_thread_is_a_page_of_its_own(history):
    thread, root = history["thread"], history["root"]
    assert page(history, thread_id=root) == (thread, False, False)
    assert page(history, thread_id=root, limit=2) == (thread[2:], True, False)
    assert page(history, thread_id=root, before=thread[2]) == (thread[:2], False, True)
    assert page(history, thread_id=root, after=thread[0], limit=2) == (thread[1:3], True, True)


def test_a_page_of_a_thread_brings_what_it_answers(history):
    ana, town, root = history["ana"], history["town"], history["root"]
    answer = ana.get(f"/channels/{town}/messages", thread_id=root, limit=1).data
    assert answer["root"] == ana.get(f"/messages/{root}").data["message"]
    assert answer["root"]["reply_count"] == 4
    assert "root" not in ana.get(f"/channels/{town}/messages").data


def test_a_thread_stays_readable_when_its_root_is_deleted(ana):
    town = ana.opens()
    root = ana.says(town, "root")["id"]
    reply = ana.says(town, "reply", thread_id=root)
    assert ana.get(f"/channels/{town}/messages", thread_id=root).data["messages"] == [reply]
    ana.delete(f"/messages/{root}").expect(200)
    assert ana.get(f"/channels/{town}/messages", thread_id=root).data["messages"] == [reply]
    body = {"client_msg_id": str(uuid.uuid4()), "text": "too late", "thread_id": root}
    assert ana.post(f"/channels/{town}/messages", body).code == "thread_not_found"


def test_paging_back_and_forth_meets_every_message_once(history):
    main = history["main"]
    for limit in (1, 3, 4):
        back: list[int] = []
        more, query = True, {}
        while more:
            seqs, more, _ = page(history, limit=limit, **query)
            back = seqs + back
            query = {"before": seqs[0]}
        assert back == main
        forth: list[int] = []
        more, query = True, {"after": 0}
        while more:
            seqs, _, more = page(history, limit=limit, **query)
            forth += seqs
            query = {"after": seqs[-1]}
        assert forth == main


def test_a_page_holds_fifty_messages_unless_asked_otherwise(ana):
    town = ana.opens()
    phone = ana.connect()
    seqs = [phone.sends(town, str(number)).data["seq"] for number in range(55)]
    assert [message["seq"] for message in phone.looks_at(town)["messages"]] == seqs[-50:]
    assert [message["seq"] for message in phone.looks_at(town, limit=3)["messages"]] == seqs[-3:]
    listed = {"ana": ana, "town": town}
    assert page(listed) == (seqs[-50:], True, False)
    assert page(listed, limit=200) == (seqs, False, False)
    assert page(listed, around=seqs[30], limit=20) == (seqs[20:40], True, True)
    phone.hangs_up()


# Counts --------------------------------------------------------------------------------------------------


def recount(reader: Person, channel_id: str, last_read_seq: int) -> dict[str, int]:
    """What someone missed, counted by hand from the pages."""
    messages = list(main_line(reader, channel_id))
    missed = [
        message
        for message in messages
        if message["seq"] > last_read_seq
        and message["user_id"] != reader.id
        and message["kind"] == "user"
        and not message["deleted_at"]
    ]
    named = [message for message in missed if reader.id in message["mentions"] or message["everyone"]]
    posted = len([message for message in messages if message["kind"] == "user"])
    return {"last_read_seq": last_read_seq, "unread": len(missed), "mentions": len(named), "posted": posted}


def main_line(reader: Person, channel_id: str) -> Iterator[dict[str, Any]]:
    """All messages of a channel, page by page."""
    after, more = 0, True
    while more:
        data = reader.get(f"/channels/{channel_id}/messages", after=after, limit=200).expect(200).data
        yield from data["messages"]
        more, after = data["more_after"], data["messages"][-1]["seq"] if data["messages"] else after


def counted(reader: Person, phone: Phone, channel_id: str) -> dict[str, Any]:
    """What someone missed as the server tells it, after insisting that every way to ask tells the same."""
    channel = reader.get(f"/channels/{channel_id}").expect(200).data["channel"]
    listed = next(each for each in reader.get("/channels").data["channels"] if each["id"] == channel_id)
    looked = phone.looks_at(channel_id)
    greeted = reader.connect()
    hello = next(each for each in greeted.hello["channels"] if each["id"] == channel_id)
    greeted.hangs_up()
    read = channel["read"]
    assert read == listed["read"] == looked["read"] == hello["read"]
    assert read["seq"] == channel["seq"] == looked["seq"]
    assert read["posted"] == channel["posted"]
    return {name: value for name, value in read.items() if name != "seq"}


def test_counts_equal_a_recount_after_everything_that_may_change_them(connect, ana, bo, cleo):
    town = ana.opens("public", bo, cleo)
    phone, me = connect(bo), f"@{bo.username}"
    cursor = counted(bo, phone, town)["last_read_seq"]

    def is_exact(**expected: int) -> None:
        now = counted(bo, phone, town)
        assert now == recount(bo, town, now["last_read_seq"])
        assert {name: now[name] for name in expected} == expected

    is_exact(unread=0, mentions=0, posted=0)
    plain = ana.says(town, "hello")
    named = ana.says(town, f"hello {me}")
    ana.says(town, "hello @channel")
    cleo.says(town, f"`{me}` stands in code, and mail{me} is no mention")
    is_exact(unread=4, mentions=2, posted=4, last_read_seq=cursor)

    reply = ana.says(town, f"in a thread {me}", thread_id=plain["id"])
    is_exact(unread=4, mentions=2, posted=4)
    both = ana.says(town, f"and for all {me}", thread_id=plain["id"], also_to_channel=True)
    is_exact(unread=5, mentions=3, posted=5)

    ana.patch(f"/messages/{plain['id']}", {"text": f"now {me}"}).expect(200)
    is_exact(unread=5, mentions=4)
    ana.patch(f"/messages/{named['id']}", {"text": "no longer"}).expect(200)
    is_exact(unread=5, mentions=3)
    ana.patch(f"/messages/{named['id']}", {"text": "hello @everyone"}).expect(200)
    is_exact(unread=5, mentions=4)

    ana.delete(f"/messages/{named['id']}").expect(200)
    is_exact(unread=4, mentions=3, posted=5)
    ana.delete(f"/messages/{named['id']}").expect(200)
    ana.delete(f"/messages/{reply['id']}").expect(200)
    is_exact(unread=4, mentions=3, posted=5)

    phone.asks("markRead", {"channel_id": town, "seq": plain["seq"]}).expect(200)
    is_exact(unread=3, mentions=2, last_read_seq=plain["seq"])
    phone.asks("markRead", {"channel_id": town, "seq": 0}).expect(200)  # not back without saying so
    is_exact(unread=3, last_read_seq=plain["seq"])
    back = phone.asks("markRead", {"channel_id": town, "seq": 0, "unread": True}).expect(200).data["read"]
    assert back["last_read_seq"] == 0
    is_exact(unread=4, mentions=3, last_read_seq=0)
    phone.asks("markRead", {"channel_id": town, "seq": -5, "unread": True}).expect(200)
    is_exact(last_read_seq=0)

    own = bo.says(town, f"my own words, {me}")
    is_exact(unread=0, mentions=0, posted=6, last_read_seq=own["seq"])
    phone.asks("markRead", {"channel_id": town, "seq": both["seq"] - 1, "unread": True}).expect(200)
    is_exact(unread=1, mentions=1)
    head = phone.asks("markRead", {"channel_id": town, "seq": 10**9}).expect(200).data["read"]
    assert head["last_read_seq"] == head["seq"]
    is_exact(unread=0, mentions=0)

    bo.delete(f"/channels/{town}/members/{bo.id}").expect(200)
    ana.says(town, f"while you were out {me}")
    assert bo.get(f"/channels/{town}").data["channel"]["read"] is None
    bo.joins(town).expect(201)
    is_exact(unread=0, mentions=0, posted=7)
    ana.says(town, f"welcome back {me}")
    is_exact(unread=1, mentions=1)


def test_an_own_reply_in_a_thread_does_not_mark_the_channel_as_read(connect, ana, bo):
    town, phone = ana.opens("public", bo), connect(bo)
    root = ana.says(town, "one")
    ana.says(town, "two")
    bo.says(town, "a reply", thread_id=root["id"])
    now = counted(bo, phone, town)
    assert now["unread"] == 2
    assert now == recount(bo, town, now["last_read_seq"])


def test_a_seq_beside_a_message_is_its_last_change_and_the_head_moves_with_it(ana):
    town = ana.opens()
    root = ana.says(town, "root")
    body = {"client_msg_id": str(uuid.uuid4()), "text": "reply", "thread_id": root["id"]}
    reply = ana.post(f"/channels/{town}/messages", body).expect(201).data
    assert reply["seq"] == reply["message"]["changed_seq"] == root["seq"] + 1
    counted_root = ana.get(f"/messages/{root['id']}").data["message"]
    assert counted_root["changed_seq"] == reply["seq"] + 1  # a reply takes two numbers
    assert (counted_root["reply_count"], counted_root["last_reply_at"]) == (1, reply["message"]["created_at"])
    same = ana.patch(f"/messages/{root['id']}", {"text": "root"}).expect(200).data
    assert (same["changed"], same["seq"]) == (False, reply["seq"] + 1)
    ana.delete(f"/messages/{reply['message']['id']}").expect(200)
    again = ana.get(f"/messages/{root['id']}").data["message"]
    assert again["reply_count"] == 0
    assert ana.get(f"/channels/{town}").data["channel"]["seq"] == again["changed_seq"] == reply["seq"] + 3
