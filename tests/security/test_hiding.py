"""Nobody learns of what is not theirs: not by listening, not by guessing at ids, not by running the workspace."""

from __future__ import annotations

import uuid

import pytest

MISSING = "01" + "z" * 24
SECRET = "the secret plan"


@pytest.mark.parametrize("kind", ["private", "dm", "group_dm"])
def test_who_is_outside_hears_nothing_of_what_happens_inside(connect, owner, ana, bo, cleo, person, kind):
    outsider = person("outsider")
    den = {"private": lambda: ana.opens("private", bo), "dm": lambda: ana.talks_to(bo)}.get(
        kind, lambda: ana.talks_to(bo, cleo)
    )()
    insider, outside = connect(bo), [connect(outsider), connect(owner)]
    for phone in outside:
        assert phone.asks("subscribe", {"channel_id": den}).code == "channel_not_found"
    insider.looks_at(den)
    said = ana.says(den, f"{SECRET} @{outsider.username} @owner @channel")
    connect(ana).asks("typing", {"channel_id": den, "on": True}).expect(200)
    insider.hears("typing")
    ana.says(den, f"{SECRET}, in a thread, @{outsider.username}", thread_id=said["id"])
    ana.put(f"/messages/{said['id']}/reactions/👍").expect(200)
    ana.patch(f"/messages/{said['id']}", {"text": f"{SECRET}, changed @{outsider.username}"}).expect(200)
    if kind == "private":
        ana.patch(f"/channels/{den}", {"topic": SECRET}).expect(200)
        ana.removes(den, bo).expect(200)
        ana.post(f"/channels/{den}/archive").expect(200)
    insider.hears("message", lambda event: event["message"]["rev"] == 2)
    for phone in outside:
        heads = phone.asks("ping").expect(200).data["heads"]
        assert set(heads) == {phone.person.id}
        told = [(name, payload) for name, payload in phone.told if name not in ("hello", "heads")]
        assert told == []
        everything = str([*phone.told, phone.person.get("/channels").data])
        assert den not in everything
        assert SECRET not in everything


def test_the_channel_in_the_address_counts_whatever_the_body_says(ana, bo):
    den, town = bo.opens("private"), ana.opens("public")
    body = {"client_msg_id": str(uuid.uuid4()), "text": "hello", "channel_id": den}
    assert ana.post(f"/channels/{town}/messages", body).expect(201).data["message"]["channel_id"] == town
    assert bo.get(f"/channels/{den}/messages").data["messages"] == []


def test_anothers_client_msg_id_finds_nothing_of_theirs(ana, bo):
    den, town = bo.opens("private"), ana.opens("public")
    known = str(uuid.uuid4())
    bo.post(f"/channels/{den}/messages", {"client_msg_id": known, "text": SECRET}).expect(201)
    answer = ana.post(f"/channels/{town}/messages", {"client_msg_id": known, "text": "mine"}).expect(201).data
    assert (answer["duplicate"], answer["message"]["text"]) == (False, "mine")


def test_who_runs_the_workspace_gets_into_nobodys_conversation(owner, ana, bo):
    talk, den = ana.talks_to(bo), ana.opens("private", bo)
    ana.says(talk, SECRET)
    for hidden in (talk, den):
        refusals = [
            owner.post("/invites", {"channel_ids": [hidden]}),
            owner.post(f"/channels/{hidden}/members", {"user_id": owner.id}),
            owner.delete(f"/channels/{hidden}/members/{bo.id}"),
        ]
        missing = [
            owner.post("/invites", {"channel_ids": [MISSING]}),
            owner.post(f"/channels/{MISSING}/members", {"user_id": owner.id}),
            owner.delete(f"/channels/{MISSING}/members/{bo.id}"),
        ]
        assert [(reply.status, reply.error) for reply in refusals] == [(reply.status, reply.error) for reply in missing]
    together = owner.talks_to(ana, bo)
    assert together != talk
    assert owner.get(f"/channels/{together}/messages").data["messages"] == []


def test_nobody_ends_or_sees_anothers_sign_in(ana, bo):
    session_id = bo.get("/sessions").data["sessions"][0]["id"]
    assert ana.delete(f"/sessions/{session_id}").error == ana.delete(f"/sessions/{MISSING}").error
    assert bo.get("/session").status == 200
    assert session_id not in str(ana.get("/sessions").data)
