"""Ways to break a good run: each breaks one thing, and names the kind of anomaly that it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tests.faults.model import DEN, TOWN, World

Lines = list[dict[str, Any]]


def lines(world: World, client: str, **like: Any) -> Lines:
    """A client's lines that look like this."""
    return [line for line in world.clients[client].lines if like.items() <= line.items()]


def applied(world: World, client: str = "bo-1", channel: str = TOWN) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two messages that a client applied one right after the other, whose rows never changed again."""
    found = lines(world, client, do="applied", stream=channel, name="message")
    for one, other in pairwise(found):
        last = [world.truth.final[channel][line["row"]]["changed_seq"] for line in (one, other)]
        between = world.clients[client].lines
        quiet = between.index(other) - between.index(one) <= 3
        if quiet and other["prev"] == one["seq"] and last == [one["seq"], other["seq"]]:
            return one, other
    raise AssertionError("no such two messages in this run")


def acknowledged(world: World, action: str = "message") -> tuple[dict[str, Any], dict[str, Any]]:
    """Something that was asked, and its acknowledgement."""
    every = [line for client in world.clients.values() for line in client.lines]
    asked = {line["uuid"]: line for line in every if line["do"] == "ask" and line["action"] == action}
    oks = [line for line in every if line["do"] == "ok" and line["uuid"] in asked]
    return asked[oks[3]["uuid"]], oks[3]


def take_out(world: World, client: str, line: dict[str, Any]) -> None:
    world.clients[client].lines.remove(line)


def an_acknowledged_message_is_lost(world: World) -> None:
    """Not in the database, nor anywhere else: as if nobody had ever seen it, but for its sender's acknowledgement."""
    asked, ok = lines(world, "ana-1", do="ask", action="message")[0], {}
    ok = {"do": "ok", "uuid": "never", "id": "m-never", "seq": world.truth.heads[asked["channel_id"]] - 1}
    client = world.clients["ana-1"]
    client.lines += [asked | {"uuid": "never", "client_msg_id": "never"}, asked | ok]


def a_message_is_stored_twice(world: World) -> None:
    """Two rows of one client_msg_id, each with a number of its own; the sender asked once and knows the first."""
    asked, _ = acknowledged(world)
    posts = world.truth.posts
    first = next(post for post in posts if post.client_msg_id == asked["client_msg_id"])
    twin = [post for post in posts if (post.user_id, post.channel_id) == (first.user_id, first.channel_id)][-1]
    posts[posts.index(twin)] = twin._replace(client_msg_id=first.client_msg_id)
    for client in world.clients.values():
        client.lines = [line for line in client.lines if line.get("uuid") != twin.client_msg_id]


def a_message_is_sent_again_under_another_id(world: World) -> None:
    """Its sender knows one, the database has that and one more with the same text."""
    asked, _ = acknowledged(world)
    for name, client in world.clients.items():
        for line in lines(world, name, uuid=asked["uuid"]):
            take_out(world, name, line)
        if name == asked["client"]:
            client.lines.append(asked | {"uuid": "again", "client_msg_id": "again"})


def an_event_is_applied_twice(world: World) -> None:
    """The same event once more, right behind itself."""
    one, _ = applied(world)
    at = world.clients["bo-1"].lines
    at.insert(at.index(one) + 1, one)


def two_events_are_swapped(world: World) -> None:
    """The later one is applied before the earlier one."""
    one, other = applied(world)
    at = world.clients["bo-1"].lines
    first, second = at.index(one), at.index(other)
    at[first], at[second] = other, one


def an_event_is_skipped(world: World) -> None:
    """One event never came, and the client went on all the same."""
    one, _ = applied(world)
    take_out(world, "bo-1", one)


def a_cursor_jumps_over_what_the_server_said_was_overtaken(world: World) -> None:
    """As if the server's ``prev`` lied: the row between was not changed again."""
    one, other = applied(world)
    take_out(world, "bo-1", one)
    other["prev"] = one["prev"]


def an_answer_lacks_a_row(world: World) -> None:
    """What changed while one was away comes without one of the messages, and the cursor moves over it."""
    for name in world.clients:
        for line in lines(world, name, do="row", via="since"):
            row = world.truth.final[line["stream"]][line["row"]]
            if "client_msg_id" in row and row["thread_id"] is None and row["changed_seq"] == row["seq"]:
                return take_out(world, name, line)
    raise AssertionError("no such answer in this run")


def a_page_lacks_a_message(world: World) -> None:
    """The page that someone who joins gets has a hole."""
    for line in lines(world, "cleo-1", do="row", via="page", stream=DEN):
        if world.truth.last(DEN, line["row"]) == line["changed_seq"]:
            return take_out(world, "cleo-1", line)
    raise AssertionError("no such page in this run")


def an_answer_moves_the_cursor_back(world: World) -> None:
    at = world.clients["bo-1"].lines
    cursor = next(line for line in reversed(at) if line["do"] == "cursor")
    at.insert(at.index(cursor) + 1, cursor | {"cursor": cursor["cursor"] - 1, "via": "sync"})
    at.insert(at.index(cursor) + 2, cursor | {"cursor": cursor["cursor"] - 1, "via": "page"})
    at.insert(at.index(cursor) + 3, cursor | {"via": "sync"})


def a_foreign_message_is_applied(world: World) -> None:
    """A row that the database never had under this number."""
    one, _ = applied(world)
    one |= {"row": "m-foreign", "digest": "0" * 16}


def a_text_differs_from_what_was_committed(world: World) -> None:
    one, _ = applied(world)
    one["digest"] = "0" * 16


def what_was_rolled_back_is_told(world: World) -> None:
    """A frame beyond everything that was ever committed."""
    told = lines(world, "bo-1", do="told", stream=TOWN)[-1]
    world.clients["bo-1"].lines.append(told | {"prev": world.truth.heads[TOWN], "seq": world.truth.heads[TOWN] + 1})


def an_answer_tells_what_was_never_so(world: World) -> None:
    lines(world, "bo-1", do="row")[0]["digest"] = "0" * 16


def the_removed_hear_on(world: World) -> None:
    """A frame from between being removed and being let in again, at the time it was told to the others."""
    stay = world.truth.stays[DEN, "cleo"][0]
    told = next(line for line in lines(world, "bo-1", do="told", stream=DEN) if line["seq"] > stay.left)
    world.clients["cleo-1"].lines.append(told | {"client": "cleo-1", "user": "cleo"})


def a_stranger_counts_a_private_channel(world: World) -> None:
    """A member's program would hear this activity; theirs must not."""
    told = {"do": "told", "name": "activity", "stream": DEN, "seq": world.truth.heads[DEN]}
    world.clients["bo-1"].lines.append({"t": world.clock, "client": "dora-1", "user": "dora", **told})


def a_number_is_missing(world: World) -> None:
    """The first change of a message that changed again was given to no row, and nobody was told."""
    changes = (numbers for row, numbers in world.truth.numbers[TOWN].items() if row.startswith("m-"))
    number = next(numbers[1] for numbers in changes if len(numbers) > 2)
    del world.truth.versions[TOWN][number], world.truth.numbers
    for client in world.clients.values():
        client.lines = [line for line in client.lines if number not in (line.get("seq"), line.get("changed_seq"))]
        for line in client.lines:
            if line.get("prev") == number:
                line["prev"] = number - 1


def two_rows_have_one_number(world: World) -> None:
    version = next(version for version in world.truth.versions[TOWN].values() if version.kind == "member")
    world.truth.record(TOWN, version.number, "channel", "channel", json.dumps(world.truth.final[TOWN]["channel"]), 0.0)
    world.truth.final[TOWN]["channel"]["changed_seq"] = version.number


def a_row_changes_without_a_number(world: World) -> None:
    world.truth.final[TOWN]["channel"]["topic"] = "changed behind everyone's back"


def a_row_is_deleted(world: World) -> None:
    del world.truth.final[TOWN]["channel"]


def a_page_is_stale_at_rest(world: World) -> None:
    """It rests one number behind the head."""
    lines(world, "bo-1", do="holds", stream=TOWN)[0]["cursor"] -= 1


def a_page_shows_an_old_text_at_rest(world: World) -> None:
    rows = lines(world, "bo-1", do="holds", stream=TOWN)[0]["rows"]
    rows[next(iter(rows))][1] = "0" * 16


def a_page_lacks_a_message_at_rest(world: World) -> None:
    held = lines(world, "bo-1", do="holds", stream=TOWN)[0]["rows"]
    del held[world.truth.main_lines[TOWN][-1].id]


def rest_shows_less_than_there_is(world: World) -> None:
    world.snapshots["bo"][TOWN]["messages"].pop(0)


def rest_shows_a_message_twice(world: World) -> None:
    messages = world.snapshots["bo"][TOWN]["messages"]
    messages.append(messages[-1])


def rest_shows_a_private_channel_to_others(world: World) -> None:
    world.snapshots["dora"] = {DEN: world.snapshots["bo"][DEN]}


def a_page_counts_wrong(world: World) -> None:
    lines(world, "ana-1", do="holds", stream=TOWN)[0]["read"]["unread"] += 1


def rest_counts_wrong(world: World) -> None:
    world.snapshots["ana"][DEN]["read"]["mentions"] += 1


def a_thread_counts_wrong(world: World) -> None:
    """One reply is gone from the count that everyone sees."""
    reply = next(post for post in world.truth.posts if post.thread_id and not post.deleted)
    world.truth.posts[world.truth.posts.index(reply)] = reply._replace(deleted=True)


def a_refused_message_is_stored(world: World) -> None:
    _, ok = acknowledged(world)
    ok |= {"do": "refused", "code": "forbidden"}


def a_refused_edit_is_stored(world: World) -> None:
    _, ok = acknowledged(world, "edit")
    ok |= {"do": "refused", "code": "forbidden"}


def an_acknowledged_edit_is_not_there(world: World) -> None:
    asked, _ = acknowledged(world, "edit")
    asked["text"] = "another text"


def an_acknowledged_reaction_is_not_there(world: World) -> None:
    asked, _ = acknowledged(world, "addReaction")
    asked["emoji"] = "🦊"


def an_acknowledged_deletion_is_not_there(world: World) -> None:
    _, ok = acknowledged(world, "delete")
    ok["seq"] = world.truth.numbers[TOWN if ok["id"] in world.truth.final[TOWN] else DEN][ok["id"]][0]


def a_message_is_stored_with_another_text(world: World) -> None:
    asked, _ = acknowledged(world)
    asked["text"] = "what was really typed"


def someone_is_answered_what_nobody_asked(world: World) -> None:
    _, ok = acknowledged(world)
    world.clients["bo-1"].lines.append(ok | {"uuid": "foreign"})


def messages_of_one_sender_change_places(world: World) -> None:
    """The asks of one client, in the other order than they came to stand in."""
    asked = [
        line
        for line in lines(world, "ana-1", do="ask", action="message", channel_id=TOWN)
        if ("ana", line["client_msg_id"]) in world.truth.sent
    ]
    at = world.clients["ana-1"].lines
    first, second = at.index(asked[0]), at.index(asked[1])
    at[first], at[second] = at[second], at[first]


BREAKS: dict[Callable[[World], None], str] = {
    an_acknowledged_message_is_lost: "lost write",
    an_acknowledged_edit_is_not_there: "lost write",
    an_acknowledged_reaction_is_not_there: "lost write",
    an_acknowledged_deletion_is_not_there: "lost write",
    a_row_is_deleted: "lost write",
    a_message_is_stored_twice: "duplicate",
    a_message_is_sent_again_under_another_id: "duplicate",
    an_event_is_applied_twice: "duplicate",
    rest_shows_a_message_twice: "duplicate",
    two_events_are_swapped: "misordered",
    an_answer_moves_the_cursor_back: "misordered",
    an_event_is_skipped: "skipped",
    a_cursor_jumps_over_what_the_server_said_was_overtaken: "skipped",
    an_answer_lacks_a_row: "skipped",
    a_page_lacks_a_message: "skipped",
    a_foreign_message_is_applied: "dirty read",
    a_text_differs_from_what_was_committed: "dirty read",
    what_was_rolled_back_is_told: "dirty read",
    an_answer_tells_what_was_never_so: "dirty read",
    the_removed_hear_on: "leak",
    a_stranger_counts_a_private_channel: "leak",
    rest_shows_a_private_channel_to_others: "leak",
    a_number_is_missing: "hole",
    two_rows_have_one_number: "shared number",
    a_row_changes_without_a_number: "unnumbered change",
    a_page_is_stale_at_rest: "stale at rest",
    a_page_shows_an_old_text_at_rest: "stale at rest",
    a_page_lacks_a_message_at_rest: "stale at rest",
    rest_shows_less_than_there_is: "stale at rest",
    a_page_counts_wrong: "wrong count",
    rest_counts_wrong: "wrong count",
    a_thread_counts_wrong: "wrong count",
    a_refused_message_is_stored: "refused but stored",
    a_refused_edit_is_stored: "refused but stored",
    a_message_is_stored_with_another_text: "corrupt write",
    someone_is_answered_what_nobody_asked: "foreign answer",
    messages_of_one_sender_change_places: "sender order",
}
