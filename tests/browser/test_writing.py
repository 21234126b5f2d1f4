"""People write: names and emoji complete themselves, the keyboard does what it does elsewhere, and nothing is lost."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from chat.text import check_emoji
from tests.browser.people import Screen
from tests.support import Person, until

Opens = Callable[..., Screen]


@pytest.fixture
def desk(screen: Opens, ana: Person, town: str) -> Screen:
    """Ana's browser in the town."""
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    return desk


def last(person: Person, channel: str) -> dict[str, Any]:
    """The newest message as the server has it, once it has one."""
    messages: list[dict[str, Any]] = until(lambda: person.get(f"/channels/{channel}/messages").data["messages"])
    return messages[-1]


def types(desk: Screen, text: str) -> None:
    desk.composer.press_sequentially(text)


def suggestions(desk: Screen) -> Locator:
    return desk.page.get_by_role("listbox").get_by_role("option")


# Completion ----------------------------------------------------------------------------------------


def test_someone_completes_a_name_with_the_keyboard_and_that_person_is_mentioned(
    desk: Screen, ana: Person, bo: Person, town: str
) -> None:
    types(desk, f"ask @{bo.username[:-1]}")
    expect(suggestions(desk)).to_have_count(1)
    expect(desk.composer).to_have_attribute("aria-activedescendant", re.compile("."))
    chosen = suggestions(desk).first.get_attribute("id")
    expect(desk.composer).to_have_attribute("aria-activedescendant", chosen or "")
    desk.page.keyboard.press("Enter")
    expect(suggestions(desk)).to_have_count(0)
    expect(desk.composer).to_have_value(f"ask @{bo.username} ")
    expect(desk.log.get_by_role("article")).to_have_count(0)
    types(desk, "about it")
    desk.page.keyboard.press("Enter")
    desk.sees("about it")
    expect(desk.message("about it").locator(".mention")).to_have_text(f"@{bo.username}")
    assert last(ana, town)["mentions"] == [bo.id]


def test_members_come_first_and_arrows_tab_and_a_click_choose(
    desk: Screen, ana: Person, bo: Person, person: Callable[[str], Person], town: str
) -> None:
    person("bo")
    desk.page.reload()
    desk.is_connected()
    types(desk, "@bo")
    expect(suggestions(desk).first).to_contain_text(f"@{bo.username}")
    expect(suggestions(desk)).not_to_have_count(1)
    desk.page.keyboard.press("ArrowUp")
    expect(suggestions(desk).last).to_have_attribute("aria-selected", "true")
    desk.page.keyboard.press("ArrowDown")
    expect(suggestions(desk).first).to_have_attribute("aria-selected", "true")
    desk.page.keyboard.press("Tab")
    expect(desk.composer).to_have_value(f"@{bo.username} ")
    types(desk, "@every")
    suggestions(desk).filter(has_text="@everyone").click()
    expect(desk.composer).to_have_value(f"@{bo.username} @everyone ")
    expect(desk.composer).to_be_focused()


def test_escape_closes_the_suggestions_and_only_those(desk: Screen, ana: Person, town: str) -> None:
    ana.says(town, "to be changed")
    desk.presses("Edit", "to be changed")
    editor = desk.page.get_by_role("textbox", name="Edit message")
    editor.press_sequentially(" @her")
    expect(suggestions(desk)).not_to_have_count(0)
    desk.page.keyboard.press("Escape")
    expect(suggestions(desk)).to_have_count(0)
    editor.press_sequentially("e")
    expect(suggestions(desk)).to_have_count(0)
    expect(editor).to_be_focused()
    desk.page.keyboard.press("Escape")
    expect(editor).to_have_count(0)
    expect(desk.composer).to_be_focused()


def test_a_whole_name_is_no_longer_completed_and_enter_sends(desk: Screen, bo: Person) -> None:
    types(desk, f"hello @{bo.username}")
    desk.page.keyboard.press("Enter")
    desk.sees("hello @")


def test_enter_belongs_to_whoever_composes_a_character(desk: Screen, bo: Person) -> None:
    types(desk, f"@{bo.username[:-1]}")
    expect(suggestions(desk)).to_have_count(1)
    desk.composer.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(suggestions(desk)).to_have_count(1)
    desk.page.keyboard.press("Escape")
    desk.composer.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(desk.composer).to_have_value(f"@{bo.username[:-1]}")
    expect(desk.log.get_by_role("article")).to_have_count(0)


def test_nothing_is_completed_in_code_or_in_what_is_pasted(desk: Screen, bo: Person) -> None:
    types(desk, f"`@{bo.username[:-1]}")
    expect(desk.composer).to_have_value(f"`@{bo.username[:-1]}")
    expect(suggestions(desk)).to_have_count(0)
    desk.composer.fill(f"@{bo.username[:-1]}")
    expect(suggestions(desk)).to_have_count(0)


def test_a_channel_is_completed_and_its_link_leads_there(
    desk: Screen, screen: Opens, ana: Person, bo: Person, town: str
) -> None:
    garden_name = f"garden-{uuid.uuid4().hex[:6]}"
    garden = ana.opens("public", name=garden_name)
    ana.says(garden, "among the flowers")
    ana.opens("private", name=f"{garden_name}-secret")
    expect(desk.link(garden_name)).to_be_visible()
    types(desk, f"see #{garden_name[:9]}")
    suggestions(desk).filter(has_text=garden_name).first.click()
    expect(desk.composer).to_have_value(f"see #{garden_name} ")
    types(desk, f"`#{garden_name}` #{garden_name}-secret")
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("Enter")
    links = desk.message("see #").locator(".message__text").get_by_role("link")
    expect(links).to_have_text([f"#{garden_name}", f"#{garden_name}-secret"])
    # Bo is in neither. He may look at the public one; of the private one he sees no link.
    his = screen(bo, f"/c/{town}")
    expect(his.message("see #").locator(".message__text").get_by_role("link")).to_have_text([f"#{garden_name}"])
    his.message("see #").get_by_role("link", name=f"#{garden_name}").click()
    his.sees("among the flowers")
    expect(his.page).to_have_url(re.compile(f"/c/{garden}$"))


# Emoji ---------------------------------------------------------------------------------------------


def test_an_emoji_is_completed_by_its_short_name(desk: Screen, ana: Person, town: str) -> None:
    types(desk, "hurray :tad")
    expect(suggestions(desk).first).to_contain_text(":tada:")
    desk.page.keyboard.press("Enter")
    expect(desk.composer).to_have_value("hurray 🎉 ")
    desk.page.keyboard.press("Enter")
    desk.sees("hurray 🎉")
    assert last(ana, town)["text"] == "hurray 🎉"


def test_short_names_of_others_are_shown_as_emoji(desk: Screen, ana: Person, town: str) -> None:
    ana.says(town, "well :tada::wave::skin-tone-4: at 10:30:45 `:tada:` :no-such-thing:")
    text = desk.message("at 10:30:45").locator(".message__text")
    expect(text).to_have_text("well 🎉👋🏽 at 10:30:45 :tada: :no-such-thing:")
    assert ":tada::wave:" in last(ana, town)["text"]


def test_someone_picks_an_emoji_and_it_stands_where_they_wrote(desk: Screen) -> None:
    types(desk, "good  morning")
    for _ in range(len(" morning")):
        desk.page.keyboard.press("ArrowLeft")
    desk.page.get_by_role("button", name="Emoji", exact=True).click()
    picker = desk.page.get_by_role("dialog", name="Pick an emoji")
    expect(picker.get_by_role("searchbox", name="Search emoji")).to_be_focused()
    picker.get_by_role("tab", name="Travel and places").click()
    picker.get_by_role("button", name="sunrise over mountains").click()
    expect(picker).to_have_count(0)
    expect(desk.composer).to_have_value("good 🌄 morning")
    expect(desk.composer).to_be_focused()
    desk.page.keyboard.press("Control+z")
    expect(desk.composer).to_have_value("good  morning")
    # It comes first the next time.
    desk.page.get_by_role("button", name="Emoji", exact=True).click()
    expect(picker.get_by_role("tab", name="Recently used")).to_have_attribute("aria-selected", "true")
    picker.get_by_role("tabpanel").get_by_role("button", name="sunrise over mountains").click()
    expect(desk.composer).to_have_value("good 🌄 morning")


def test_someone_reacts_with_an_emoji_they_searched_for(desk: Screen, ana: Person, town: str) -> None:
    ana.says(town, "off it goes")
    desk.presses("React", "off it goes")
    picker = desk.page.get_by_role("dialog", name="Pick a reaction")
    picker.get_by_role("searchbox").press_sequentially("satell")
    expect(picker.get_by_role("group", name="Found emoji").get_by_role("button").first).to_have_accessible_name(
        re.compile("satellite")
    )
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("ArrowRight")
    desk.page.keyboard.press("ArrowLeft")
    desk.page.keyboard.press("Enter")
    expect(desk.message("off it goes").get_by_role("button", name=re.compile("1 reaction"))).to_be_visible()
    expect(desk.message("off it goes").get_by_role("button", name="React", exact=True)).to_be_focused()
    desk.presses("React", "off it goes")
    picker.get_by_role("searchbox").fill(":our-own:")
    picker.get_by_role("button", name="Use :our-own:").click()
    expect(desk.message("off it goes").get_by_role("button", name=":our-own: 1 reaction")).to_be_visible()


def test_common_reactions_are_there_without_the_others(desk: Screen, ana: Person, town: str) -> None:
    ana.says(town, "hasty")
    desk.page.route(re.compile("emojidata|EmojiGrid"), lambda route: route.abort())
    desk.presses("React", "hasty")
    desk.page.get_by_role("dialog", name="Pick a reaction").get_by_role("button", name="👍", exact=True).click()
    expect(desk.message("hasty").get_by_role("button", name="👍 1 reaction")).to_be_visible()


def test_the_server_takes_every_emoji_that_is_offered(desk: Screen) -> None:
    desk.page.get_by_role("button", name="Emoji", exact=True).click()
    picker = desk.page.get_by_role("dialog", name="Pick an emoji")
    cells = picker.locator(".picker__cell")
    offered: set[str] = set()
    expect(picker.get_by_role("tab")).to_have_count(9)
    for group in picker.get_by_role("tab").all():
        group.click()
        expect(group).to_have_attribute("aria-selected", "true")
        offered.update(cells.all_text_contents())
    picker.get_by_role("tab", name="People and gestures").click()
    for tone in "🏻🏼🏽🏾🏿":
        picker.get_by_role("combobox", name="Skin tone").select_option(f"✋{tone}")
        expect(picker.get_by_role("button", name="waving hand", exact=True)).to_have_text(f"👋{tone}")
        offered.update(cells.all_text_contents())
    assert len(offered) > 3_000
    for emoji in offered:
        check_emoji(emoji)


# Code ----------------------------------------------------------------------------------------------


def test_code_is_coloured_by_its_language_and_copied_with_the_keyboard(desk: Screen, ana: Person, town: str) -> None:
    ana.says(town, "plain:\n```\nreturn 1\n```")
    ana.says(town, 'look:\n```python\nreturn "<b>" # and so on\n```')
    code = desk.message("look:").locator("pre")
    expect(code.locator(".hljs-keyword")).to_have_text("return")
    expect(code.locator(".hljs-string")).to_have_text('"<b>"')
    expect(desk.message("look:").locator(".code__language")).to_have_text("python")
    expect(desk.message("plain:").locator("pre span")).to_have_count(0)
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copy = desk.message("look:").get_by_role("button", name="Copy code")
    copy.focus()
    desk.page.keyboard.press("Enter")
    expect(desk.message("look:").get_by_role("button", name="Copied")).to_be_visible()
    assert desk.page.evaluate("navigator.clipboard.readText()") == 'return "<b>" # and so on'


def test_whoever_is_at_the_end_stays_there_when_emoji_and_colours_come(screen: Opens, ana: Person, town: str) -> None:
    for number in range(30):
        ana.says(town, f"line {number}")
    for _ in range(8):
        ana.says(town, ":tada:")
    ana.says(town, "```python\n" + "print(1)\n" * 5 + "```")
    late = screen(ana)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    late.page.route(re.compile("emojidata|highlighter"), hold)
    late.page.goto(f"/c/{town}")
    late.sees("print(1)")
    until(lambda: late.log.evaluate("log => log.isConnected") and len(held) == 2)
    for route in held:
        route.continue_()
    expect(late.log.locator(".message__text--emoji")).to_have_count(8)
    expect(late.log.locator(".hljs-built_in").first).to_be_attached()
    until(lambda: late.log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight < 2"))


# The field -----------------------------------------------------------------------------------------


def test_keys_for_bold_and_the_like_mark_what_is_selected_and_undo_takes_it_back(desk: Screen, name: str) -> None:
    types(desk, "very good")
    desk.page.keyboard.press("Control+Shift+ArrowLeft")
    desk.page.keyboard.press("Control+b")
    expect(desk.composer).to_have_value("very **good**")
    desk.page.keyboard.press("Control+i")
    expect(desk.composer).to_have_value("very **_good_**")
    desk.page.keyboard.press("Control+i")
    expect(desk.composer).to_have_value("very **good**")
    desk.page.keyboard.press("Control+b")
    expect(desk.composer).to_have_value("very good")
    desk.page.keyboard.press("Control+z")
    expect(desk.composer).to_have_value("very **good**")
    desk.composer.press("Control+a")
    desk.page.keyboard.press("Control+e")
    expect(desk.composer).to_have_value("`very **good**`")
    desk.page.keyboard.press("Control+Shift+x")
    expect(desk.composer).to_have_value("`~~very **good**~~`")


def test_completing_and_formatting_can_be_undone(desk: Screen, bo: Person) -> None:
    types(desk, f"@{bo.username[:-1]}")
    desk.page.keyboard.press("Tab")
    expect(desk.composer).to_have_value(f"@{bo.username} ")
    desk.page.keyboard.press("Control+z")
    expect(desk.composer).to_have_value(f"@{bo.username[:-1]}")


def test_pasted_formatting_comes_as_its_text_and_is_not_sent_by_itself(desk: Screen) -> None:
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.page.evaluate(
        """() => navigator.clipboard.write([new ClipboardItem({
            "text/html": new Blob(["<b>first</b><br>second"], {type: "text/html"}),
            "text/plain": new Blob(["first\\nsecond"], {type: "text/plain"}),
        })])"""
    )
    types(desk, "so: ")
    desk.page.keyboard.press("Control+v")
    expect(desk.composer).to_have_value("so: first\nsecond")
    desk.page.keyboard.press("Enter")
    expect(desk.message("so:").locator(".message__text")).to_have_text("so: first\nsecond", use_inner_text=True)


def test_the_up_arrow_in_an_empty_composer_changes_ones_last_message(desk: Screen, bo: Person, town: str) -> None:
    desk.says("first of mine")
    desk.says("last of mine")
    desk.sees("last of mine")
    expect(desk.log.get_by_text("Sending…")).to_have_count(0)
    bo.says(town, "not mine")
    desk.sees("not mine")
    desk.page.keyboard.press("ArrowUp")
    editor = desk.page.get_by_role("textbox", name="Edit message")
    expect(editor).to_have_value("last of mine")
    editor.press_sequentially(", changed")
    desk.page.keyboard.press("Enter")
    desk.sees("last of mine, changed")
    expect(desk.composer).to_be_focused()


def test_someone_is_told_how_much_is_left_and_what_is_too_long_is_not_sent(desk: Screen) -> None:
    desk.composer.fill("é" * 3_800)
    expect(desk.page.get_by_text("200 left")).to_have_count(0)
    types(desk, "x")
    expect(desk.page.get_by_text("199 left")).to_be_visible()
    long = "👍" * 4_001
    desk.composer.fill(long)
    expect(desk.alert).to_have_text("1 character too many.")
    expect(desk.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    desk.composer.press("Enter")
    expect(desk.composer).to_have_value(long)
    desk.composer.fill(long[1:])
    expect(desk.page.get_by_text("0 left", exact=True)).to_be_visible()
    desk.composer.press("Enter")
    desk.sees("👍👍")


def test_a_draft_outlives_the_page_and_belongs_to_its_channel(desk: Screen, ana: Person, name: str) -> None:
    other = f"garden-{uuid.uuid4().hex[:6]}"
    ana.opens("public", name=other)
    types(desk, "half a thou")
    desk.goes_to(other)
    expect(desk.composer).to_have_value("")
    desk.goes_to(name)
    expect(desk.composer).to_have_value("half a thou")
    desk.page.reload()
    expect(desk.composer).to_have_value("half a thou")
    again = desk.new_tab(desk.page.url)
    expect(again.composer).to_have_value("half a thou")
    again.composer.press_sequentially("ght")
    again.composer.press("Enter")
    again.sees("half a thought")
    expect(again.composer).to_have_value("")
    again.page.reload()
    expect(again.composer).to_have_value("")


def test_formatting_is_explained_with_examples_as_others_see_them(desk: Screen) -> None:
    types(desk, "not sent")
    desk.page.get_by_role("button", name="Formatting").click()
    dialog = desk.page.get_by_role("dialog", name="Formatting")
    expect(dialog.get_by_role("strong")).to_have_text("bold")
    expect(dialog.locator(".hljs-built_in")).to_have_text("print")
    desk.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(desk.composer).to_have_value("not sent")


def test_on_a_phone_a_button_starts_a_line_and_enter_sends(chromium: Browser, ana: Person, town: str) -> None:
    context = chromium.new_context(
        base_url=ana.server.url, has_touch=True, is_mobile=True, viewport={"width": 375, "height": 740}
    )
    cookies = [(cookie.name, cookie.value or "") for cookie in ana.http.cookies]
    context.add_cookies([{"name": key, "value": value, "domain": "127.0.0.1", "path": "/"} for key, value in cookies])
    phone = Screen(ana, context, context.new_page())
    phone.page.goto(f"/c/{town}")
    types(phone, "one")
    phone.page.get_by_role("button", name="New line", exact=True).tap()
    types(phone, "two")
    expect(phone.composer).to_have_value("one\ntwo")
    phone.page.keyboard.press("Enter")
    phone.sees("one")
    types(phone, "three")
    phone.page.get_by_role("button", name="Send", exact=True).tap()
    phone.sees("three")
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
