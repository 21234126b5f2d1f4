"""Fixtures: a real Chromium, and the browsers of people who are signed in."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import find_chromium, how_to_install
from tests.browser.people import Screen
from tests.faults.proxy import Proxy
from tests.support import ROOT, Person, Server

MANIFEST = ROOT / "chat" / "static" / "app" / ".vite" / "manifest.json"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests; every person gets a context of their own."""
    if not MANIFEST.is_file():
        pytest.fail("The web client is not built: run `npm ci && npm run build` in client/.")
    program = find_chromium()
    if program is None:
        pytest.fail(f"The browser tests need Chromium: {how_to_install()}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def screen(chromium: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Screen]]:
    """Opens someone's browser, signed in, on a page of the app. Errors on any page fail the test."""
    screens: list[Screen] = []

    def open_for(person: Person, path: str = "/", url: str = "") -> Screen:
        screens.append(Screen.open(chromium, person, path, url))
        return screens[-1]

    yield open_for
    faults = [fault for screen in screens for fault in screen.faults]
    for screen in screens:
        screen.context.close()
    assert not faults


@pytest.fixture
def tag() -> str:
    """What only this test's channels are called."""
    return uuid.uuid4().hex[:6]


@pytest.fixture
def name(tag: str) -> str:
    """A channel name that no other test uses."""
    return f"town-{tag}"


@pytest.fixture
def town(name: str, ana: Person, bo: Person) -> str:
    """A public channel with ana, who owns it, and bo in it; its id."""
    return ana.opens("public", bo, name=name)


@pytest.fixture
def fragile(own_server: Callable[..., Server]) -> Server:
    """A server that the test may stop and kill."""
    return own_server(HEADS_SECONDS="2")


@pytest.fixture
def network() -> Iterator[Callable[[Server], Proxy]]:
    """A network to a server that the test may break."""
    proxies: list[Proxy] = []

    def to(server: Server) -> Proxy:
        proxies.append(Proxy(server.port))
        return proxies[-1]

    yield to
    for proxy in proxies:
        proxy.close()
