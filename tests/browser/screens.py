"""Every screen there is, by name: how to get there. What looks at all of them (access, screenshots) goes by this table.

To add one, write a function that takes a page which stands nowhere yet, and the workspace it is a page of.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, WebSocketRoute, expect

from tests.support import PASSWORD, Person, Server

SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
    "small": {"width": 360, "height": 640},
    "tablet": {"width": 1024, "height": 768},
}
NARROW = {"phone", "small"}


@dataclass
class Town:
    """A workspace with a little of everything: the seeded team, and what only a test would write."""

    server: Server
    ana: Person
    bo: Person
    newcomer: Person
    channels: dict[str, str]
    invite: str

    @classmethod
    def planted(cls, server: Server) -> Town:
        """Plant the team into a server that was not started yet, and start it."""
        (password,) = re.findall(r"password  (\S+)", server.chat("seed").stdout)
        server.start()
        ana, bo = (signed_in(server, name, password) for name in ("ana", "bo"))
        invite = ana.post("/invites", {}).data["invite"]
        newcomer = server.person("nia", ana)
        # The newcomer is in no channel at all.
        for channel in newcomer.get("/channels").data["channels"]:
            if channel["role"]:
                newcomer.delete(f"/channels/{channel['id']}/members/{newcomer.id}")
        mixed = ana.opens("public", bo, name="all-sorts")
        write_all_sorts(ana, bo, mixed)
        ana.opens("private", name="empty")
        ana.post("/tokens", {"name": "a program"})
        named = {channel["name"]: channel["id"] for channel in ana.get("/channels").data["channels"] if channel["name"]}
        return cls(server, ana, bo, newcomer, {**named, "dm": ana.talks_to(bo)}, invite)

    def page_of(self, context: BrowserContext, person: Person | None) -> Page:
        """A page of someone's browser, or of nobody's."""
        if person:
            cookies = [(cookie.name, cookie.value or "") for cookie in person.http.cookies]
            context.add_cookies([{"name": n, "value": v, "domain": "127.0.0.1", "path": "/"} for n, v in cookies])
        return context.new_page()


def signed_in(server: Server, name: str, password: str = PASSWORD) -> Person:
    person = Person(server, name)
    reply = person.post("/session", {"login": name, "password": password}).expect(200)
    person.http.headers["X-CSRF-Token"] = reply.data["csrf_token"]
    person.id = reply.data["user"]["id"]
    return person


def write_all_sorts(ana: Person, bo: Person, channel: str) -> None:
    """Every kind of message that people can write."""
    ana.patch(
        f"/channels/{channel}", {"topic": "One of every kind of message, and a topic that is long enough to be cut"}
    )
    ana.says(channel, "Plain words, and a second line\nbelow the first.")
    bo.says(channel, "**bold**, *leaning*, ~~struck~~, `code`, https://example.org/a and [a link](https://example.org)")
    bo.says(channel, "> quoted words\n\n- a list\n- of two\n\n1. and one\n2. with numbers")
    bo.says(channel, "```python\ndef tide(hour):\n    return 'high' if hour % 12 < 6 else 'low'\n```")
    ana.says(channel, "a-word-that-never-ends-" * 12)
    changed = ana.says(channel, "this will be edited")["id"]
    ana.patch(f"/messages/{changed}", {"text": "this was edited"})
    gone = ana.says(channel, "this will be deleted")["id"]
    ana.delete(f"/messages/{gone}")
    liked = bo.says(channel, f"what do you think, @{ana.username}? @channel")["id"]
    for emoji in ("👍", "🎉"):
        ana.put(f"/messages/{liked}/reactions/{emoji}")
        bo.put(f"/messages/{liked}/reactions/{emoji}")
    root = ana.says(channel, "a thread starts here")["id"]
    bo.says(channel, "and goes on", thread_id=root)
    ana.says(channel, "🎉🎉")


class Line:
    """The live connection of a page, which a test may cut and mend. A silent one takes everything and says nothing."""

    def __init__(self, page: Page, *, silent: bool = False) -> None:
        self.silent, self.is_cut = silent, False
        self.sockets: list[WebSocketRoute] = []
        page.route_web_socket("**/socket.io/**", self.on_socket)
        page.route("**/socket.io/**", lambda route: route.abort() if self.is_cut else route.continue_())

    def on_socket(self, socket: WebSocketRoute) -> None:
        if self.is_cut:
            socket.close()
        elif not self.silent:
            socket.connect_to_server()
            self.sockets.append(socket)

    def cut(self) -> None:
        self.is_cut = True
        for socket in self.sockets:
            socket.close()
        self.sockets.clear()

    def mend(self) -> None:
        self.is_cut = False


# The screens -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """A screen, who sees it, and whether the page must be narrow or wide for it."""

    reach: Callable[[Page, Town], None]
    who: str = "ana"
    narrow_only: bool = False
    wide_only: bool = False


SCREENS: dict[str, View] = {}


def screen(
    name: str, *, who: str = "ana", narrow_only: bool = False, wide_only: bool = False
) -> Callable[[Callable[[Page, Town], None]], None]:
    """Put a screen into the table."""

    def add(reach: Callable[[Page, Town], None]) -> None:
        SCREENS[name] = View(reach, who, narrow_only, wide_only)

    return add


@contextmanager
def shown(
    chromium: Browser, town: Town, name: str, size: str, theme: str, *, bypass_csp: bool = False
) -> Iterator[Page]:
    """A page that shows one screen at a size, in a theme."""
    view = SCREENS[name]
    context = chromium.new_context(
        base_url=town.server.url,
        viewport=SIZES[size],
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        has_touch=size in NARROW,
        is_mobile=size in NARROW,
        bypass_csp=bypass_csp,
    )
    context.set_default_timeout(15_000)
    page = town.page_of(context, {"ana": town.ana, "newcomer": town.newcomer, "nobody": None}[view.who])
    view.reach(page, town)
    yield page
    context.close()


def names_at(size: str) -> list[str]:
    """The screens that there are at this size."""
    return [name for name, view in SCREENS.items() if not (view.wide_only if size in NARROW else view.narrow_only)]


def at_rest(page: Page) -> None:
    """What came from the server is there, and the connection stands."""
    expect(page.get_by_role("status")).to_have_text("Connected")


def in_channel(page: Page, town: Town, name: str) -> None:
    page.goto(f"/c/{town.channels[name]}")
    expect(page.get_by_role("log")).to_be_visible()
    at_rest(page)


def is_narrow(page: Page) -> bool:
    size = page.viewport_size
    return size is not None and size["width"] < 700


def with_sidebar(page: Page, town: Town) -> None:
    """In a channel, with the list of channels at hand."""
    in_channel(page, town, "general")
    if is_narrow(page):
        page.get_by_role("button", name="Open the channel list").click()
    expect(page.get_by_role("navigation", name="Channels")).to_be_visible()


@screen("sign in", who="nobody")
def _(page: Page, town: Town) -> None:
    page.goto("/sign-in")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@screen("sign in, refused", who="nobody")
def _(page: Page, town: Town) -> None:
    page.goto("/sign-in")
    page.get_by_label("Username").fill(f"nobody-{uuid.uuid4().hex[:6]}")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()


@screen("sign up", who="nobody")
def _(page: Page, town: Town) -> None:
    page.goto("/sign-up")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@screen("invited", who="nobody")
def _(page: Page, town: Town) -> None:
    page.goto(f"/invite/{town.invite}")
    expect(page.get_by_text("You have been invited")).to_be_visible()


@screen("channel")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "general")
    expect(page.get_by_role("article").first).to_be_visible()


@screen("all sorts of messages")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "all-sorts")
    expect(page.get_by_text("this was edited")).to_be_visible()


@screen("message actions")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "all-sorts")
    page.get_by_role("article").filter(has_text="this was edited").get_by_role("button", name="Edit").focus()


@screen("editing")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "all-sorts")
    page.get_by_role("article").filter(has_text="this was edited").get_by_role("button", name="Edit").press("Enter")
    expect(page.get_by_role("textbox", name="Edit message")).to_be_visible()


@screen("empty channel")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "empty")
    expect(page.get_by_text("This is the beginning")).to_be_visible()


@screen("direct messages")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "dm")


@screen("archived channel")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "summer-trip")
    expect(page.get_by_text("This channel is archived")).to_be_visible()


@screen("preview of a channel", who="newcomer")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "general")
    expect(page.get_by_role("button", name="Join channel")).to_be_visible()


@screen("compact")
def _(page: Page, town: Town) -> None:
    page.add_init_script("localStorage.setItem('parley.pref.density', JSON.stringify('compact'))")
    in_channel(page, town, "all-sorts")


@screen("browse")
def _(page: Page, town: Town) -> None:
    page.goto("/browse")
    expect(page.get_by_role("heading", name="Browse channels")).to_be_visible()
    at_rest(page)


@screen("no channel yet", who="newcomer")
def _(page: Page, town: Town) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Welcome")
    at_rest(page)


@screen("missing channel")
def _(page: Page, town: Town) -> None:
    page.goto("/c/nothing")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    at_rest(page)


@screen("drawer", narrow_only=True)
def _(page: Page, town: Town) -> None:
    with_sidebar(page, town)


@screen("account menu")
def _(page: Page, town: Town) -> None:
    with_sidebar(page, town)
    page.get_by_role("button", name="Your account").click()
    expect(page.get_by_role("dialog", name="Your account")).to_be_visible()


@screen("account")
def _(page: Page, town: Town) -> None:
    with_sidebar(page, town)
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Account and sessions").click()
    expect(page.get_by_text("This browser")).to_be_visible()


@screen("preferences")
def _(page: Page, town: Town) -> None:
    with_sidebar(page, town)
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Preferences").click()
    expect(page.get_by_role("dialog", name="Preferences")).to_be_visible()


@screen("create channel")
def _(page: Page, town: Town) -> None:
    with_sidebar(page, town)
    page.get_by_role("button", name="Create channel").click()
    expect(page.get_by_role("dialog")).to_be_visible()


@screen("new message")
def _(page: Page, town: Town) -> None:
    with_sidebar(page, town)
    page.get_by_role("button", name="New message").click()
    expect(page.get_by_role("dialog").get_by_role("checkbox").first).to_be_visible()


@screen("members")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "general")
    page.get_by_role("button", name="Members").click()
    expect(page.get_by_role("dialog").get_by_text("Ana Moreira").first).to_be_visible()


@screen("reactions")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "all-sorts")
    message = page.get_by_role("article").filter(has_text="this was edited")
    message.get_by_role("button", name="React").press("Enter")
    expect(page.get_by_role("dialog", name="Pick a reaction")).to_be_visible()


@screen("message menu")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "all-sorts")
    message = page.get_by_role("article").filter(has_text="this was edited")
    message.get_by_role("button", name="More actions").press("Enter")
    expect(page.get_by_role("menuitem", name="Copy link")).to_be_visible()


@screen("versions of a message")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "all-sorts")
    page.get_by_role("link", name="(edited)").press("Enter")
    expect(page.get_by_role("dialog").get_by_text("this will be edited")).to_be_visible()


@screen("who reacted")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "all-sorts")
    message = page.get_by_role("article").filter(has_text="what do you think")
    message.get_by_role("button", name="More actions").press("Enter")
    page.get_by_role("menuitem", name="Who reacted").press("Enter")
    expect(page.get_by_role("dialog", name="Who reacted")).to_be_visible()


@screen("thread")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "all-sorts")
    page.get_by_role("link", name="1 reply").click()
    thread = page.get_by_role("log", name="Messages in the thread")
    expect(thread.get_by_text("and goes on")).to_be_visible()


@screen("unread messages")
def _(page: Page, town: Town) -> None:
    page.add_init_script("document.hasFocus = () => false")
    town.bo.says(town.channels["field-notes"], "Something new from the tide gauge")
    in_channel(page, town, "field-notes")
    expect(page.get_by_text("New", exact=True)).to_be_visible()


@screen("far back")
def _(page: Page, town: Town) -> None:
    path = f"/channels/{town.channels['field-notes']}/messages"
    old = town.ana.get(path, around=600, limit=10).data["messages"][5]["id"]
    page.goto(f"/c/{town.channels['field-notes']}/m/{old}")
    expect(page.get_by_role("button", name=re.compile("newest|new message"))).to_be_visible()
    at_rest(page)


@screen("completing a name")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "general")
    page.get_by_role("textbox", name="Message").press_sequentially("Ask @d")
    expect(page.get_by_role("option").first).to_be_visible()


@screen("picking an emoji", wide_only=True)
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "general")
    page.get_by_role("button", name="Emoji", exact=True).click()
    expect(
        page.get_by_role("dialog", name="Pick an emoji").get_by_role("button", name="grinning face").first
    ).to_be_visible()


@screen("how to format")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "general")
    page.get_by_role("button", name="Formatting").click()
    expect(page.get_by_role("dialog")).to_be_visible()


@screen("switcher")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "general")
    page.keyboard.press("Control+k")
    page.keyboard.type("e")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_be_visible()


@screen("shortcuts")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "general")
    page.keyboard.press("Control+/")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


@screen("channel details")
def _(page: Page, town: Town) -> None:
    in_channel(page, town, "product")
    page.get_by_role("button", name="Details").click()
    expect(page.get_by_role("dialog")).to_be_visible()


@screen("people")
def _(page: Page, town: Town) -> None:
    page.goto("/people")
    expect(page.get_by_text("Greta Vos").first).to_be_visible()
    at_rest(page)


@screen("offline")
def _(page: Page, town: Town) -> None:
    line = Line(page)
    in_channel(page, town, "general")
    line.cut()
    expect(page.get_by_role("button", name="Retry now")).to_be_visible()


@screen("waiting messages")
def _(page: Page, town: Town) -> None:
    line = Line(page)
    in_channel(page, town, "empty")
    line.cut()
    expect(page.get_by_role("button", name="Retry now")).to_be_visible()
    for text in ("written in the dark", "and another"):
        page.get_by_role("textbox", name="Message").fill(text)
        page.get_by_role("textbox", name="Message").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("2 messages waiting.")


@screen("connecting")
def _(page: Page, town: Town) -> None:
    Line(page, silent=True)
    page.goto(f"/c/{town.channels['general']}")
    expect(page.get_by_role("status")).to_have_text("Connecting…")


@screen("server unreachable")
def _(page: Page, town: Town) -> None:
    page.route("**/api/v1/session", lambda route: route.abort())
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("cannot be reached")


@screen("session ended")
def _(page: Page, town: Town) -> None:
    page.route("**/api/v1/users", lambda route: route.fulfill(status=401, json=ENDED))
    page.goto(f"/c/{town.channels['general']}")
    expect(page.get_by_role("status")).to_contain_text("Your session has ended")


@screen("script not loaded", who="nobody")
def _(page: Page, town: Town) -> None:
    page.route("**/assets/*.js", lambda route: route.abort())
    page.goto("/sign-in")
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")


# What a server answers whose session was ended.
ENDED = {"error": {"code": "session_expired", "message": "This session has ended.", "retryable": False}}
