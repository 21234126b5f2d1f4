"""What people see and do on the page, by the names that screen readers give it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.support import Person

expect.set_options(timeout=15_000)


@dataclass
class Screen:
    """Someone's browser, with one page of the app open in it."""

    person: Person
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, browser: Browser, person: Person, path: str = "/", url: str = "") -> Screen:
        """A browser that holds the person's sign-in; it finds the server at ``url``, if not at its own address."""
        context = browser.new_context(base_url=url or person.server.url)
        host = urlsplit(person.server.url).hostname or ""
        cookies = [(cookie.name, cookie.value or "") for cookie in person.http.cookies]
        context.add_cookies([{"name": name, "value": value, "domain": host, "path": "/"} for name, value in cookies])
        screen = cls(person, context, context.new_page())
        context.set_default_timeout(15_000)
        screen.watch(screen.page)
        screen.page.goto(path)
        return screen

    def new_tab(self, path: str) -> Screen:
        """One more tab of the same browser."""
        tab = Screen(self.person, self.context, self.context.new_page(), self.faults)
        tab.watch(tab.page)
        tab.page.goto(path)
        return tab

    def watch(self, page: Page) -> None:
        """Remember what goes wrong in the page's script, and what its content policy stops."""
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self.hear)

    def hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.faults.append(message.text)

    # What is on the page -------------------------------------------------------------------------

    @property
    def channels(self) -> Locator:
        return self.page.get_by_role("navigation", name="Channels")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("status")

    @property
    def alert(self) -> Locator:
        return self.page.get_by_role("alert")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name=re.compile("^Message"))

    def link(self, name: str) -> Locator:
        """A channel in the sidebar, by exactly what it says: its name and what is unread."""
        return self.channels.get_by_role("link", name=name, exact=True)

    def message(self, text: str) -> Locator:
        return self.log.get_by_role("article").filter(has_text=text)

    # What people do ------------------------------------------------------------------------------

    def goes_to(self, name: str) -> None:
        """Choose a channel in the sidebar, whatever its badge says."""
        self.channels.get_by_role("link", name=re.compile(f"^{re.escape(name)}(,|$)")).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(name)
        expect(self.log).to_be_visible()

    def says(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")

    def presses(self, button: str, message: str) -> None:
        """One of a message's actions."""
        self.message(message).get_by_role("button", name=button, exact=True).click()

    def sees(self, text: str, times: int = 1) -> None:
        expect(self.message(text)).to_have_count(times)

    def has_arrived(self, text: str) -> None:
        """The page knows that the server has it: one can react to it."""
        expect(self.message(text).get_by_role("button", name="React", exact=True)).to_have_count(1)

    def is_connected(self) -> None:
        expect(self.status).to_have_text("Connected")
