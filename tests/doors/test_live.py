"""What people see of each other while they look."""

from __future__ import annotations

import uuid


def test_a_message_reaches_whoever_looks_at_the_channel(connect, ana, bo):
    town = ana.opens("public", bo)
    phone = connect(bo)
    phone.looks_at(town)
    sent = connect(ana).sends(town, "good morning").data["message"]
    assert phone.hears("message")["message"] == sent


def test_a_message_whose_sender_got_no_answer_reaches_whoever_looks(own_server, connect, tmp_path):
    points = tmp_path / "failpoints"
    points.write_text("")
    server = own_server(CHAT_FAILPOINTS=f"@{points}", POLL_SECONDS="0", HEADS_SECONDS="0")
    ana = server.owner()
    town, phone = ana.opens(), connect(ana)
    phone.looks_at(town)
    points.write_text("after_commit:raise")  # as if the connection to the database broke on the way back
    refused = connect(ana).sends(town, "did it arrive?")
    assert (refused.code, refused.error["retryable"]) == ("unavailable", True)
    assert phone.hears("message")["message"]["text"] == "did it arrive?"


def test_an_edit_a_reaction_and_a_deletion_replace_the_message(connect, ana, bo):
    town = ana.opens("public", bo)
    phone, anas = connect(bo), connect(ana)
    phone.looks_at(town)
    message = ana.says(town, "frist")
    for action, more in (("edit", {"text": "first"}), ("addReaction", {"emoji": "👍"}), ("delete", {})):
        answer = anas.asks(action, {"message_id": message["id"], **more}).expect(200).data
        assert answer["changed"]
        told = phone.hears("message", lambda event, seq=answer["seq"]: event["seq"] == seq)
        assert told["message"] == answer["message"]
    assert told["message"]["deleted_at"]
    assert (told["message"]["text"], told["message"]["reactions"]) == ("", [])


def test_who_does_not_look_hears_that_there_is_news_and_how_much(connect, ana, bo):
    town = ana.opens("public", bo)
    phone = connect(bo)
    ana.says(town, f"hello @{bo.username}")
    news = phone.hears("activity")
    assert (news["channel_id"], news["posted"], news["user_id"]) == (town, 1, ana.id)
    assert news["mentions"] == [bo.id]
    assert phone.events("message") == []


def test_a_removed_member_stops_hearing_the_channel(connect, ana, bo):
    den = ana.opens("private", bo)
    phone = connect(bo)
    phone.looks_at(den)
    ana.says(den, "before")
    phone.hears("message")
    ana.removes(den, bo).expect(200)
    phone.hears("channel_left", lambda event: event["channel_id"] == den)
    for number in range(50):
        ana.says(den, f"secret {number}")
    phone.asks("ping")
    told = [payload for name, payload in phone.told if payload.get("stream") == den or payload.get("channel_id") == den]
    assert "member" in told[-2] or "member" in told[-1]
    assert "secret" not in str(phone.told)


def test_someone_added_sees_the_channel_appear_and_hears_its_news(connect, ana, bo):
    den = ana.opens("private")
    phone = connect(bo)
    ana.adds(den, bo)
    assert phone.hears("channel_joined")["channel"]["id"] == den
    ana.says(den, "welcome")
    assert phone.hears("activity")["channel_id"] == den


def test_marking_read_is_told_to_all_devices_of_the_person(connect, ana, bo):
    town = ana.opens("public", bo)
    ana.says(town, "one")
    last = ana.says(town, "two")
    laptop, phone = connect(bo), connect(bo)
    answer = laptop.asks("markRead", {"channel_id": town, "seq": last["seq"]}).data["read"]
    assert answer["unread"] == 0
    assert phone.hears("read") == {**phone.hears("read"), "channel_id": town, "read": answer}


def test_who_unsubscribes_hears_only_that_there_is_news(connect, ana, bo):
    town = ana.opens("public", bo)
    phone = connect(bo)
    phone.looks_at(town)
    phone.asks("unsubscribe", {"channel_id": town}).expect(200)
    phone.asks("unsubscribe", {"channel_id": town}).expect(200)
    ana.says(town, "anyone there?")
    phone.hears("activity")
    assert phone.events("message") == []


def test_typing_shows_the_full_list_to_whoever_looks(connect, ana, bo):
    town = ana.opens("public", bo)
    phone, anas = connect(bo), connect(ana)
    phone.looks_at(town)
    anas.looks_at(town)
    anas.asks("typing", {"channel_id": town, "on": True}).expect(200)
    assert phone.hears("typing")["user_ids"] == [ana.id]
    anas.asks("typing", {"channel_id": town, "on": False})
    phone.hears("typing", lambda event: event["user_ids"] == [])


def test_heads_list_what_is_followed(connect, ana):
    town = ana.opens("public")
    phone = connect(ana)
    assert set(phone.asks("ping").data["heads"]) == {ana.id}
    phone.looks_at(town)
    message = ana.says(town, "hi")
    phone.hears("message")
    assert phone.asks("ping").data["heads"][town] == message["seq"]
    assert phone.hears("heads", lambda heads: town in heads)[town] == message["seq"]


def test_sending_the_same_message_twice_posts_it_once(connect, ana):
    town = ana.opens("public")
    phone, same = connect(ana), str(uuid.uuid4())
    first = phone.sends(town, "once", client_msg_id=same).data
    again = phone.sends(town, "once", client_msg_id=same).data
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert again["message"] == first["message"]
    assert phone.sends(town, "other", client_msg_id=same).code == "idempotency_mismatch"
    assert len(ana.get(f"/channels/{town}/messages").data["messages"]) == 1


def test_signing_out_ends_the_connection_of_that_session_only(connect, ana):
    phone, other = connect(ana), connect(ana)
    sessions = ana.get("/sessions").data["sessions"]
    token = next(session["id"] for session in sessions if session["kind"] == "token")
    ana.delete(f"/sessions/{token}").expect(200)
    assert phone.disconnected.wait(5)
    assert other.disconnected.wait(5)
    assert ana.get("/session").status == 200


def test_catching_up_on_everything_at_once_is_bounded(connect, ana):
    channels = [ana.opens() for _ in range(4)]
    phone = connect(ana)
    for channel in channels:
        for number in range(150):
            phone.sends(channel, f"message {number}").expect()
    cursors = dict.fromkeys(channels, 0) | {ana.id: 0}
    streams = phone.asks("sync", {"cursors": cursors}).data["streams"]
    assert [streams[channel]["limited"] for channel in channels] == [False, False, False, True]
    assert streams[ana.id]["limited"] is False
    assert sum(len(stream["events"]) for stream in streams.values()) <= 500
