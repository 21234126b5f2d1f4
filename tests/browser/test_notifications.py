"""People are told on their desktop what is said to them while they look elsewhere: once, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.people import Screen
from tests.support import Person, Server, until

# Stands in for the desktop: remembers what it was asked to show, in a place that all tabs share.
DESKTOP = """
window.Notification = class {
  static permission = "%s";
  static requestPermission() {
    return (this.permission = "granted"), Promise.resolve("granted");
  }
  constructor(title, options) {
    Object.assign(this, { title, ...options });
    this.write("shown");
    window.lastNotification = this;
  }
  write(what) {
    const key = `desktop.${performance.timeOrigin + performance.now()}.${Math.random()}`;
    localStorage.setItem(key, JSON.stringify({ what, title: this.title, body: this.body, tag: this.tag }));
  }
  close() {
    this.write("closed");
    this.onclose?.();
  }
};
// A page that the test drives thinks that it is always in front.
document.hasFocus = () => window.isInFront !== false;
"""


def desktop(page: Page, what: str = "shown") -> list[dict[str, Any]]:
    """What the desktop was asked to show, by any tab, in order."""
    kept = page.evaluate("Object.entries(localStorage).filter(([key]) => key.startsWith('desktop.'))")
    entries = [json.loads(value) for _, value in sorted(kept)]
    return [entry for entry in entries if entry["what"] == what]


def preferences(screen: Screen) -> Locator:
    """Open someone's preferences."""
    screen.page.get_by_role("button", name="Your account").click()
    screen.page.get_by_role("button", name="Preferences").click()
    return screen.page.get_by_role("dialog", name="Preferences")


def bodies(page: Page) -> list[str]:
    return [entry["body"] for entry in desktop(page)]


def goes_away(page: Page, away: bool = True) -> None:
    """Look at another window, or come back to this one."""
    page.evaluate(
        "away => { window.isInFront = !away; window.dispatchEvent(new Event(away ? 'blur' : 'focus')); }", away
    )


@pytest.fixture
def desk(chromium: Browser) -> Iterator[Callable[..., Screen]]:
    """Opens someone's browser, with a desktop that may be allowed to show notifications."""
    screens: list[Screen] = []

    def open_for(person: Person, path: str, permission: str = "granted") -> Screen:
        screens.append(Screen.open(chromium, person, "/sign-in"))
        screens[-1].context.add_init_script(DESKTOP % permission)
        screens[-1].page.goto(path)
        screens[-1].is_connected()
        return screens[-1]

    yield open_for
    faults = [fault for screen in screens for fault in screen.faults]
    for screen in screens:
        screen.context.close()
    assert not faults


Opens = Callable[..., Screen]


@pytest.fixture
def home(bo: Person) -> str:
    """Where bo is while ana writes elsewhere."""
    return bo.opens("public")


def test_a_mention_is_told_once_with_two_tabs_open(
    desk: Opens, ana: Person, bo: Person, home: str, town: str, tag: str
) -> None:
    one = desk(bo, f"/c/{home}")
    two = one.new_tab(f"/c/{home}")
    two.is_connected()
    ana.says(town, "nothing for bo")
    ana.says(town, f"@{bo.username} look here")
    for tab in (one, two):
        expect(tab.link(f"town-{tag}, 2 unread, 1 mention")).to_be_visible()
    ana.says(town, "@channel the last one")
    for tab in (one, two):
        expect(tab.link(f"town-{tag}, 3 unread, 2 mentions")).to_be_visible()
    until(lambda: len(bodies(one.page)) >= 2)
    assert bodies(one.page) == [f"@{bo.username} look here", "@channel the last one"]
    assert desktop(one.page)[0]["title"] == f"{ana.username.title()} in #town-{tag}"


def test_a_direct_message_is_told_and_a_click_leads_there(desk: Opens, ana: Person, bo: Person, home: str) -> None:
    his = desk(bo, f"/c/{home}")
    talk = ana.talks_to(bo)
    expect(his.link(ana.username.title())).to_be_visible()
    ana.says(talk, "just between us")
    until(lambda: bodies(his.page) == ["just between us"])
    assert desktop(his.page)[0]["title"] == ana.username.title()
    his.page.evaluate("window.lastNotification.onclick()")
    expect(his.page).to_have_url(f"{bo.server.url}/c/{talk}")
    his.sees("just between us")
    until(lambda: len(desktop(his.page, "closed")) >= 1)


def test_what_is_read_elsewhere_is_taken_off_the_desktop(desk: Opens, ana: Person, bo: Person, home: str) -> None:
    talk = ana.talks_to(bo)
    his = desk(bo, f"/c/{home}")
    said = ana.says(talk, "hello")
    until(lambda: bodies(his.page) == ["hello"])
    assert desktop(his.page, "closed") == []
    bo.put(f"/channels/{talk}/read", {"seq": said["seq"]})
    until(lambda: len(desktop(his.page, "closed")) == 1)


def test_nothing_is_told_of_the_channel_that_is_looked_at_in_any_tab(
    desk: Opens, ana: Person, bo: Person, home: str, town: str, tag: str
) -> None:
    looking = desk(bo, f"/c/{town}")
    behind = looking.new_tab(f"/c/{home}")
    behind.is_connected()
    ana.says(town, f"@{bo.username} you see this")
    looking.sees("you see this")
    goes_away(looking.page)
    ana.says(town, f"@{bo.username} you do not see this")
    looking.sees("you do not see this")
    until(lambda: bodies(looking.page))
    assert bodies(looking.page) == [f"@{bo.username} you do not see this"]
    goes_away(looking.page, False)
    until(lambda: len(desktop(looking.page, "closed")) == 1)


def test_nothing_is_told_of_what_was_said_while_one_was_offline(desk: Opens, own_server: Callable[..., Server]) -> None:
    fragile = own_server(HEADS_SECONDS="2")
    ana = fragile.owner()
    bo = fragile.person("bo", ana)
    town, talk = ana.opens("public", bo, name="town"), ana.talks_to(bo)
    his = desk(bo, f"/c/{town}")
    goes_away(his.page)
    his.context.set_offline(True)
    fragile.kill()
    expect(his.status).to_contain_text("offline")
    fragile.start()
    ana.says(town, f"@{bo.username} while you were away")
    ana.says(talk, "also while you were away")
    his.context.set_offline(False)
    his.is_connected()
    his.sees("while you were away")
    expect(his.link(f"{ana.username.title()}, 1 unread")).to_be_visible()
    ana.says(talk, "welcome back")
    expect(his.link(f"{ana.username.title()}, 2 unread")).to_be_visible()
    until(lambda: bodies(his.page))
    assert bodies(his.page) == ["welcome back"]


def test_a_muted_channel_says_nothing_and_does_not_count(
    desk: Opens, ana: Person, bo: Person, home: str, town: str, tag: str
) -> None:
    talk = ana.talks_to(bo)
    his = desk(bo, f"/c/{town}")
    his.page.get_by_role("main").get_by_role("button", name="Details").click()
    dialog = his.page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="Mentions only")).to_be_checked()
    dialog.get_by_role("radio", name="Nothing (muted)").check()
    his.page.keyboard.press("Escape")
    his.page.goto(f"/c/{home}")
    his.is_connected()
    ana.says(town, f"@{bo.username} not now")
    expect(his.link(f"town-{tag}, 1 unread, 1 mention, muted")).to_be_visible()
    assert not his.page.title().startswith("(")
    ana.says(talk, "but this")
    until(lambda: bodies(his.page))
    assert bodies(his.page) == ["but this"]
    until(lambda: his.page.title().startswith("(1)"))


def test_everything_of_a_channel_is_told_to_who_wants_it(
    desk: Opens, ana: Person, bo: Person, home: str, town: str
) -> None:
    his = desk(bo, f"/c/{town}")
    his.page.get_by_role("main").get_by_role("button", name="Details").click()
    his.page.get_by_role("dialog").get_by_role("radio", name="Everything").check()
    his.page.goto(f"/c/{home}")
    his.is_connected()
    ana.says(town, "nothing special")
    until(lambda: bodies(his.page) == ["nothing special"])


def test_who_does_not_want_to_be_disturbed_is_not(
    desk: Opens, ana: Person, bo: Person, home: str, town: str, tag: str
) -> None:
    his = desk(bo, f"/c/{home}")
    dialog = preferences(his)
    dialog.get_by_role("button", name="30 minutes").click()
    expect(dialog).to_contain_text("Do not disturb until")
    his.page.keyboard.press("Escape")
    ana.says(town, f"@{bo.username} one")
    expect(his.link(f"town-{tag}, 1 unread, 1 mention")).to_be_visible()
    dialog = preferences(his)
    dialog.get_by_role("button", name="Notify me again").click()
    dialog.get_by_role("checkbox", name="Notify me on this device").uncheck()
    ana.says(town, f"@{bo.username} two")
    expect(his.page.get_by_text("town-" + tag)).to_be_visible()
    expect(his.channels.locator(f"a[aria-label='town-{tag}, 2 unread, 2 mentions']")).to_be_visible()
    dialog.get_by_role("checkbox", name="Notify me on this device").check()
    ana.says(town, f"@{bo.username} three")
    until(lambda: bodies(his.page))
    assert bodies(his.page) == [f"@{bo.username} three"]


def test_nobody_is_told_of_their_own_messages_or_of_changes(
    desk: Opens, ana: Person, bo: Person, home: str, town: str, tag: str
) -> None:
    old = ana.says(town, "hello")
    his = desk(bo, f"/c/{home}")
    bo.says(town, "@channel from my phone")
    ana.patch(f"/messages/{old['id']}", {"text": f"hello @{bo.username}"})
    ana.says(town, f"@{bo.username} news")
    until(lambda: bodies(his.page))
    assert bodies(his.page) == [f"@{bo.username} news"]


def test_the_browser_is_asked_only_by_a_click_and_the_hint_goes_away_for_good(
    desk: Opens, ana: Person, bo: Person, home: str, town: str
) -> None:
    his = desk(bo, f"/c/{home}", "default")
    hint = his.page.get_by_role("region", name="Notifications")
    expect(hint).to_be_visible()
    hint.get_by_role("button", name="Not now").click()
    expect(hint).to_have_count(0)
    his.page.reload()
    his.is_connected()
    expect(hint).to_have_count(0)
    dialog = preferences(his)
    dialog.get_by_role("button", name="Turn on notifications").click()
    expect(dialog.get_by_role("checkbox", name="Notify me on this device")).to_be_checked()
    ana.says(town, f"@{bo.username} hello")
    until(lambda: bodies(his.page) == [f"@{bo.username} hello"])
