"""A Slack workspace comes along, and two of its people chat on in it, live."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.people import Screen
from tests.importers.support import data_folder
from tests.support import PASSWORD, Person, Server


def claim(server: Server, browser: Browser, username: str, name: str) -> Screen:
    """Follow the link that the operator printed, and go on as who one was."""
    link = server.chat("user", "invite", "--claims", username).stdout.strip()
    context = browser.new_context()
    page: Page = context.new_page()
    page.goto(link)
    page.get_by_label("Display name").fill(name)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(re.compile(r"/c/"))
    return Screen(Person(server, username), context, page)


def test_two_imported_people_claim_their_accounts_and_chat_on(
    own_server: Callable[..., Server], chromium: Browser
) -> None:
    archive = data_folder("slack-houston-2016") / "houstondatavis-2016-07-31.zip"
    server = own_server()
    assert server.chat("import", "slack", str(archive)).returncode == 0
    amanda = claim(server, chromium, "amandashih", "Amanda Shih")
    brian = claim(server, chromium, "brian", "Brian Back")
    for screen in (amanda, brian):
        screen.goes_to("general")
        screen.sees("haven't played with it yet, but happy to know its available")
    amanda.says("Is anyone still here, @brian?")
    brian.sees("Is anyone still here, @brian?")
    brian.presses("React", "Is anyone still here")
    brian.page.get_by_role("dialog").get_by_role("button", name="👍").click()
    expect(amanda.message("Is anyone still here")).to_contain_text("👍")
    brian.says("Always.")
    amanda.sees("Always.")
    for screen in (amanda, brian):
        screen.context.close()
