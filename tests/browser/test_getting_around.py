"""People find their way: by keys, by names, through a channel's details, among people."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, expect

from tests.browser.people import Screen
from tests.support import Person, until

Opens = Callable[..., Screen]


def shown(person: Person) -> str:
    """What others call them on the page."""
    return person.username.title()


def is_in(desk: Screen, name: str) -> None:
    expect(desk.page.get_by_role("heading", level=1)).to_have_text(name)


def switcher(desk: Screen) -> Locator:
    return desk.page.get_by_role("dialog", name="Go to")


def details(desk: Screen, page: str = "About") -> Locator:
    """Open the details of the channel one is in."""
    desk.page.get_by_role("main").get_by_role("button", name="Details" if page == "About" else page).click()
    return desk.page.get_by_role("dialog")


def unread(person: Person, channel: str) -> int:
    return int(person.get(f"/channels/{channel}").data["channel"]["read"]["unread"])


# By keys -------------------------------------------------------------------------------------------


def test_whoever_closes_it_and_opens_it_again_at_once_types_into_it(screen: Opens, ana: Person, tag: str) -> None:
    ana.opens("private", name=f"garden {tag}")
    desk = screen(ana, f"/c/{ana.opens('public', name=f'home-{tag}')}")
    desk.is_connected()
    desk.composer.focus()
    for _ in range(10):
        desk.page.keyboard.press("Control+k")
        desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type(f"gar {tag}")
    expect(switcher(desk).get_by_role("option")).to_have_count(1)
    desk.page.keyboard.press("Enter")
    is_in(desk, f"garden {tag}")
    expect(desk.composer).to_have_value("")


def test_someone_goes_anywhere_with_a_few_letters(
    screen: Opens, ana: Person, bo: Person, cleo: Person, tag: str
) -> None:
    home = ana.opens("public", name=f"home-{tag}")
    ana.opens("private", bo, name=f"garden {tag}")
    bo.opens("public", name=f"harbour-{tag}")
    desk = screen(ana, f"/c/{home}")
    desk.is_connected()
    desk.composer.focus()

    desk.page.keyboard.press("Control+k")
    field = switcher(desk).get_by_role("combobox", name="Channel or person")
    expect(field).to_be_focused()
    desk.page.keyboard.press("Escape")
    expect(switcher(desk)).to_have_count(0)
    expect(desk.composer).to_be_focused()

    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type(f"gar {tag}")
    expect(switcher(desk).get_by_role("option")).to_have_count(1)
    desk.page.keyboard.press("Enter")
    is_in(desk, f"garden {tag}")
    expect(desk.composer).to_be_focused()

    desk.page.get_by_role("button", name="Go to…").click()
    desk.page.keyboard.type(tag)
    options = switcher(desk).get_by_role("option")
    expect(options).to_have_count(3)
    expect(switcher(desk).get_by_role("option", name=f"harbour-{tag}, not joined")).to_be_visible()
    first, second = options.nth(0).get_attribute("id"), options.nth(1).get_attribute("id")
    expect(field).to_have_attribute("aria-activedescendant", first or "")
    desk.page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", second or "")
    desk.page.keyboard.press("ArrowUp")
    desk.page.keyboard.press("ArrowUp")
    expect(options.nth(2)).to_have_attribute("aria-selected", "true")
    desk.page.keyboard.press("Control+k")
    expect(switcher(desk)).to_have_count(0)

    desk.page.keyboard.press("Control+k")
    desk.page.keyboard.type(cleo.username)
    expect(switcher(desk).get_by_role("option")).to_have_accessible_name(f"{shown(cleo)}, @{cleo.username}")
    desk.page.keyboard.press("Enter")
    is_in(desk, shown(cleo))


def test_what_is_unread_comes_first_while_nothing_is_typed(screen: Opens, ana: Person, bo: Person, tag: str) -> None:
    home = ana.opens("public", bo, name=f"a-{tag}")
    visited = ana.opens("public", bo, name=f"d-{tag}")
    unheard = ana.opens("public", bo, name=f"c-{tag}")
    ana.opens("public", bo, name=f"b-{tag}")
    desk = screen(ana, f"/c/{visited}")
    desk.is_connected()
    desk.goes_to(f"a-{tag}")
    bo.says(unheard, "hello")
    expect(desk.link(f"c-{tag}, 1 unread")).to_be_visible()
    desk.page.keyboard.press("Control+k")
    options = switcher(desk).get_by_role("option")
    expect(options).to_have_count(3)
    names = [option.get_attribute("aria-label") for option in options.all()]
    assert names == [f"c-{tag}, 1 unread", f"d-{tag}", f"b-{tag}"]
    assert desk.page.url.endswith(home)


def test_keys_lead_from_channel_to_channel_and_from_unread_to_unread(
    screen: Opens, ana: Person, bo: Person, tag: str
) -> None:
    one, _, three, four = [ana.opens("public", bo, name=f"{letter}-{tag}") for letter in "abcd"]
    talk = ana.talks_to(bo)
    desk = screen(ana, f"/c/{one}")
    desk.is_connected()
    desk.composer.fill("a draft")
    desk.page.keyboard.press("Alt+ArrowDown")
    is_in(desk, f"b-{tag}")
    desk.page.keyboard.press("Alt+ArrowUp")
    is_in(desk, f"a-{tag}")
    expect(desk.composer).to_have_value("a draft")
    desk.page.keyboard.press("Alt+ArrowUp")
    is_in(desk, shown(bo))
    bo.says(three, "hello"), bo.says(four, "hello")
    expect(desk.link(f"c-{tag}, 1 unread")).to_be_visible()
    expect(desk.link(f"d-{tag}, 1 unread")).to_be_visible()
    desk.page.keyboard.press("Alt+Shift+ArrowDown")
    is_in(desk, f"c-{tag}")
    expect(desk.link(f"c-{tag}")).to_be_visible()
    desk.page.keyboard.press("Alt+Shift+ArrowUp")
    is_in(desk, f"d-{tag}")
    assert talk


def test_shift_escape_marks_everything_as_read(screen: Opens, ana: Person, bo: Person, tag: str) -> None:
    home = ana.opens("public", bo, name=f"home-{tag}")
    town = ana.opens("public", bo, name=f"town-{tag}")
    talk = ana.talks_to(bo)
    desk = screen(ana, f"/c/{home}")
    desk.is_connected()
    bo.says(town, f"@{ana.username} hello"), bo.says(talk, "hello")
    expect(desk.link(f"town-{tag}, 1 unread, 1 mention")).to_be_visible()
    expect(desk.link(f"{shown(bo)}, 1 unread")).to_be_visible()
    desk.page.keyboard.press("Shift+Escape")
    expect(desk.link(f"town-{tag}")).to_be_visible()
    expect(desk.link(shown(bo))).to_be_visible()
    # The page shows it before the server has heard of it.
    until(lambda: (unread(ana, town), unread(ana, talk)) == (0, 0))


def test_a_question_mark_lists_the_keys_unless_one_is_writing(screen: Opens, ana: Person, tag: str) -> None:
    town = ana.opens("public", name=f"town-{tag}")
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    listed = desk.page.get_by_role("dialog", name="Keyboard shortcuts")
    desk.composer.press_sequentially("what?")
    expect(desk.composer).to_have_value("what?")
    expect(listed).to_have_count(0)
    desk.log.focus()
    desk.page.keyboard.press("?")
    expect(listed).to_contain_text("Mark everything as read")
    desk.page.keyboard.press("Escape")
    expect(listed).to_have_count(0)
    desk.page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(listed).to_be_visible()


def test_the_open_channel_is_in_view_in_a_long_list(screen: Opens, ana: Person, tag: str) -> None:
    ids = [ana.opens("public", name=f"room-{tag}-{number:02}") for number in range(40)]
    desk = screen(ana, f"/c/{ids[-1]}")
    desk.is_connected()
    expect(desk.link(f"room-{tag}-39")).to_be_in_viewport()
    desk.page.keyboard.press("Alt+ArrowDown")
    expect(desk.link(f"room-{tag}-00")).to_be_in_viewport()


def test_what_is_unread_out_of_sight_is_pointed_at(screen: Opens, ana: Person, bo: Person, tag: str) -> None:
    ids = [ana.opens("public", bo, name=f"room-{tag}-{number:02}") for number in range(40)]
    desk = screen(ana, f"/c/{ids[0]}")
    desk.is_connected()
    below, above = (desk.page.get_by_role("button", name=f"Unread {where}") for where in ("below", "above"))
    expect(below).to_have_count(0)
    bo.says(ids[-1], "hello")
    below.click()
    expect(desk.link(f"room-{tag}-39, 1 unread")).to_be_in_viewport()
    expect(below).to_have_count(0)
    bo.says(ids[1], "hello")
    above.click()
    expect(desk.link(f"room-{tag}-01, 1 unread")).to_be_in_viewport()
    expect(above).to_have_count(0)


# A channel's details -------------------------------------------------------------------------------


def test_who_runs_a_channel_changes_its_topic_and_its_name(screen: Opens, ana: Person, bo: Person, tag: str) -> None:
    town = ana.opens("public", bo, name=f"town-{tag}")
    ana.opens("public", name=f"taken-{tag}")
    hers, his = screen(ana, f"/c/{town}"), screen(bo, f"/c/{town}")
    hers.is_connected(), his.is_connected()
    dialog = details(hers)
    dialog.get_by_label("Topic").fill("All about it")
    dialog.get_by_role("button", name="Save").click()
    expect(his.page.get_by_role("main").get_by_text("All about it")).to_be_visible()
    dialog.get_by_label("Name").fill(f"taken-{tag}")
    dialog.get_by_role("button", name="Rename").click()
    expect(dialog.get_by_role("alert")).to_contain_text("taken")
    dialog.get_by_label("Name").fill(f"city-{tag}")
    dialog.get_by_role("button", name="Rename").click()
    is_in(his, f"city-{tag}")
    expect(his.link(f"city-{tag}")).to_be_visible()

    dialog = details(his)
    expect(dialog).to_contain_text("All about it")
    expect(dialog).to_contain_text(f"Created by {shown(ana)}")
    expect(dialog.get_by_label("Name")).to_have_count(0)
    expect(dialog.get_by_role("button", name="Archive channel")).to_have_count(0)
    expect(dialog.get_by_role("button", name="Leave channel")).to_be_visible()


def test_someone_is_added_and_taken_out(screen: Opens, ana: Person, bo: Person, cleo: Person, tag: str) -> None:
    plans = ana.opens("private", bo, name=f"plans-{tag}")
    hers, cleos = screen(ana, f"/c/{plans}"), screen(cleo)
    hers.is_connected(), cleos.is_connected()
    dialog = details(hers, "Members")
    expect(dialog.get_by_role("tab", name="Members (2)")).to_have_attribute("aria-selected", "true")
    dialog.get_by_label("Add someone").fill(cleo.username)
    dialog.get_by_role("button", name=f"Add {shown(cleo)}").click()
    expect(dialog.get_by_role("tab", name="Members (3)")).to_be_visible()
    expect(cleos.link(f"plans-{tag}")).to_be_visible()
    dialog.get_by_role("button", name=f"Remove {shown(cleo)}").click()
    expect(dialog.get_by_role("tab", name="Members (2)")).to_be_visible()
    expect(cleos.link(f"plans-{tag}")).to_have_count(0)


def test_leaving_a_private_channel_is_asked_twice_and_a_public_one_is_not(
    screen: Opens, ana: Person, bo: Person, tag: str
) -> None:
    plans = ana.opens("private", bo, name=f"plans-{tag}")
    ana.opens("public", bo, name=f"town-{tag}")
    his = screen(bo, f"/c/{plans}")
    his.is_connected()
    dialog = details(his)
    dialog.get_by_role("button", name="Leave channel").click()
    expect(dialog).to_contain_text("you cannot come back by yourself")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    his.page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Leave channel")).to_be_focused()
    his.page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Leave channel").click()
    is_in(his, f"town-{tag}")
    expect(his.link(f"plans-{tag}")).to_have_count(0)
    details(his).get_by_role("button", name="Leave channel").click()
    expect(his.page).to_have_url(re.compile("/browse$"))
    expect(his.link(f"town-{tag}")).to_have_count(0)
    expect(his.page.get_by_role("button", name=f"Join town-{tag}")).to_be_visible()


def test_a_public_channel_becomes_private(screen: Opens, ana: Person, cleo: Person, tag: str) -> None:
    town = ana.opens("public", name=f"town-{tag}")
    hers, outside = screen(ana, f"/c/{town}"), screen(cleo, f"/c/{town}")
    outside.is_connected()
    expect(outside.page.get_by_role("button", name="Join channel")).to_be_visible()
    dialog = details(hers)
    dialog.get_by_role("button", name="Make private").click()
    expect(dialog).to_contain_text("It can never be made public again")
    dialog.get_by_role("button", name="Make private").click()
    expect(dialog).to_contain_text("Private: only its members see it.")
    expect(dialog.get_by_role("button", name="Make private")).to_have_count(0)
    outside.page.reload()
    expect(outside.page.get_by_text("This channel does not exist, or you may not see it.")).to_be_visible()


def test_an_archived_channel_can_be_read_and_found_and_nothing_else(
    screen: Opens, ana: Person, bo: Person, tag: str
) -> None:
    town = ana.opens("public", bo, name=f"town-{tag}")
    ana.says(town, "the last word")
    hers, his = screen(ana, f"/c/{town}"), screen(bo, f"/c/{town}")
    hers.is_connected(), his.is_connected()
    dialog = details(hers)
    dialog.get_by_role("button", name="Archive channel").click()
    dialog.get_by_role("button", name="Archive channel").click()
    expect(dialog).to_contain_text("Archived on")
    expect(his.page.get_by_text("This channel is archived.")).to_be_visible()
    his.sees("the last word")
    expect(his.composer).to_have_count(0)
    expect(his.link(f"town-{tag}")).to_have_count(0)
    his.page.keyboard.press("Control+k")
    his.page.keyboard.type(f"town-{tag}")
    expect(switcher(his).get_by_role("option", name=f"town-{tag}, archived")).to_be_visible()


# People --------------------------------------------------------------------------------------------


def test_several_people_make_a_group(screen: Opens, ana: Person, bo: Person, cleo: Person, town: str) -> None:
    hers, his = screen(ana), screen(bo, f"/c/{town}")  # who has no channel is shown the first that comes
    hers.is_connected(), his.is_connected()
    hers.page.get_by_role("button", name="New message").click()
    dialog = hers.page.get_by_role("dialog")
    chosen = dialog.get_by_role("list", name="Chosen people").get_by_role("listitem")
    expect(dialog.get_by_label("Find people")).to_be_focused()
    for person in (bo, cleo, cleo):
        hers.page.keyboard.type(person.username)
        expect(dialog.get_by_role("checkbox")).to_have_count(1)
        hers.page.keyboard.press("Enter")
        hers.page.keyboard.press("Control+a")
        hers.page.keyboard.press("Delete")
    expect(chosen).to_have_text([shown(bo), shown(cleo)])
    hers.page.keyboard.press("Backspace")
    expect(chosen).to_have_text([shown(bo)])
    hers.page.keyboard.type(cleo.username)
    hers.page.keyboard.press("Enter")
    expect(chosen).to_have_text([shown(bo), shown(cleo)])
    hers.page.keyboard.press("Enter")
    expect(hers.composer).to_have_attribute("aria-label", f"Message {shown(bo)}, {shown(cleo)}")
    hers.says("the three of us")
    group = his.channels.get_by_role("link", name=re.compile(f"{shown(cleo)}.*1 unread"))
    expect(group).to_be_visible()
    group.click()
    his.sees("the three of us")
    dialog = details(his, "Members")
    for person in (ana, bo, cleo):
        expect(dialog.get_by_role("listitem").filter(has_text=shown(person))).to_be_visible()
    expect(dialog.get_by_label("Add someone")).to_have_count(0)
    expect(dialog.get_by_role("button", name=re.compile("^Remove"))).to_have_count(0)


def test_everyone_is_on_the_page_of_people_and_can_be_written_to(screen: Opens, ana: Person, bo: Person) -> None:
    desk = screen(ana)
    desk.page.get_by_role("link", name="People", exact=True).click()
    is_in(desk, "People")
    people = desk.page.get_by_role("main").get_by_role("listitem")
    desk.page.get_by_label("Find someone").fill("nobody at all")
    expect(desk.page.get_by_text("Nobody is called so.")).to_be_visible()
    desk.page.get_by_label("Find someone").fill(bo.username)
    expect(people).to_have_count(1)
    expect(people).to_contain_text(f"@{bo.username}")
    people.get_by_role("button", name=f"Message {shown(bo)}").click()
    is_in(desk, shown(bo))
    desk.says("hello bo")
    desk.sees("hello bo")


def test_who_left_the_workspace_is_marked_and_cannot_be_written_to(screen: Opens, ana: Person, bo: Person) -> None:
    ana.server.chat("user", "deactivate", bo.username)
    desk = screen(ana, "/people")
    desk.page.get_by_label("Find someone").fill(bo.username)
    row = desk.page.get_by_role("main").get_by_role("listitem")
    expect(row).to_contain_text("deactivated")
    expect(row.get_by_role("button")).to_have_count(0)


def test_the_conversation_where_something_was_said_last_stands_first(
    screen: Opens, ana: Person, bo: Person, cleo: Person
) -> None:
    with_bo, _ = ana.talks_to(bo), ana.talks_to(cleo)
    desk = screen(ana, "/people")
    desk.is_connected()
    links = desk.channels.get_by_role("link")
    expect(links).to_have_text([re.compile(shown(cleo)), re.compile(shown(bo))])
    bo.says(with_bo, "hello")
    expect(links).to_have_text([re.compile(shown(bo)), re.compile(shown(cleo))])
    desk.goes_to(shown(bo))
    until(lambda: unread(ana, with_bo) == 0)
    expect(links).to_have_text([re.compile(shown(bo)), re.compile(shown(cleo))])
