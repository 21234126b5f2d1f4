"""Everything somebody can cause has a price, paid by the person: over all sessions, tokens, connections and doors."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
import requests

from chat.actors import Asker
from chat.dispatch import ACTIONS
from chat.errors import ChatError
from chat.limits import MAX_STREAMS
from chat.rates import RATES, TELLING, Pace, Rates, parse
from tests.support import Database, Person, Phone, Reply, Server

UNBOUND = "message=1000/1000, sync=1000/1000, create=1000/1000, typing=1000/1000, event=1000/1000, address=1000/1000"


def refused(replies: list[Reply]) -> list[Reply]:
    assert {reply.code for reply in replies} <= {"ok", "rate_limited"}, {reply.code for reply in replies}
    return [reply for reply in replies if reply.code == "rate_limited"]


# The table -----------------------------------------------------------------------------------------------

# What each action counts as. Who adds one decides here what it costs, and nobody's is left out.
WRITES_TO_CHANNELS = {"message", "edit", "delete", "addReaction", "removeReaction"}
PRICES = {
    "message": WRITES_TO_CHANNELS,
    "typing": {"typing"},
    "read": {"markRead"},
    "sync": {
        *("subscribe", "sync", "hello", "show_page", "list_channels", "list_members", "list_users", "list_sessions"),
        *("list_revisions", "list_invites", "create_ticket"),
    },
    "create": {
        *("create_channel", "open_conversation", "update_channel", "archive_channel", "add_member", "remove_member"),
        *("create_token", "create_invite", "update_me", "change_password"),
    },
    "address": {"sign_in", "sign_up"},
    "event": {
        *("ping", "unsubscribe", "show_me", "show_session", "show_channel", "show_message", "sign_out", "end_session"),
        *("end_other_sessions", "end_invite", "use_ticket", "open_connection"),
    },
}


def test_every_action_has_a_price() -> None:
    assert set(PRICES) <= set(RATES)
    assert {name: action.rate for name, action in ACTIONS.items()} == {
        name: rate for rate, names in PRICES.items() for name in names
    }


def test_what_makes_or_lists_is_never_as_cheap_as_a_look() -> None:
    for name, action in ACTIONS.items():
        if name.startswith(("create_", "add_", "update_", "open_conv", "list_")):
            assert action.rate in ("create", "sync"), name


def test_what_is_told_to_others_waits_while_they_still_receive_what_came_before() -> None:
    told_to_others = {action.rate for name, action in ACTIONS.items() if action.writes} - {"read", "event", "address"}
    assert told_to_others == set(TELLING)


# The purse -----------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moment = [1000.0]
    monkeypatch.setattr("chat.rates.time.monotonic", lambda: moment[0])
    return moment


def test_what_counts_as_several_takes_several(clock: list[float]) -> None:
    pace = Pace(per_second=2, burst=10)
    assert pace.take("ana", 8) == 0
    assert pace.take("ana", 4) == pytest.approx(1)
    assert pace.take("ana", 2) == 0
    assert pace.take("bo", 10) == 0


def test_what_was_spent_beyond_the_purse_is_waited_for(clock: list[float]) -> None:
    pace = Pace(per_second=10, burst=20)
    pace.spend("ana", 50)
    assert pace.take("ana", 0) == pytest.approx(3)
    assert pace.take("bo", 0) == 0
    clock[0] += 3
    assert pace.take("ana", 0) == 0


def asked(rates: Rates, asker: Asker, rate: str = "event", amount: int = 1) -> bool:
    try:
        rates.check(asker, rate)
        rates.charge(asker, rate, amount)
    except ChatError:
        return False
    return True


def test_a_person_has_twice_what_one_connection_has_over_all_of_them(clock: list[float]) -> None:
    rates = parse("event=1/10")
    connections = [Asker(f"session {number % 4}", "ana", connection=f"connection {number}") for number in range(8)]
    assert sum(asked(rates, connections[0]) for _ in range(15)) == 10
    assert sum(asked(rates, each) for each in connections[1:] for _ in range(10)) == 10
    assert asked(rates, Asker("another", "bo"))


def test_signing_in_counts_for_the_address_also_of_somebody_who_is_signed_in(clock: list[float]) -> None:
    rates = parse("address=1/3, event=100/100")
    askers = [Asker(f"session {number}", f"person {number}", address="192.0.2.1") for number in range(5)]
    assert [asked(rates, each, "address") for each in askers] == [True, True, True, False, False]


def test_who_waits_as_long_as_was_said_is_served_whatever_it_costs(clock: list[float]) -> None:
    rates, ana = parse("sync=1/10"), Asker("session", "ana")
    assert asked(rates, ana, "sync", 8)
    with pytest.raises(ChatError) as refusal:
        rates.charge(ana, "sync", 8)
    clock[0] += (refusal.value.retry_after_ms or 0) / 1000
    assert asked(rates, ana, "sync", 8)
    clock[0] += 10
    assert asked(rates, ana, "sync", 1000), "what costs more than there can ever be takes all there is"


# At the doors --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def start(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Starts servers, all of whose rates are out of reach but for these."""
    servers: list[Server] = []

    def begin(rates: str) -> Server:
        folder = tmp_path_factory.mktemp("prices")
        servers.append(Server(folder, {"RATE_LIMITS": f"{UNBOUND}, {rates}"}, database()).start())
        return servers[-1]

    yield begin
    for server in servers:
        server.stop()


def test_making_things_has_one_price_whatever_is_made(start: Callable[[str], Server]) -> None:
    server = start("create=0.2/8")
    ana = server.owner()
    den = ana.post("/channels", {"name": "den", "kind": "private"})
    made = [
        den,
        ana.post("/channels", {"name": "town", "kind": "public"}),
        ana.post("/tokens", {"name": "one"}),
        ana.post("/invites", {}),
        ana.patch(f"/channels/{den.data['channel']['id']}", {"topic": "new"}),
        ana.patch("/users/me", {"display_name": "Ana"}),
        *(ana.post("/channels", {"name": f"room {number}", "kind": "private"}) for number in range(6)),
    ]
    held_back = refused(made)
    assert 3 <= len(held_back) <= 4
    assert (made[-1].status, made[-1].error["retryable"]) == (429, True)
    assert ana.says(den.data["channel"]["id"], "talking goes on")


def test_more_tokens_are_no_way_to_ask_more(start: Callable[[str], Server]) -> None:
    server = start("event=0.5/30")
    ana = server.owner()
    tokens = [ana.post("/tokens", {"name": f"{number}"}).expect(201).data["token"] for number in range(6)]

    def ask(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{server.url}/api/v1/users/me", headers=headers, timeout=10).status_code

    statuses = [ask(token) for _ in range(20) for token in tokens]  # 20 by each, which is less than one may
    assert set(statuses) == {200, 429}
    assert statuses.count(200) <= 60


def test_catching_up_costs_by_the_streams_it_asks_for(start: Callable[[str], Server], connect) -> None:
    server = start("sync=0.2/14")
    phone = connect(server.owner())
    few = {"cursors": {"nothing": 1}}
    many = {"cursors": {f"nothing {number}": 1 for number in range(200)}}
    assert phone.asks("sync", many).code == "ok"
    assert phone.asks("sync", many).code == "rate_limited"
    assert [phone.asks("sync", few).code for _ in range(8)].count("ok") <= 3


def test_four_devices_that_were_away_from_two_hundred_channels_come_back_at_once(own_server, connect) -> None:
    """With the usual rates, and everything that the web client asks when it comes back."""
    server = own_server(RATE_LIMITS="")
    ana = server.owner()
    town = ana.opens("public")
    ana.says(town, "hello")
    asked = {"cursors": {f"channel {number}": 1 for number in range(MAX_STREAMS)}}
    for device in [connect(ana) for _ in range(4)]:
        assert device.asks("sync", asked).code == "ok"
        device.looks_at(town)
        assert device.asks("markRead", {"channel_id": town, "seq": 1}).code == "ok"
        assert all(device.asks("typing", {"channel_id": town, "on": on}).code == "ok" for on in (True, False))
        assert device.sends(town, "I am back").code == "ok"


@pytest.fixture
def typing(server: Server, person, connect) -> tuple[Phone, Phone, str, str]:
    """Somebody who types, somebody who looks, and where: a channel and a message in it."""
    ana, bo = person("ana"), person("bo")
    town = ana.opens("public", bo)
    root = ana.says(town, "hello")["id"]
    writer, reader = connect(ana), connect(bo)
    reader.looks_at(town)
    return writer, reader, town, root


def test_nobody_types_in_a_thread_that_does_not_exist_there(typing: tuple[Phone, Phone, str, str]) -> None:
    writer, reader, town, root = typing
    elsewhere = writer.person.opens()
    foreign = writer.person.says(elsewhere, "hello")["id"]
    reply = writer.person.says(town, "a reply", thread_id=root)["id"]
    for thread_id in ("x" * 60_000, "nothing", "", foreign, reply):
        answer = writer.asks("typing", {"channel_id": town, "on": True, "thread_id": thread_id})
        assert (answer.code, answer.error["field"]) == ("thread_not_found", "thread_id")
    assert writer.asks("typing", {"channel_id": town, "on": True, "thread_id": root}).code == "ok"
    assert reader.hears("typing") == {"channel_id": town, "thread_id": root, "user_ids": [writer.person.id]}
    assert len(reader.events("typing")) == 1


def test_a_message_in_a_thread_without_a_name_is_refused(typing: tuple[Phone, Phone, str, str]) -> None:
    writer, _, town, _ = typing
    assert writer.sends(town, "hello", thread_id="").code == "thread_not_found"


def test_typing_has_a_pace_over_all_connections(start: Callable[[str], Server], connect) -> None:
    server = start("typing=0.2/6")
    ana = server.owner()
    den, phones = ana.opens("private"), [connect(ana), connect(ana)]
    replies = [phones[n % 2].asks("typing", {"channel_id": den, "on": bool(n % 4 < 2)}) for n in range(10)]
    assert 3 <= len(refused(replies)) <= 4
    assert phones[0].sends(den, "sent all the same").code == "ok"


@pytest.fixture(scope="module")
def loud(start: Callable[[str], Server]) -> Server:
    """A server where 20 kB may be told at once, and then one a second."""
    return start("told=0.5/20")


@pytest.fixture
def hall(loud: Server, connect) -> tuple[Person, Phone, Phone, str]:
    """Somebody who speaks, a phone of theirs, somebody else's, and a channel that four more look at."""
    owner = loud.owner()
    ana, bo = loud.person("ana", owner), loud.person("bo", owner)
    hall = ana.opens("public", bo)
    for _ in range(4):
        connect(bo).looks_at(hall)
    return ana, connect(ana), connect(bo), hall


def test_what_others_are_made_to_receive_is_paid_for(hall: tuple[Person, Phone, Phone, str]) -> None:
    _, anas, bos, town = hall
    sent = [anas.sends(town, "x" * 3000) for _ in range(4)]  # about 15 kB each, by four listeners
    assert [reply.code for reply in sent] == ["ok", "ok", "rate_limited", "rate_limited"]
    assert sent[-1].error["retry_after_ms"] > 1000
    message_id = sent[0].data["message"]["id"]
    assert anas.asks("addReaction", {"message_id": message_id, "emoji": "👍"}).code == "rate_limited"
    assert anas.person.post("/channels", {"name": "more", "kind": "public"}).code == "rate_limited"
    assert anas.asks("ping").code == "ok"
    assert bos.sends(town, "somebody else").code == "ok"


def test_a_reply_pays_for_the_message_it_answers_which_is_told_with_it(hall: tuple[Person, Phone, Phone, str]) -> None:
    _, anas, bos, town = hall
    root = bos.sends(town, "x" * 3000).data["message"]["id"]
    replies = [anas.sends(town, "y", thread_id=root) for _ in range(4)]
    assert [reply.code for reply in replies] == ["ok", "ok", "rate_limited", "rate_limited"]


def test_what_nobody_hears_costs_nothing(hall: tuple[Person, Phone, Phone, str]) -> None:
    ana, anas, _, _ = hall
    den = ana.opens("private")
    assert not refused([anas.sends(den, "x" * 3000) for _ in range(12)])


def test_a_repeat_is_not_paid_for_again(hall: tuple[Person, Phone, Phone, str]) -> None:
    _, anas, _, town = hall
    body = {"channel_id": town, "client_msg_id": str(uuid.uuid4()), "text": "x" * 2000}
    replies = [anas.asks("message", body) for _ in range(6)]
    assert not refused(replies)
    assert [reply.data["duplicate"] for reply in replies] == [False, *[True] * 5]
