"""One script for both doors: every action and every refusal answers alike over Socket.IO and over the API Gateway."""

from __future__ import annotations

import uuid

import pytest

from chat.dispatch import LIVE
from tests.aws.phone import message_of

DOORS = ["socketio", "apigw"]
both_doors = pytest.mark.parametrize("door", DOORS)


@both_doors
def test_every_action_is_done_and_told(dial, ana, bo, door):
    town = ana.opens("public", bo)
    anas, bos = dial(ana, door), dial(bo, door)
    assert (anas.hello["user"]["id"], anas.hello["stream"]) == (ana.id, ana.id)
    page = bos.looks_at(town)
    assert (page["channel"]["id"], page["messages"], page["limited"]) == (town, [], False)
    body = message_of(town, "good morning")
    sent = anas.asks("message", body).expect(200).data
    assert bos.hears("message")["message"] == sent["message"]
    again = anas.asks("message", body).expect(200).data
    assert (again["duplicate"], again["message"]["id"]) == (True, sent["message"]["id"])
    asked = {"subscribe", "message", "ping"}
    for action, more in (
        ("edit", {"text": "good day"}),
        ("addReaction", {"emoji": "👍"}),
        ("removeReaction", {"emoji": "👍"}),
    ):
        answer = anas.asks(action, {"message_id": sent["message"]["id"], **more}).expect(200).data
        assert answer["changed"]
        assert (
            bos.hears("message", lambda event, seq=answer["seq"]: event["seq"] == seq)["message"] == answer["message"]
        )
        asked.add(action)
    assert bos.asks("markRead", {"channel_id": town, "seq": sent["seq"]}).data["read"]["unread"] == 0
    assert bos.hears("read")["channel_id"] == town
    anas.asks("typing", {"channel_id": town, "on": True}).expect(200)
    assert bos.hears("typing", lambda event: ana.id in event["user_ids"])["channel_id"] == town
    deleted = anas.asks("delete", {"message_id": sent["message"]["id"]}).expect(200).data
    assert bos.hears("message", lambda event: event["seq"] == deleted["seq"])["message"]["deleted_at"]
    told = [event for event in bos.events("message") if event["stream"] == town]
    caught_up = bos.asks("sync", {"cursors": {town: page["seq"]}}).expect(200).data["streams"][town]
    assert caught_up["seq"] == told[-1]["seq"] == bos.asks("ping").data["heads"][town]
    bos.asks("unsubscribe", {"channel_id": town}).expect(200)
    assert town not in bos.asks("ping").data["heads"]
    asked |= {"markRead", "typing", "delete", "sync", "unsubscribe"}
    assert asked == set(LIVE)


@both_doors
def test_events_come_in_order_and_without_a_gap(dial, ana, bo, door):
    town = ana.opens("public", bo)
    phone = dial(bo, door)
    since = phone.looks_at(town)["seq"]
    for number in range(40):
        ana.says(town, f"number {number}")
    phone.hears("message", lambda event: event["message"]["text"] == "number 39")
    told = phone.events("message")
    assert [event["message"]["text"] for event in told] == [f"number {number}" for number in range(40)]
    assert [event["prev"] for event in told] == [since, *(event["seq"] for event in told[:-1])]


@both_doors
def test_who_does_not_look_hears_that_there_is_news(dial, ana, bo, door):
    town = ana.opens("public", bo)
    phone = dial(bo, door)
    ana.says(town, "psst")
    assert phone.hears("activity")["channel_id"] == town
    assert phone.events("message") == []


REFUSALS = {
    "a channel that is not there": ("subscribe", {"channel_id": "nothing"}, "channel_not_found"),
    "a private channel of others": ("subscribe", {"channel_id": "@den"}, "channel_not_found"),
    "a message to a private one": ("message", {"channel_id": "@den", "text": "hi"}, "channel_not_found"),
    "a message from outside": ("message", {"channel_id": "@square", "text": "hi"}, "not_in_channel"),
    "an empty message": ("message", {"channel_id": "@town", "text": " "}, "no_text"),
    "a message that is too long": ("message", {"channel_id": "@town", "text": "x" * 4001}, "msg_too_long"),
    "a message whose id is none": ("message", {"channel_id": "@town", "client_msg_id": "7"}, "invalid_arguments"),
    "a field that is not known": ("ping", {"more": 1}, "invalid_arguments"),
    "a number in place of an id": ("unsubscribe", {"channel_id": 7}, "invalid_arguments"),
    "an edit of a stranger's message": ("edit", {"message_id": "@hers", "text": "mine"}, "forbidden"),
    "a deletion of a message not there": ("delete", {"message_id": "nothing"}, "message_not_found"),
    "a reaction that is no emoji": ("addReaction", {"message_id": "@hers", "emoji": "no"}, "invalid_emoji"),
    "a reaction taken from nothing": ("removeReaction", {"message_id": "nothing", "emoji": "👍"}, "message_not_found"),
    "marking a channel that is not there": ("markRead", {"channel_id": "nothing", "seq": 1}, "channel_not_found"),
    "typing where one may not see": ("typing", {"channel_id": "@den", "on": True}, "channel_not_found"),
    "too many cursors": ("sync", {"cursors": {str(n): 0 for n in range(201)}}, "invalid_arguments"),
    "an action that is not there": ("dance", {}, "unknown_action"),
    "an action of another door": ("sign_out", {}, "unknown_action"),
}  # fmt: skip


@both_doors
@pytest.mark.parametrize("what", REFUSALS)
def test_refused_is(dial, ana, bo, door, what):
    action, payload, code = REFUSALS[what]
    places = {
        "@den": lambda: ana.opens("private"),
        "@square": lambda: ana.opens("public"),
        "@town": lambda: ana.opens("public", bo),
    }
    if "@hers" in payload.values():
        hers = ana.says(ana.opens("public", bo), "hers")["id"]
        places["@hers"] = lambda: hers
    filled = {key: places[value]() if str(value) in places else value for key, value in payload.items()}
    if action == "message":
        filled = {"client_msg_id": str(uuid.uuid4()), **filled}
    assert dial(bo, door).asks(action, filled).code == code


@both_doors
def test_a_removed_member_hears_no_more(dial, ana, bo, door):
    den = ana.opens("private", bo)
    phone = dial(bo, door)
    phone.looks_at(den)
    ana.says(den, "before")
    phone.hears("message")
    ana.removes(den, bo).expect(200)
    phone.hears("channel_left", lambda event: event["channel_id"] == den)
    for number in range(20):
        ana.says(den, f"secret {number}")
    assert den not in phone.asks("ping").data["heads"]
    assert phone.asks("subscribe", {"channel_id": den}).code == "channel_not_found"
    assert "secret" not in str(phone.told)


WAYS = [("socketio", "apigw"), ("apigw", "socketio"), ("rest", "apigw"), ("apigw", "apigw")]


@pytest.mark.parametrize(("speaks", "hears"), WAYS)
def test_people_of_both_doors_see_each_others_messages_in_one_order(dial, ana, bo, cleo, speaks, hears):
    town = ana.opens("public", bo, cleo)
    listeners = [dial(bo, hears), dial(cleo, "socketio")]
    since = {phone.looks_at(town)["seq"] for phone in listeners}
    speaker = None if speaks == "rest" else dial(ana, speaks)
    for number in range(10):
        text = f"number {number}"
        _ = speaker.sends(town, text).expect(200) if speaker else ana.says(town, text)
    heard = []
    for phone in listeners:
        phone.hears("message", lambda event: event["message"]["text"] == "number 9")
        heard.append([(event["prev"], event["seq"], event["message"]) for event in phone.events("message")])
    assert heard[0] == heard[1]
    assert [message["text"] for _, _, message in heard[0]] == [f"number {number}" for number in range(10)]
    assert {heard[0][0][0]} == since
