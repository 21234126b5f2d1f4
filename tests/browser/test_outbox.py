"""What someone wrote in a browser, through everything that happens to the page, the server and the way between."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Error, expect

from tests.browser.people import Screen
from tests.faults.proxy import Proxy
from tests.support import Person, Server, until

Opens = Callable[..., Screen]


def said(person: Person, channel: str) -> list[str]:
    """Every text of a channel as the server has it, in order; without what the server says itself."""
    messages = person.get(f"/channels/{channel}/messages").data["messages"]
    return [message["text"] for message in messages if message["kind"] == "user"]


# Enter; then the page says so, and does nothing more, however long it lives.
LAST_BREATH = """() => setTimeout(() => {
    const enter = new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true});
    document.activeElement.dispatchEvent(enter);
    console.log("pressed");
    for (;;);
})"""


def test_what_was_sent_in_the_last_breath_of_a_page_is_not_lost(
    screen: Opens, chromium: Browser, ana: Person, town: str
) -> None:
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    desk.context.set_offline(True)  # only the browser can keep it
    desk.composer.fill("my last words")
    with desk.page.expect_console_message(lambda message: message.text == "pressed"):
        desk.page.evaluate(LAST_BREATH)
    for process in chromium.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]:
        if process["type"] == "renderer":
            os.kill(process["id"], signal.SIGKILL)
    desk.page.close()
    desk.context.set_offline(False)
    again = desk.new_tab(f"/c/{town}")
    again.has_arrived("my last words")
    assert said(ana, town) == ["my last words"]


def test_what_was_written_offline_in_two_channels_outlives_the_page_and_the_server(
    screen: Opens, fragile: Server
) -> None:
    ana = fragile.owner()
    town, garden = ana.opens("public", name="town"), ana.opens("public", name="garden")
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    desk.context.set_offline(True)
    for number in range(3):
        desk.says(f"to the town {number}")
    desk.goes_to("garden")
    for number in range(3):
        desk.says(f"to the garden {number}")
    expect(desk.status).to_contain_text("6 messages waiting.")
    fragile.kill()
    desk.context.set_offline(False)
    with pytest.raises(Error, match="net::ERR_"):
        desk.page.reload()
    # The browser's page of errors comes a moment later, and would load by itself as soon as it can.
    desk.page.wait_for_url(re.compile("^chrome-error:"), wait_until="commit")
    desk.page.goto("about:blank")
    fragile.start()
    desk.page.goto(f"/c/{town}")
    desk.is_connected()
    desk.has_arrived("to the town 2")
    until(lambda: len(said(ana, garden)) >= 3)
    desk.page.reload()
    desk.is_connected()
    for place, channel in (("town", town), ("garden", garden)):
        desk.goes_to(place)
        desk.sees(f"to the {place}", times=3)
        assert said(ana, channel) == [f"to the {place} {number}" for number in range(3)]


def test_a_message_whose_answer_was_lost_is_sent_again_by_the_next_page_and_is_there_once(
    screen: Opens, network: Callable[[Server], Proxy], ana: Person, bo: Person
) -> None:
    town = ana.opens("public", bo)
    wire = network(ana.server)
    hers, his = screen(ana, f"/c/{town}", url=wire.url), screen(bo, f"/c/{town}")
    hers.is_connected(), his.is_connected()
    wire.hold_answers()
    hers.says("taken, but nobody told me")
    hers.says("still waiting behind it")
    his.sees("taken, but nobody told me")
    expect(hers.status).to_contain_text("2 messages waiting.")
    hers.page.goto("about:blank")  # the page is gone before the connection is, and knows of no answer
    wire.cut()
    hers.page.goto(f"/c/{town}")
    hers.is_connected()
    his.sees("still waiting behind it")
    for desk in (hers, his):
        desk.sees("taken, but nobody told me")
        desk.sees("still waiting behind it")
    expect(hers.page.get_by_text("Waiting for the connection")).to_have_count(0)
    assert said(bo, town) == ["taken, but nobody told me", "still waiting behind it"]


def test_two_tabs_share_what_waits_while_the_server_dies_between_their_messages(
    screen: Opens, network: Callable[[Server], Proxy], fragile: Server
) -> None:
    ana = fragile.owner()
    town = ana.opens("public")
    wire = network(fragile)
    one = screen(ana, f"/c/{town}", url=wire.url)
    two = one.new_tab(f"/c/{town}")
    one.is_connected(), two.is_connected()
    for number in range(8):
        if number == 3:
            one.has_arrived("two 2"), two.has_arrived("two 2")
            wire.hold_answers()
        one.says(f"one {number}")
        two.says(f"two {number}")
        if number == 4:
            until(lambda: "one 3" in said(ana, town))
            fragile.kill()  # it took one that neither tab knows of, and more of both wait behind it
            wire.cut()
    fragile.start()
    for tab in (one, two):
        tab.has_arrived("one 7"), tab.has_arrived("two 7")
        for name in ("one", "two"):
            tab.sees(name, times=8)
    texts = said(ana, town)
    assert len(texts) == 16
    for name in ("one", "two"):
        assert [text for text in texts if text.startswith(name)] == [f"{name} {number}" for number in range(8)]


def test_what_an_archived_channel_refuses_stays_beside_it_and_holds_up_no_other(
    screen: Opens, ana: Person, bo: Person
) -> None:
    town, garden = ana.opens("public", bo), ana.opens("public", bo)
    desk = screen(bo, f"/c/{garden}")
    desk.is_connected()
    desk.page.goto(f"/c/{town}")
    desk.is_connected()
    desk.context.set_offline(True)
    desk.says("one more thing")
    desk.says("and another")
    desk.goes_to(bo.get(f"/channels/{garden}").data["channel"]["name"])
    desk.says("elsewhere")
    ana.post(f"/channels/{town}/archive").expect(200)
    desk.context.set_offline(False)
    desk.sees("elsewhere")
    until(lambda: said(ana, garden) == ["elsewhere"])
    desk.page.goto(f"/c/{town}")
    for text in ("one more thing", "and another"):
        expect(desk.message(text).get_by_role("alert")).to_contain_text(re.compile("Not sent.*archived"))
    desk.message("one more thing").get_by_role("button", name="Discard").click()
    desk.sees("one more thing", times=0)
    desk.page.reload()
    expect(desk.message("and another").get_by_role("alert")).to_be_visible()
    desk.sees("one more thing", times=0)
    assert said(ana, town) == []
