"""Whoever cannot see, or has no mouse, uses the app like everyone else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import Screen
from tests.browser.screens import SCREENS, Line, Town, in_channel, names_at, shown
from tests.support import ROOT, Person, Server

Opens = Callable[..., Screen]
AXE = ROOT / "client" / "node_modules" / "axe-core" / "axe.min.js"
PHONES = ((390, 844), (360, 640))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The seeded team, on a server that is only looked at."""
    server = Server(tmp_path_factory.mktemp("town"), {"HEADS_SECONDS": "2"})
    yield Town.planted(server)
    server.stop()


# Every screen --------------------------------------------------------------------------------------


def faults(page: Page, *rules: str) -> list[str]:
    """What axe finds that keeps people out, by these rules or by all."""
    page.evaluate(AXE.read_text())
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    grave = [rule for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
    nodes = [(rule["id"], node["html"][:160], node["failureSummary"]) for rule in grave for node in rule["nodes"]]
    return [": ".join(node) for node in nodes if not is_badge(*node)]


def is_badge(rule: str, html: str, _: str) -> bool:
    """Lists of channels show “town 3” and say “town, 3 unread”; axe would have the same words."""
    return rule == "label-content-name-mismatch" and bool(re.search("sidebar__link|switcher__row", html))


@pytest.mark.parametrize("name", SCREENS)
def test_nothing_on_the_screen_keeps_anyone_out(chromium: Browser, town: Town, name: str) -> None:
    sizes = [size for size in ("wide", "phone") if name in names_at(size)]
    with shown(chromium, town, name, sizes[0], "light", bypass_csp=True) as page:
        assert faults(page) == []
        page.emulate_media(color_scheme="dark")
        assert faults(page, "color-contrast") == [], "in the dark"  # where only the colours are others
        for width, height in PHONES if "phone" in sizes else ():
            page.set_viewport_size({"width": width, "height": height})
            assert sideways(page) == [], f"{width} pixels wide"
        assert "phone" not in sizes or faults(page) == [], "on a phone"


def sideways(page: Page) -> list[str]:
    """What can be moved sideways, the page or a part of it."""
    wide = "element => element.scrollWidth > element.clientWidth"
    parts = ("html", ".log", ".browse", "dialog[open]", ".sidebar__scroll")
    return [part for part in parts for element in page.locator(part).all() if element.evaluate(wide)]


SMALL = """() => [...document.querySelectorAll('button, a, input, [role=button]')]
    .filter(element => element.checkVisibility({opacityProperty: true, visibilityProperty: true}))
    .filter(element => !element.closest('p, .message__text, [inert], label, .visually-hidden, .skip'))
    .map(element => [element, element.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.width < 40 || box.height < 40))
    .map(([element, box]) => `${element.outerHTML.slice(0, 120)} ${box.width}×${box.height}`)"""


@pytest.mark.parametrize("name", ["channel", "drawer", "account", "preferences", "sign in", "browse", "members"])
def test_a_finger_hits_what_it_aims_at(chromium: Browser, town: Town, name: str) -> None:
    with shown(chromium, town, name, "phone", "light") as page:
        assert page.evaluate(SMALL) == []


# By keyboard ---------------------------------------------------------------------------------------


def focus(page: Page) -> str:
    """What has the focus, by its name, as far as a test needs to know it."""
    return str(
        page.evaluate(
            """() => { const here = document.activeElement;
               return here.getAttribute('aria-label') ?? here.labels?.[0]?.innerText ?? here.innerText ?? ''; }"""
        )
    ).strip()


def tabs_to(page: Page, name: str, key: str = "Tab") -> None:
    """Press Tab until something with this name has the focus."""
    for _ in range(80):
        if re.search(name, focus(page)):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the keyboard does not get to {name}; it is at {focus(page)}")


def test_a_whole_day_without_a_mouse(chromium: Browser, ana: Person, bo: Person) -> None:
    town = ana.opens("public", bo, name=f"day-{ana.id[-6:].lower()}")
    bo.says(town, "good morning")
    context = chromium.new_context(base_url=ana.server.url)
    context.set_default_timeout(15_000)
    page = context.new_page()
    keys = page.keyboard

    page.goto("/sign-in")
    expect(page.get_by_label("Username")).to_be_focused()
    keys.type(ana.username)
    keys.press("Tab")
    keys.type("correct horse battery")
    keys.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Connected")

    tabs_to(page, "^day-")
    keys.press("Enter")
    expect(page.get_by_role("textbox", name=re.compile("^Message"))).to_be_focused()
    keys.type("written by keyboard")
    keys.press("Enter")
    message = page.get_by_role("article").filter(has_text="written by keyboard")
    expect(message.get_by_role("button", name="Edit")).to_be_visible()

    tabs_to(page, "^React$", "Shift+Tab")
    keys.press("Enter")
    expect(page.get_by_role("dialog", name="Pick a reaction")).to_be_visible()
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(message.get_by_role("button", name=re.compile("yours among them"))).to_be_visible()

    page.get_by_role("textbox", name=re.compile("^Message")).focus()
    keys.press("ArrowUp")
    expect(page.get_by_role("textbox", name="Edit message")).to_be_focused()
    keys.type(", and edited")
    keys.press("Enter")
    expect(page.get_by_role("article").filter(has_text="and edited")).to_be_visible()

    tabs_to(page, "^Your account", "Shift+Tab")
    keys.press("Enter")
    tabs_to(page, "^Preferences$")
    keys.press("Enter")
    dialog = page.get_by_role("dialog", name="Preferences")
    expect(dialog).to_be_visible()
    tabs_to(page, "^System$")
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^Your account"))).to_be_focused()

    tabs_to(page, "^Message day-")
    tabs_to(page, "^Delete$", "Shift+Tab")
    keys.press("Enter")
    expect(page.get_by_role("article").filter(has_text="and edited")).to_have_count(0)
    context.close()


def test_the_first_tab_leads_past_the_sidebar(screen: Opens, ana: Person) -> None:
    desk = screen(ana, "/browse")
    desk.is_connected()
    desk.page.keyboard.press("Tab")
    expect(desk.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#main")).to_be_focused()


def test_another_place_has_the_focus(screen: Opens, ana: Person, bo: Person) -> None:
    first, second = f"one-{ana.id[-6:].lower()}", f"two-{ana.id[-6:].lower()}"
    desk = screen(ana, f"/c/{ana.opens('public', name=first)}")
    ana.opens("public", name=second)
    desk.goes_to(second)
    expect(desk.composer).to_be_focused()
    desk.page.get_by_role("link", name="Browse channels").click()
    expect(desk.page.get_by_role("heading", name="Browse channels")).to_be_focused()
    desk.page.go_back()
    expect(desk.composer).to_be_focused()
    desk.page.get_by_role("button", name="New message").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_label("Find people").fill(bo.username)
    dialog.get_by_role("checkbox", name=f"@{bo.username}").click()
    expect(dialog.get_by_role("list", name="Chosen people").get_by_role("listitem")).to_have_count(1)
    dialog.get_by_role("button", name="Start").click()
    expect(desk.composer).to_have_attribute("aria-label", re.compile("Bo", re.I))
    expect(desk.composer).to_be_focused()


def test_the_drawer_keeps_the_focus_and_gives_it_back(chromium: Browser, town: Town) -> None:
    with shown(chromium, town, "channel", "phone", "light") as page:
        menu = page.get_by_role("button", name="Open the channel list")
        menu.click()
        here = page.get_by_role("navigation", name="Channels").get_by_role("link", name=re.compile("^general"))
        expect(here).to_be_focused()
        for _ in range(40):
            page.keyboard.press("Tab")
            assert not page.evaluate("document.getElementById('main').contains(document.activeElement)")
        page.keyboard.press("Escape")
        expect(here).not_to_be_visible()
        expect(menu).to_be_focused()
        menu.click()
        page.get_by_role("link", name=re.compile("^product")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("product")
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        expect(menu).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("^Your account"))).not_to_be_visible()


def test_the_composer_stays_in_sight_above_the_keyboard(chromium: Browser, town: Town) -> None:
    with shown(chromium, town, "channel", "small", "light") as page:
        page.set_viewport_size({"width": 360, "height": 340})  # what is left above a keyboard
        composer = page.get_by_role("textbox", name=re.compile("^Message"))
        expect(composer).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("article").last).to_be_in_viewport()


# What is said aloud --------------------------------------------------------------------------------


def test_only_new_messages_are_said_aloud_and_many_at_once_together(screen: Opens, ana: Person, bo: Person) -> None:
    town = ana.opens("public", bo)
    for number in range(60):
        bo.says(town, f"old {number:02}")
    desk = screen(ana, f"/c/{town}")
    aloud = desk.page.locator(".main > [aria-live=polite]")
    desk.sees("old 59")
    desk.is_connected()
    expect(desk.log).to_have_attribute("aria-live", "off")
    expect(aloud).to_have_text("")
    desk.log.evaluate("log => log.scrollTop = 0")
    desk.sees("old 03")
    desk.says("my own")
    first = bo.says(town, "the first new one")
    expect(aloud).to_have_text(f"{bo.username.title()}: the first new one")
    bo.patch(f"/messages/{first['id']}", {"text": "not the first any more"})
    desk.sees("not the first any more")
    expect(aloud).to_have_text(f"{bo.username.title()}: the first new one")
    line = [bo.says(town, f"burst {number}") for number in range(5)]
    desk.sees(line[-1]["text"])
    expect(aloud).to_have_text(re.compile(r"^\d new messages$|burst 4$"))


def test_what_was_said_while_the_line_was_cut_is_said_once_it_is_back(chromium: Browser, town: Town) -> None:
    context = chromium.new_context(base_url=town.server.url)
    page = town.page_of(context, town.ana)
    line = Line(page)
    in_channel(page, town, "random")
    line.cut()
    expect(page.get_by_role("button", name="Retry now")).to_be_visible()
    for number in range(3):
        town.bo.says(town.channels["random"], f"meanwhile {number}")
    line.mend()
    page.get_by_role("button", name="Retry now").click()
    expect(page.locator(".main > [aria-live=polite]")).to_have_text("3 new messages")
    context.close()


# How it looks --------------------------------------------------------------------------------------

PAPER = "getComputedStyle(document.body).backgroundColor"


def test_a_chosen_theme_is_there_before_anything_is_drawn_and_in_every_tab(screen: Opens, ana: Person) -> None:
    desk = screen(ana, f"/c/{ana.opens('public')}")
    other = desk.new_tab("/browse")
    white = desk.page.evaluate(PAPER)
    desk.page.get_by_role("button", name="Your account").click()
    desk.page.get_by_role("button", name="Preferences").click()
    desk.page.get_by_role("radio", name="Dark").check(force=True)
    desk.page.get_by_role("radio", name="Compact").check(force=True)
    expect(other.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert desk.page.evaluate(PAPER) != white
    desk.page.route("**/assets/*.js", lambda route: route.abort())  # before the app's own script runs
    desk.page.reload()
    html = desk.page.locator("html")
    expect(html).to_have_attribute("data-theme", "dark")
    expect(html).to_have_attribute("data-density", "compact")
    assert desk.page.evaluate(PAPER) != white


def test_the_tabs_icon_has_a_dot_while_something_waits(screen: Opens, ana: Person, bo: Person) -> None:
    desk = screen(ana, f"/c/{ana.opens('public')}")
    icon = desk.page.locator("link[rel=icon]")
    desk.is_connected()
    expect(icon).to_have_attribute("href", "/static/icon.svg")
    together = bo.talks_to(ana)
    bo.says(together, "for you")
    expect(icon).to_have_attribute("href", "/static/icon-mentioned.svg")
    desk.page.goto(f"/c/{together}")
    desk.sees("for you")
    expect(icon).to_have_attribute("href", "/static/icon.svg")


def test_the_system_decides_until_someone_does(chromium: Browser, town: Town) -> None:
    papers = {}
    for theme in ("light", "dark"):
        with shown(chromium, town, "channel", "wide", theme) as page:
            papers[theme] = page.evaluate(PAPER)
            page.emulate_media(color_scheme="light" if theme == "dark" else "dark")
            papers[f"from {theme}"] = page.evaluate(PAPER)
    assert papers["light"] == papers["from dark"] != papers["dark"] == papers["from light"]
