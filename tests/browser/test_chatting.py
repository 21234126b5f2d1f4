"""People chat in real browsers: every test tells what someone does and what they and others see."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests.browser.people import Screen
from tests.faults.proxy import Proxy
from tests.support import PASSWORD, Person, Server, until

Opens = Callable[..., Screen]


def shown(person: Person) -> str:
    """What others call them on the page."""
    return person.username.title()


def said(person: Person, channel: str) -> list[str]:
    """Every text of a channel as the server has it, in order."""
    return [message["text"] for message in person.get(f"/channels/{channel}/messages").data["messages"]]


# Coming in -----------------------------------------------------------------------------------------


def test_someone_signs_in_where_they_wanted_to_go_and_signs_out(chromium: Browser, ana: Person, name: str) -> None:
    town = ana.opens("public", name=name)
    context = chromium.new_context(base_url=ana.server.url)
    page = context.new_page()
    page.goto(f"/c/{town}")
    page.get_by_label("Username").fill(ana.username)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page).to_have_url(re.compile(f"/c/{town}$"))
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_label("Username")).to_be_visible()
    page.goto(f"/c/{town}")
    expect(page).to_have_url(re.compile("/sign-in"))
    context.close()


def test_nobody_is_sent_to_another_site_after_signing_in(chromium: Browser, ana: Person) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        context = chromium.new_context(base_url=ana.server.url)
        page = context.new_page()
        page.goto(f"/sign-in?next={elsewhere}")
        page.get_by_label("Username").fill(ana.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation", name="Channels")).to_be_visible()
        assert page.url.startswith(ana.server.url)
        context.close()


def test_an_invited_person_makes_an_account(chromium: Browser, owner: Person) -> None:
    invite = owner.post("/invites", {}).data["invite"]
    context = chromium.new_context(base_url=owner.server.url)
    page = context.new_page()
    page.goto(f"/invite/{invite}")
    page.get_by_label("Display name").fill("Dora Diaz")
    page.get_by_label("Username").fill(f"dora-{uuid.uuid4().hex[:6]}")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("button", name="Your account, Dora Diaz")).to_be_visible()
    context.close()


def test_an_owner_sees_the_open_invites_and_ends_one(screen: Opens, owner: Person) -> None:
    made = owner.post("/invites", {}).expect(201).data
    page = screen(owner).page
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Account and sessions").click()
    rows = page.get_by_role("list", name="Open invites").get_by_role("listitem")
    before = rows.count()
    end = rows.first.get_by_role("button", name="End the invite: By")
    expect(end).to_be_visible()
    before = rows.count()
    end.click()
    expect(rows).to_have_count(before - 1)
    assert Person(owner.server, f"late-{uuid.uuid4().hex[:6]}").sign_up(made["invite"]).code == "forbidden"


def test_whoever_was_signed_out_elsewhere_is_asked_to_sign_in_again(screen: Opens, ana: Person, town: str) -> None:
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    here = next(session["id"] for session in ana.get("/sessions").data["sessions"] if session["current"])
    ana.delete(f"/sessions/{here}")
    expect(desk.status).to_contain_text("Your session has ended")
    expect(desk.status.get_by_role("link", name="Sign in again")).to_be_visible()


# Talking -------------------------------------------------------------------------------------------


def test_two_people_see_each_others_messages_edits_reactions_and_deletions(
    screen: Opens, ana: Person, bo: Person, town: str
) -> None:
    hers, his = screen(ana, f"/c/{town}"), screen(bo, f"/c/{town}")
    hers.is_connected(), his.is_connected()
    hers.says("shall we meet at nine?")
    his.sees("shall we meet at nine?")
    his.says("fine with me")
    hers.sees("fine with me")

    hers.presses("Edit", "shall we meet at nine?")
    hers.page.get_by_role("textbox", name="Edit message").fill("shall we meet at ten?")
    hers.page.keyboard.press("Enter")
    his.sees("shall we meet at ten?")
    his.sees("nine", times=0)

    his.presses("React", "shall we meet at ten?")
    his.page.get_by_role("dialog", name="Pick a reaction").get_by_role("button", name="👍").click()
    chip = hers.message("shall we meet at ten?").get_by_role("button", name="👍")
    expect(chip).to_have_accessible_name("👍 1 reaction")
    expect(chip).to_have_attribute("aria-pressed", "false")
    chip.click()
    expect(his.message("ten?").get_by_role("button", name="👍 2 reactions")).to_be_visible()
    chip.click()
    expect(his.message("ten?").get_by_role("button", name="👍 1 reaction, yours among them")).to_be_visible()

    hers.presses("Delete", "shall we meet at ten?")
    his.sees("shall we meet at ten?", times=0)
    his.sees("fine with me")


def test_a_message_keeps_its_line_breaks_and_runs_nothing(screen: Opens, ana: Person, town: str) -> None:
    desk = screen(ana, f"/c/{town}")
    desk.composer.fill("first line")
    desk.composer.press("Shift+Enter")
    desk.composer.press_sequentially("<img src=x onerror=alert(1)> javascript:alert(1) https://example.org/a?b=1.")
    desk.composer.press("Enter")
    desk.sees("first line")
    text = desk.message("first line").locator(".message__text")
    expect(text).to_have_text(re.compile(r"^first line\n<img src=x", re.S))
    expect(text.get_by_role("link")).to_have_count(1)
    expect(text.get_by_role("link")).to_have_attribute("href", "https://example.org/a?b=1")
    expect(text.locator("img")).to_have_count(0)


def test_every_action_of_a_message_is_reached_with_the_keyboard(screen: Opens, ana: Person, town: str) -> None:
    ana.says(town, "press me")
    desk = screen(ana, f"/c/{town}")
    desk.sees("press me")
    desk.composer.focus()
    names = []
    for _ in range(5):
        desk.page.keyboard.press("Shift+Tab")
        names.append(desk.page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert names == ["More actions", "Delete", "Edit", "Reply in thread", "React"]
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_role("dialog", name="Pick a reaction")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.page.get_by_role("dialog", name="Pick a reaction")).to_have_count(0)


def test_older_messages_come_when_one_scrolls_up(screen: Opens, ana: Person, town: str) -> None:
    for number in range(120):
        ana.says(town, f"message number {number:03}")
    desk = screen(ana, f"/c/{town}")
    desk.sees("message number 119")
    desk.sees("message number 000", times=0)
    for _ in range(4):
        desk.log.evaluate("log => log.scrollTop = 0")
        desk.page.wait_for_timeout(300)
    desk.sees("message number 000")
    texts = desk.log.get_by_role("article").locator(".message__text").all_inner_texts()
    numbers = [text for text in texts if text.startswith("message number")]
    assert numbers == [f"message number {number:03}" for number in range(120)]


# Channels ------------------------------------------------------------------------------------------


def test_what_happens_elsewhere_shows_as_a_badge_until_one_looks(
    screen: Opens, ana: Person, bo: Person, town: str, name: str
) -> None:
    other = ana.opens("public", bo)
    his = screen(bo, f"/c/{other}")
    his.is_connected()
    expect(his.link(name)).to_be_visible()
    ana.says(town, "something new")
    expect(his.link(f"{name}, 1 unread")).to_be_visible()
    ana.says(town, f"@{bo.username} look here")
    expect(his.link(f"{name}, 2 unread, 1 mention")).to_be_visible()
    his.goes_to(name)
    his.sees("look here")
    expect(his.link(name)).to_be_visible()
    his.page.reload()
    expect(his.link(name)).to_be_visible()
    until(lambda: bo.get(f"/channels/{town}").data["channel"]["read"]["unread"] == 0)


def test_switching_shows_each_channels_own_messages_and_back_and_reload_stay(
    screen: Opens, ana: Person, town: str, name: str
) -> None:
    other_name = f"garden-{uuid.uuid4().hex[:6]}"
    garden = ana.opens("public", name=other_name)
    ana.says(town, "about the town")
    ana.says(garden, "about the garden")
    desk = screen(ana, f"/c/{town}")
    desk.sees("about the town")
    desk.goes_to(other_name)
    desk.sees("about the garden")
    desk.sees("about the town", times=0)
    desk.page.go_back()
    desk.sees("about the town")
    expect(desk.page).to_have_url(re.compile(f"/c/{town}$"))
    desk.page.go_forward()
    desk.sees("about the garden")
    desk.page.reload()
    desk.sees("about the garden")
    expect(desk.page).to_have_url(re.compile(f"/c/{garden}$"))
    ana.says(town, "while away")
    ana.says(garden, "while there")
    desk.sees("while there")
    desk.goes_to(name)
    desk.sees("while away")


def test_someone_creates_a_channel_and_another_joins_it(screen: Opens, ana: Person, bo: Person, name: str) -> None:
    hers, his = screen(ana), screen(bo)
    hers.page.get_by_role("button", name="Create channel").click()
    dialog = hers.page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Topic").fill("All about it")
    dialog.get_by_role("button", name="Create").click()
    expect(hers.page.get_by_role("heading", level=1)).to_have_text(name)
    hers.says("first!")
    his.page.get_by_role("link", name="Browse channels").click()
    his.page.get_by_role("button", name=f"Open {name}").click()
    his.sees("first!")
    expect(his.composer).to_have_count(0)
    his.page.get_by_role("button", name="Join channel").click()
    his.says("hello from bo")
    hers.sees("hello from bo")
    expect(his.link(name)).to_be_visible()


def test_a_name_that_is_taken_says_so_beside_the_form(screen: Opens, ana: Person, town: str, name: str) -> None:
    desk = screen(ana, f"/c/{town}")
    desk.page.get_by_role("button", name="Create channel").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("taken")


def test_a_direct_message_appears_at_the_other_end(screen: Opens, ana: Person, bo: Person, town: str) -> None:
    hers, his = screen(ana, f"/c/{town}"), screen(bo, f"/c/{town}")
    his.is_connected()
    hers.page.get_by_role("button", name="New message").click()
    dialog = hers.page.get_by_role("dialog")
    dialog.get_by_label("Find people").fill(bo.username)
    dialog.get_by_role("checkbox", name=f"@{bo.username}").click()  # once chosen, the list shows everyone again
    expect(dialog.get_by_role("list", name="Chosen people")).to_contain_text(shown(bo))
    dialog.get_by_role("button", name="Start").click()
    expect(hers.composer).to_have_attribute("aria-label", f"Message {shown(bo)}")
    hers.says("just between us")
    expect(his.link(f"{shown(ana)}, 1 unread")).to_be_visible()
    his.goes_to(shown(ana))
    his.sees("just between us")


def test_someone_removed_from_a_private_channel_sees_nothing_of_it_any_more(
    screen: Opens, ana: Person, bo: Person, name: str
) -> None:
    secret = ana.opens("private", bo, name=name)
    ana.says(secret, "the plan")
    his = screen(bo, f"/c/{secret}")
    his.sees("the plan")
    ana.removes(secret, bo)
    expect(his.page.get_by_text("This channel does not exist, or you may not see it.")).to_be_visible()
    expect(his.link(name)).to_have_count(0)
    ana.adds(secret, bo)
    his.sees("the plan")


# When things break ---------------------------------------------------------------------------------


def test_a_message_typed_while_the_server_is_dead_arrives_exactly_once(screen: Opens, fragile: Server) -> None:
    ana = fragile.owner()
    bo = fragile.person("bo", ana)
    town = ana.opens("public", bo)
    hers, his = screen(ana, f"/c/{town}"), screen(bo, f"/c/{town}")
    hers.says("before")
    his.sees("before")
    fragile.kill()
    hers.says("typed in the dark")
    hers.sees("typed in the dark")
    expect(hers.status).to_contain_text("1 message waiting")
    fragile.start()
    hers.is_connected()
    his.sees("typed in the dark")
    hers.sees("typed in the dark")
    hers.says("and after")
    his.sees("and after")
    assert [text for text in said(ana, town) if text in ("before", "typed in the dark", "and after")] == [
        "before",
        "typed in the dark",
        "and after",
    ]


def test_a_message_whose_answer_was_lost_with_its_server_is_there_once(
    screen: Opens, network: Callable[[Server], Proxy], fragile: Server
) -> None:
    ana = fragile.owner()
    bo = fragile.person("bo", ana)
    town = ana.opens("public", bo)
    wire = network(fragile)
    hers, his = screen(ana, f"/c/{town}", url=wire.url), screen(bo, f"/c/{town}")
    hers.is_connected(), his.is_connected()
    wire.hold_answers()
    hers.says("taken, but nobody told me")
    his.sees("taken, but nobody told me")
    hers.says("still waiting behind it")
    fragile.kill()
    wire.cut()
    fragile.start()
    hers.is_connected(), his.is_connected()
    for desk in (hers, his):
        desk.sees("still waiting behind it")
        desk.sees("taken, but nobody told me")
    assert said(ana, town) == ["taken, but nobody told me", "still waiting behind it"]


def test_a_message_outlives_the_tab_it_was_typed_in(screen: Opens, fragile: Server) -> None:
    ana = fragile.owner()
    town = ana.opens("public")
    desk = screen(ana, f"/c/{town}")
    desk.says("before")
    desk.has_arrived("before")  # or it would be what waits
    fragile.kill()
    desk.says("do not lose this")
    expect(desk.status).to_contain_text("waiting")
    desk.page.close()
    fragile.start()
    again = desk.new_tab(f"/c/{town}")
    again.is_connected()
    again.sees("do not lose this")
    until(lambda: "do not lose this" in said(ana, town))  # what is seen at first may wait still
    texts = said(ana, town)
    assert (texts.count("before"), texts.count("do not lose this")) == (1, 1)


def test_two_tabs_of_one_person_send_each_message_once_and_in_order(screen: Opens, fragile: Server) -> None:
    ana = fragile.owner()
    town = ana.opens("public")
    one = screen(ana, f"/c/{town}")
    two = one.new_tab(f"/c/{town}")
    one.is_connected(), two.is_connected()
    fragile.kill()
    for number in range(3):
        one.says(f"one {number}")
        two.says(f"two {number}")
    two.sees("one 2")
    fragile.start()
    one.is_connected(), two.is_connected()
    for tab in (one, two):
        for number in range(3):
            tab.sees(f"one {number}")
            tab.sees(f"two {number}")
    typed = [f"{tab} {n}" for n in range(3) for tab in ("one", "two")]
    until(lambda: typed[-1] in said(ana, town))  # what waits to be sent is seen already
    assert [text for text in said(ana, town) if re.match("one|two", text)] == typed


def test_everything_typed_through_crashes_arrives_once_and_in_order(screen: Opens, fragile: Server) -> None:
    ana = fragile.owner()
    bo = fragile.person("bo", ana)
    town = ana.opens("public", bo)
    hers, his = screen(ana, f"/c/{town}"), screen(bo, f"/c/{town}")
    hers.is_connected(), his.is_connected()
    typed = [f"line {number:02}" for number in range(30)]
    for number, text in enumerate(typed):
        hers.says(text)
        if number % 12 == 6:
            fragile.kill()  # with messages on their way: taken but not acked, or neither
        if number % 12 == 10:
            fragile.start()
    for desk in (his, hers):
        desk.sees("line 29")
        desk.is_connected()
        texts = desk.log.get_by_role("article").locator(".message__text").all_inner_texts()
        assert [text for text in texts if text.startswith("line")] == typed
    assert [text for text in said(ana, town) if text.startswith("line")] == typed


def test_a_refused_message_says_why_and_holds_up_nothing(screen: Opens, fragile: Server) -> None:
    ana = fragile.owner()
    bo = fragile.person("bo", ana)
    town, garden = ana.opens("public", bo, name="town"), ana.opens("public", bo, name="garden")
    his = screen(bo, f"/c/{town}")
    his.is_connected()
    fragile.kill()
    his.says("am I still in?")
    his.sees("am I still in?")
    his.context.set_offline(True)
    fragile.start()
    ana.removes(town, bo)
    his.context.set_offline(False)
    expect(his.message("am I still in?").get_by_role("alert")).to_contain_text("Not sent")
    his.goes_to("garden")
    his.says("here I am")
    his.sees("here I am")
    his.page.go_back()
    his.message("am I still in?").get_by_role("button", name="Discard").click()
    his.sees("am I still in?", times=0)
    until(lambda: "here I am" in said(ana, garden))
    assert "am I still in?" not in said(ana, town)


def test_an_edit_that_crossed_with_another_says_so_and_shows_what_is_there(
    screen: Opens, ana: Person, town: str
) -> None:
    message = ana.says(town, "we meet at nine")["id"]
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    desk.sees("we meet at nine")
    desk.context.set_offline(True)
    desk.presses("Edit", "we meet at nine")
    desk.page.get_by_role("textbox", name="Edit message").fill("we meet at ten")
    desk.page.keyboard.press("Enter")
    desk.sees("we meet at ten")
    ana.patch(f"/messages/{message}", {"text": "we meet at eleven"}).expect(200)
    desk.context.set_offline(False)
    expect(desk.message("we meet at eleven").get_by_role("alert")).to_contain_text("Not saved")
    desk.sees("we meet at ten", times=0)
    desk.message("we meet at eleven").get_by_role("button", name="Dismiss").click()
    expect(desk.message("we meet at eleven").get_by_role("alert")).to_have_count(0)


def test_a_reaction_and_a_deletion_made_without_a_connection_arrive_later(
    screen: Opens, ana: Person, bo: Person, town: str
) -> None:
    liked, gone = bo.says(town, "cake at four")["id"], ana.says(town, "forget this")["id"]
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    desk.sees("cake at four")
    desk.context.set_offline(True)
    desk.presses("React", "cake at four")
    desk.page.get_by_role("dialog", name="Pick a reaction").get_by_role("button", name="🎉", exact=True).click()
    expect(desk.message("cake at four").get_by_role("button", name="🎉 1 reaction")).to_be_visible()
    desk.presses("Delete", "forget this")
    desk.sees("forget this", times=0)
    desk.context.set_offline(False)
    desk.page.reload()
    desk.is_connected()
    until(lambda: bo.get(f"/messages/{liked}").data["message"]["reactions"])
    until(lambda: bo.get(f"/messages/{gone}").data["message"]["deleted_at"])
