"""Messages look as their Markdown says, and nothing in a text, a name or a topic runs in the reader's page."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.people import Screen
from tests.browser.xss_corpus import CORPUS
from tests.support import Person, until

Opens = Callable[..., Screen]

# Remembers whatever in the page could run or lead astray, however shortly it was there.
GUARD = """
window.__rows = new Set();
window.__seen = [];
const MARKS = "mention|mention mention--me|emoji|code|code code--named|code__(bar|language|copy)";
const CLASSES = new RegExp(`^(${MARKS}|(hljs|language)-[ a-z_-]+)$`);
const FOREIGN = "script, iframe, object, embed, style, base, meta, img, form[action], [srcdoc]";
const isBad = (element) =>
  element.matches(FOREIGN) && !element.closest("head")
  || element.hasAttribute("style") && element.tagName !== "TEXTAREA"  // which grow with what one writes
  || element.getAttributeNames().some((name) => name.startsWith("on"))
  || element.tagName === "A" && !["http:", "https:", "mailto:"].includes(element.protocol)
  || element.matches(".message__text a:not([href^='http:' i], [href^='https:' i], [href^='mailto:' i], [data-route])")
  || element.matches(".message__text a:not([target=_blank][rel='noopener noreferrer nofollow'], [data-route])")
  || element.matches(".message__text a[data-route]:not([href^='/c/']:not([target]))")
  || element.matches(".message__text :not(p, strong, em, s, code, pre, blockquote, ul, ol, li, a, span)")
    && !element.matches(".code, .code *")
  || element.matches(".message__text .code :not(pre, pre *, .code__bar, .code__bar > span, .code__bar > button)")
  || element.matches(".message__text [id]")
  || element.matches(".message__text [class]") && !CLASSES.test(element.className);
const look = (node) => {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  const all = [node, ...node.querySelectorAll("*")];
  window.__seen.push(...all.filter(isBad).map((element) => element.outerHTML));
  for (const element of all) if (element.matches("article[data-seq]")) window.__rows.add(element.dataset.seq);
};
new MutationObserver((changes) => {
  for (const { type, target, addedNodes } of changes) (type === "attributes" ? [target] : addedNodes).forEach(look);
}).observe(document, { subtree: true, childList: true, attributes: true });
"""


def guarded(screen: Opens, person: Person, path: str) -> tuple[Screen, list[str]]:
    """Someone's browser that remembers what is bad in its page, and the dialogs that opened."""
    desk = screen(person)
    dialogs: list[str] = []

    def note(dialog: object) -> None:
        dialogs.append(str(dialog))
        dialog.dismiss()  # type: ignore[attr-defined]

    desk.page.on("dialog", note)
    desk.page.add_init_script(GUARD)
    desk.page.goto(path)
    desk.is_connected()
    return desk, dialogs


def is_clean(page: Page, dialogs: list[str]) -> None:
    assert page.evaluate("window.__seen") == []
    assert page.evaluate("window.__xss") is None
    assert dialogs == []


def test_a_message_looks_as_its_markdown_says(screen: Opens, ana: Person, bo: Person, town: str) -> None:
    desk = screen(bo, f"/c/{town}")
    lines = [
        f"**Plan** for @{bo.username}:",
        "- [the notes](https://example.org/notes)",
        "- `make all`",
        "",
        "> is it so?",
        "It is",
        "indeed.",
        "```",
        "let a = '@nobody' && " + "'**long**' && " * 40 + "1;",
        "```",
    ]
    ana.says(town, "\n".join(lines))
    text = desk.message("Plan for").locator(".message__text")
    expect(text.get_by_role("strong")).to_have_text("Plan")
    expect(text.locator(".mention--me")).to_have_text(f"@{bo.username}")
    expect(text.get_by_role("listitem")).to_have_count(2)
    link = text.get_by_role("listitem").get_by_role("link", name="the notes", exact=True)
    expect(link).to_have_attribute("href", "https://example.org/notes")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(text.get_by_role("listitem").get_by_role("code")).to_have_text("make all")
    expect(text.get_by_role("blockquote")).to_have_text("is it so?")
    expect(text.get_by_text("It is")).to_have_text("It is\nindeed.", use_inner_text=True)
    code = text.locator("pre")
    assert code.inner_text().strip() == lines[-2]
    # Long code scrolls by itself, also with the keyboard, and does not widen the page.
    expect(code).to_have_attribute("tabindex", "0")
    code.focus()
    desk.page.keyboard.press("ArrowRight")
    until(lambda: desk.page.evaluate("document.activeElement.scrollLeft > 0"))
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_message_on_its_way_looks_as_it_will(screen: Opens, ana: Person, town: str) -> None:
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    desk.context.set_offline(True)
    desk.says("no *wires* here")
    expect(desk.message("no wires here").get_by_role("emphasis")).to_have_text("wires")
    expect(desk.message("no wires here")).to_contain_text("Waiting for the connection")
    desk.context.set_offline(False)


def test_no_text_of_a_message_runs(screen: Opens, ana: Person, bo: Person, town: str) -> None:
    assert len(CORPUS) == len(set(CORPUS)) > 100
    desk, dialogs = guarded(screen, bo, f"/c/{town}")
    for payload in CORPUS:
        ana.says(town, payload)
    ana.says(town, "that was all")
    desk.sees("that was all")
    assert desk.page.evaluate("window.__rows.size") == len(CORPUS) + 1
    is_clean(desk.page, dialogs)
    until(lambda: bo.get(f"/channels/{town}").data["channel"]["read"]["unread"] == 0)
    # Neither does it as a page of history, nor where people type it themselves.
    desk.page.reload()
    desk.sees("that was all")
    until(lambda: desk.log.evaluate("log => (log.scrollTop = 0, window.__rows.size)") == len(CORPUS) + 1)
    is_clean(desk.page, dialogs)
    for payload in CORPUS[::25]:
        desk.says(payload)
    desk.says("that was that")
    desk.sees("that was that")
    is_clean(desk.page, dialogs)


def test_no_name_topic_or_reaction_runs(screen: Opens, ana: Person, bo: Person, town: str) -> None:
    desk, dialogs = guarded(screen, bo, f"/c/{town}")
    message = ana.says(town, "name me")["id"]
    taken = 0
    for payload in CORPUS:
        renamed = ana.patch("/users/me", {"display_name": payload[:80]})
        described = ana.patch(f"/channels/{town}", {"name": payload[:80], "topic": payload[:250]})
        reacted = ana.put(f"/messages/{message}/reactions/{quote(f':{payload[:60]}:', safe='')}")
        assert {renamed.status, described.status, reacted.status} <= {200, 201, 404, 409, 422}
        taken += renamed.status == described.status == 200
    assert taken > 100
    ana.says(town, "that was all")
    desk.sees("that was all")
    is_clean(desk.page, dialogs)
    # The names as they came last, wherever the page shows them.
    desk.page.reload()
    desk.sees("that was all")
    is_clean(desk.page, dialogs)
