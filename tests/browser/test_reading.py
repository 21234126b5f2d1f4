"""People read: what is new, far back and to the newest again, threads, versions, and links to messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.people import Screen
from tests.importers.support import Slack
from tests.support import Person, Phone, Server, until

Opens = Callable[..., Screen]
IN_VIEW = """row => {
    const at = row.getBoundingClientRect(), list = row.closest('[role=log]')?.getBoundingClientRect();
    return !!list && at.bottom > list.top && at.top < list.bottom;
}"""


@pytest.fixture
def long_town(town: str, bo: Person) -> tuple[str, list[str]]:
    """The same with 200 messages by bo, one after the other; the messages' ids too."""
    return town, [bo.says(town, f"number {n} of many")["id"] for n in range(200)]


def has_read(person: Person, channel: str) -> None:
    """They have nothing unread there any more."""
    person.put(f"/channels/{channel}/read", {"seq": 1_000_000}).expect(200)


def row(screen: Screen, n: int) -> Locator:
    return screen.message(f"number {n} of many")


def is_in_view(message: Locator) -> None:
    expect(message).to_be_visible()
    until(lambda: message.count() == 1 and message.evaluate(IN_VIEW))


def at_end(screen: Screen) -> None:
    """The log is scrolled to its end."""
    screen.page.wait_for_function(
        "l => l.scrollHeight - l.scrollTop - l.clientHeight < 5", arg=screen.log.element_handle()
    )


def turns_the_wheel(log: Locator, step: int, message: Locator) -> None:
    """Scroll until a message is in view."""
    log.hover()
    for _ in range(300):
        log.page.mouse.wheel(0, step)
        log.page.wait_for_timeout(15)
        if message.count() and message.evaluate(IN_VIEW):
            return
    raise AssertionError("there is no such message that way")


def unread_of(person: Person, channel: str) -> int:
    """What the server counts for them."""
    return person.get(f"/channels/{channel}").data["channel"]["read"]["unread"]


# What is new ---------------------------------------------------------------------------------------


def test_a_channel_opens_where_what_is_new_begins_and_is_read_at_its_end(
    screen: Opens, ana: Person, bo: Person, name: str, long_town: tuple[str, list[str]]
) -> None:
    town, _ = long_town
    seq = bo.get(f"/channels/{town}/messages", around=0, limit=200).data["messages"][99]["seq"]
    ana.put(f"/channels/{town}/read", {"seq": 1_000_000}).expect(200)
    ana.put(f"/channels/{town}/read", {"seq": seq, "unread": True}).expect(200)
    elsewhere = ana.opens("public", name=f"quiet-{name}")
    desk = screen(ana, f"/c/{elsewhere}")
    expect(desk.link(f"{name}, 100 unread")).to_be_visible()
    desk.goes_to(name)
    line = desk.log.get_by_text("New", exact=True)
    is_in_view(line)
    is_in_view(row(desk, 100))
    expect(desk.link(f"{name}, 100 unread")).to_be_visible()
    assert unread_of(ana, town) == 100

    desk.page.get_by_role("button", name="new messages").click()
    is_in_view(row(desk, 199))
    at_end(desk)
    expect(desk.link(name)).to_be_visible()
    # The page shows it before the server has heard of it.
    until(lambda: unread_of(ana, town) == 0)

    desk.page.get_by_role("button", name="New since").click()
    is_in_view(row(desk, 100))
    desk.page.keyboard.press("Escape")
    is_in_view(row(desk, 199))
    expect(desk.page.get_by_role("button", name="New since")).to_have_count(0)


def test_someone_marks_messages_unread_and_every_tab_and_device_agrees(
    screen: Opens, ana: Person, bo: Person, name: str, town: str
) -> None:
    for n in range(5):
        bo.says(town, f"number {n} of many")
    other = ana.opens("public", name=f"quiet-{name}")
    desk, phone = screen(ana, f"/c/{town}"), screen(ana, f"/c/{other}")
    expect(desk.link(name)).to_be_visible()
    expect(phone.link(name)).to_be_visible()
    row(desk, 2).hover()
    desk.presses("More actions", "number 2 of many")
    desk.page.get_by_role("menuitem", name="Mark unread from here").click()
    expect(desk.link(f"{name}, 3 unread")).to_be_visible()
    expect(phone.link(f"{name}, 3 unread")).to_be_visible()
    assert unread_of(ana, town) == 3
    bo.says(town, "one more")
    expect(phone.link(f"{name}, 4 unread")).to_be_visible()
    expect(desk.link(f"{name}, 4 unread")).to_be_visible()

    desk.goes_to(f"quiet-{name}")
    desk.goes_to(name)
    expect(desk.link(name)).to_be_visible()
    expect(phone.link(name)).to_be_visible()
    assert unread_of(ana, town) == 0


def test_what_comes_while_one_looks_away_is_new_until_one_is_back(
    screen: Opens, ana: Person, bo: Person, name: str, town: str
) -> None:
    bo.says(town, "seen")
    desk = screen(ana, f"/c/{town}")
    expect(desk.link(name)).to_be_visible()
    desk.is_connected()
    desk.page.evaluate("document.hasFocus = () => false; dispatchEvent(new Event('blur'))")
    bo.says(town, f"hello @{ana.username}")
    expect(desk.link(f"{name}, 1 unread, 1 mention")).to_be_visible()
    expect(desk.page).to_have_title(re.compile(r"^\(1\) "))
    expect(desk.log.get_by_text("New", exact=True)).to_be_visible()
    desk.page.evaluate("delete document.hasFocus; dispatchEvent(new Event('focus'))")
    expect(desk.link(name)).to_be_visible()
    expect(desk.page).to_have_title(re.compile(r"^[^(]"))


# Far back and to the newest again ------------------------------------------------------------------


def test_one_reads_back_to_the_beginning_and_forth_again_with_few_rows_in_the_page(
    screen: Opens, ana: Person, bo: Person, long_town: tuple[str, list[str]]
) -> None:
    town, _ = long_town
    has_read(ana, town)
    desk = screen(ana, f"/c/{town}")
    is_in_view(row(desk, 199))
    rows = desk.log.get_by_role("article")
    turns_the_wheel(desk.log, -700, row(desk, 0))
    expect(desk.log.get_by_text("This is the beginning of")).to_be_visible()
    assert rows.count() <= 160
    bo.says(town, "while ana reads old things")
    expect(desk.page.get_by_role("button", name="1 new message")).to_be_visible()
    is_in_view(row(desk, 0))
    turns_the_wheel(desk.log, 700, desk.message("while ana reads old things"))
    is_in_view(desk.message("while ana reads old things"))
    assert rows.count() <= 160


def test_one_keeps_ones_place_while_things_above_change_and_below_come(
    screen: Opens, ana: Person, bo: Person, long_town: tuple[str, list[str]]
) -> None:
    town, _ = long_town
    has_read(ana, town)
    desk = screen(ana, f"/c/{town}")
    is_in_view(row(desk, 199))
    desk.log.evaluate("log => log.scrollTop -= 600")
    expect(desk.page.get_by_role("button", name="Jump to the newest")).to_be_visible()
    here = desk.log.evaluate_handle(f"log => [...log.querySelectorAll('article')].find({IN_VIEW})")
    top = here.evaluate("row => row.getBoundingClientRect().top")
    before = here.evaluate("row => row.previousElementSibling.dataset.seq")
    message = next(m for m in bo.get(f"/channels/{town}/messages").data["messages"] if m["seq"] == int(before))
    bo.patch(f"/messages/{message['id']}", {"text": "much longer now\\n" * 12}).expect(200)
    desk.sees("much longer now")
    bo.says(town, "below")
    expect(desk.page.get_by_role("button", name="1 new message")).to_be_visible()
    assert abs(here.evaluate("row => row.getBoundingClientRect().top") - top) < 2


def test_what_comes_is_followed_only_by_whoever_is_at_the_end(
    screen: Opens, ana: Person, bo: Person, long_town: tuple[str, list[str]]
) -> None:
    town, _ = long_town
    has_read(ana, town)
    desk = screen(ana, f"/c/{town}")
    is_in_view(row(desk, 199))
    for n in range(3):
        bo.says(town, f"followed {n}\\n\\nover several lines")
        is_in_view(desk.message(f"followed {n}"))
        at_end(desk)


def test_a_channel_that_was_open_lately_is_there_at_once_also_without_a_connection(
    screen: Opens, ana: Person, bo: Person, name: str, town: str
) -> None:
    bo.says(town, "seen before")
    other = ana.opens("public", bo, name=f"quiet-{name}")
    desk = screen(ana, f"/c/{town}")
    desk.sees("seen before")
    desk.goes_to(f"quiet-{name}")
    desk.is_connected()
    desk.context.set_offline(True)
    expect(desk.status).to_contain_text("You are offline")
    desk.goes_to(name)
    desk.sees("seen before")
    bo.says(town, "said meanwhile")
    bo.says(other, "and elsewhere")
    desk.context.set_offline(False)
    desk.sees("said meanwhile")
    desk.sees("and elsewhere", times=0)
    expect(desk.link(f"quiet-{name}, 1 unread")).to_be_visible()


# Links to messages ---------------------------------------------------------------------------------


def test_a_link_to_an_old_message_opens_it_among_its_neighbours(
    screen: Opens, ana: Person, bo: Person, long_town: tuple[str, list[str]]
) -> None:
    town, ids = long_town
    has_read(ana, town)
    desk = screen(ana, f"/c/{town}/m/{ids[20]}")
    for n in (19, 20, 21):
        is_in_view(row(desk, n))
    expect(row(desk, 20)).to_be_focused()
    expect(desk.page.get_by_role("button", name="Jump to the newest")).to_be_visible()
    bo.says(town, "meanwhile, at the end")
    desk.says("I answer what I read")
    is_in_view(desk.message("I answer what I read"))
    is_in_view(desk.message("meanwhile, at the end"))
    expect(row(desk, 199)).to_have_count(1)


def test_a_copied_link_leads_back_to_its_message(
    screen: Opens, ana: Person, bo: Person, town: str, long_town: tuple[str, list[str]]
) -> None:
    desk = screen(ana, f"/c/{town}/m/{long_town[1][150]}")
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    is_in_view(row(desk, 150))
    row(desk, 150).focus()
    desk.page.keyboard.press("l")
    link = desk.page.evaluate("navigator.clipboard.readText()")
    assert link == f"{ana.server.url}/c/{town}/m/{long_town[1][150]}"


# Threads -------------------------------------------------------------------------------------------


def test_two_people_talk_in_a_thread_beside_the_channel(
    screen: Opens, ana: Person, bo: Person, name: str, town: str
) -> None:
    ana.says(town, "who brings the cake?")
    hers, his = screen(ana, f"/c/{town}"), screen(bo, f"/c/{town}")
    hers.is_connected(), his.is_connected()
    hers.presses("Reply in thread", "who brings the cake?")
    thread = hers.page.get_by_role("complementary", name="Thread")
    expect(thread.get_by_role("article").filter(has_text="who brings the cake?")).to_be_visible()
    field = thread.get_by_role("textbox")
    field.fill("me, if nobody else does")
    field.press("Enter")
    expect(thread.get_by_role("article").filter(has_text="me, if nobody else does")).to_have_count(1)
    link = his.message("who brings the cake?").get_by_role("link", name=re.compile("^1 reply"))
    link.click()
    his_thread = his.page.get_by_role("complementary", name="Thread")
    expect(his_thread.get_by_role("article").filter(has_text="me, if nobody else does")).to_be_visible()
    his_thread.get_by_role("textbox").fill("then I bring plates")
    his_thread.get_by_role("textbox").press("Enter")
    expect(thread.get_by_role("article").filter(has_text="then I bring plates")).to_have_count(1)
    main = hers.page.get_by_role("log", name=f"Messages in {name}")
    expect(main.get_by_role("article")).to_have_count(1)
    expect(main.get_by_role("link", name=re.compile("^2 replies"))).to_be_visible()
    hers.page.reload()
    expect(thread.get_by_role("article").filter(has_text="then I bring plates")).to_be_visible()
    thread.get_by_role("textbox").press("Escape")
    expect(thread).to_have_count(0)
    expect(hers.page).to_have_url(re.compile(f"/c/{town}$"))


def test_a_link_to_a_reply_opens_its_thread(screen: Opens, ana: Person, bo: Person, town: str) -> None:
    root = bo.says(town, "the question")["id"]
    replies = [bo.says(town, f"answer {n}", thread_id=root)["id"] for n in range(80)]
    desk = screen(ana, f"/c/{town}/t/{root}/m/{replies[70]}")
    thread = desk.page.get_by_role("log", name="Messages in the thread")
    is_in_view(thread.get_by_role("article").filter(has_text="answer 70"))
    turns_the_wheel(thread, -700, thread.get_by_text("answer 0", exact=True))


# Behind a message ----------------------------------------------------------------------------------


def test_whoever_wonders_sees_what_a_message_said_before(screen: Opens, ana: Person, bo: Person, town: str) -> None:
    message = bo.says(town, "we meet at nine")["id"]
    for text in ("we meet at ten", "we meet at eleven"):
        bo.patch(f"/messages/{message}", {"text": text}).expect(200)
    desk = screen(ana, f"/c/{town}")
    desk.message("we meet at eleven").get_by_role("link", name="(edited)").click()
    versions = desk.page.get_by_role("dialog", name="Versions of this message").get_by_role("listitem")
    expect(versions).to_have_text([re.compile("eleven"), re.compile("ten"), re.compile("nine")])
    desk.page.keyboard.press("Escape")
    expect(desk.message("we meet at eleven").get_by_role("link", name="(edited)")).to_be_focused()


def test_one_sees_who_reacted_with_what(screen: Opens, ana: Person, bo: Person, cleo: Person, town: str) -> None:
    cleo.joins(town)
    message = ana.says(town, "cake at four")["id"]
    for person, emoji in ((bo, "🎉"), (cleo, "🎉"), (cleo, "👍")):
        person.put(f"/messages/{message}/reactions/{emoji}")
    desk = screen(ana, f"/c/{town}")
    chip = desk.message("cake at four").get_by_role("button", name="🎉 2 reactions")
    expect(chip).to_have_attribute("title", re.compile("Bo.* Cleo.* reacted with 🎉|Cleo.* Bo.* reacted with 🎉"))
    desk.presses("More actions", "cake at four")
    desk.page.keyboard.press("End")
    desk.page.get_by_role("menuitem", name="Who reacted").click()
    dialog = desk.page.get_by_role("dialog", name="Who reacted")
    expect(dialog.get_by_role("listitem")).to_have_count(3)
    expect(dialog).to_contain_text(bo.username.title())


def test_a_deleted_message_leaves_a_mark_where_it_stood(
    screen: Opens, connect: Callable[..., Phone], ana: Person, bo: Person, town: str
) -> None:
    desk = screen(ana, f"/c/{town}")
    message = bo.says(town, "oh no")["id"]
    desk.sees("oh no")
    bo.delete(f"/messages/{message}").expect(200)
    expect(desk.message("This message was deleted.")).to_have_count(1)
    expect(desk.message("This message was deleted.").get_by_role("button")).to_have_count(0)


def test_arrows_go_from_message_to_message_and_letters_act(screen: Opens, ana: Person, town: str) -> None:
    for text in ("first", "second", "third"):
        ana.says(town, text)
    desk = screen(ana, f"/c/{town}")
    desk.sees("third")
    desk.log.focus()
    desk.page.keyboard.press("ArrowUp")
    desk.page.keyboard.press("ArrowUp")
    expect(desk.message("second")).to_be_focused()
    desk.page.keyboard.press("e")
    editor = desk.page.get_by_role("textbox", name="Edit message")
    expect(editor).to_be_focused()
    editor.press("Escape")
    desk.message("third").focus()
    desk.page.keyboard.press("Delete")
    desk.sees("third", times=0)


def test_whoever_reacted_among_more_than_a_hundred_still_knows_it(
    screen: Opens, own_server: Callable[..., Server], tmp_path: Path
) -> None:
    slack = Slack()
    crowd = [slack.person(f"fan{n}") for n in range(101)]
    slack.channel("stage", *crowd)
    slack.says("stage", crowd[0], "are you all here?", reactions=[{"name": "tada", "users": crowd, "count": 101}])
    server = own_server()
    owner = server.owner()
    assert server.chat("import", "slack", str(slack.exports(tmp_path / "crowd.zip"))).returncode == 0
    stage = next(row["id"] for row in owner.get("/channels").data["channels"] if row["name"] == "stage")
    owner.joins(stage).expect(201)
    desk = screen(owner, f"/c/{stage}")
    chip = desk.message("are you all here?").get_by_role("button", name="reactions")
    expect(chip).to_have_accessible_name("🎉 101 reactions")
    chip.click()
    expect(chip).to_have_accessible_name("🎉 102 reactions, yours among them")
    expect(desk.log.get_by_text("Saving…")).to_have_count(0)
    desk.page.reload()
    expect(chip).to_have_accessible_name("🎉 102 reactions, yours among them")
    chip.click()
    expect(chip).to_have_accessible_name("🎉 101 reactions")


def test_what_one_changes_in_a_message_stays_while_one_reads_elsewhere(
    screen: Opens, ana: Person, bo: Person, name: str, town: str
) -> None:
    ana.says(town, "a first try")
    for n in range(70):
        bo.says(town, f"number {n} of many")
    has_read(ana, town)
    desk = screen(ana, f"/c/{town}")
    is_in_view(row(desk, 69))
    turns_the_wheel(desk.log, -700, desk.message("a first try"))
    desk.presses("Edit", "a first try")
    editor = desk.page.get_by_role("textbox", name="Edit message")
    editor.press_sequentially(", and more")
    editor.press("PageDown")
    turns_the_wheel(desk.log, 700, row(desk, 69))
    turns_the_wheel(desk.log, -700, row(desk, 0))
    expect(editor).to_have_value("a first try, and more")
    editor.press("Escape")
    expect(editor).to_have_count(0)
    expect(row(desk, 0)).to_be_visible()
    is_in_view(row(desk, 0))
