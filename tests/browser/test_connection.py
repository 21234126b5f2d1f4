"""The connection as a person sees it: lost, coming back, ended elsewhere; and what they wrote meanwhile."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests.browser.people import Screen
from tests.browser.screens import Line
from tests.support import PASSWORD, Person, Server, until

Opens = Callable[..., Screen]


def said(person: Person, channel: str) -> list[str]:
    return [message["text"] for message in person.get(f"/channels/{channel}/messages").data["messages"]]


def current_session(person: Person) -> str:
    return next(session["id"] for session in person.get("/sessions").data["sessions"] if session["current"])


# Lost, and back ------------------------------------------------------------------------------------


def test_who_is_offline_sees_when_the_next_try_comes_and_need_not_wait(screen: Opens, ana: Person) -> None:
    town = ana.opens("public")
    desk = screen(ana, "/sign-in")
    line = Line(desk.page)
    desk.page.goto(f"/c/{town}")
    desk.is_connected()
    line.cut()
    expect(desk.status).to_contain_text("You are offline.")
    expect(desk.status).to_contain_text(re.compile(r"Next try in \d+ s\.|Trying now"))
    # Seen, and not read out every second.
    seconds = desk.status.get_by_text(re.compile("Next try|Trying now"))
    expect(seconds).to_have_attribute("aria-hidden", "true")
    line.mend()
    desk.status.get_by_role("button", name="Retry now").click()
    desk.is_connected()
    desk.says("here again")
    desk.sees("here again")


def test_a_server_that_was_restarted_is_found_again_by_itself(screen: Opens, fragile: Server) -> None:
    ana = fragile.owner()
    desk = screen(ana, f"/c/{ana.opens('public')}")
    desk.is_connected()
    fragile.stop()
    expect(desk.status).to_contain_text(re.compile("You are offline|The server restarts"))
    desk.says("while it was away")
    expect(desk.status).to_contain_text("1 message waiting.")
    fragile.start()
    desk.is_connected()
    desk.sees("while it was away")
    expect(desk.page.get_by_text("Waiting for the connection")).to_have_count(0)


def test_a_browser_without_network_says_so_at_once(screen: Opens, fragile: Server) -> None:
    ana = fragile.owner()
    desk = screen(ana, f"/c/{ana.opens('public')}")
    desk.is_connected()
    process = fragile.process
    assert process
    processes = [process.pid, *fragile.workers()]
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)  # nothing is answered, as without network; and no connection is closed
    try:
        desk.context.set_offline(True)
        expect(desk.status).to_contain_text("You are offline.", timeout=1_500)
        desk.context.set_offline(False)
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
    desk.is_connected()


def test_changes_that_take_long_to_come_are_told_of(screen: Opens, ana: Person) -> None:
    town = ana.opens("public")
    desk = screen(ana, "/browse")
    desk.is_connected()
    held: list[Callable[[], None]] = []

    def hold(socket: object) -> None:
        """Let everything pass but the subscription, which waits until the test has seen enough."""
        server = socket.connect_to_server()  # type: ignore[attr-defined]

        def on_message(message: str | bytes) -> None:
            if isinstance(message, str) and '"subscribe"' in message:
                held.append(lambda: server.send(message))
            else:
                server.send(message)

        socket.on_message(on_message)  # type: ignore[attr-defined]

    desk.page.route_web_socket("**/socket.io/**", hold)
    desk.page.goto(f"/c/{town}")
    expect(desk.status).to_have_text("Catching up…")
    assert held
    for let_go in held:
        let_go()
    desk.is_connected()


def test_a_page_whose_server_is_away_says_so_and_comes_up_when_it_is_back(screen: Opens, ana: Person) -> None:
    town = ana.opens("public", name=f"late-{ana.id[-6:].lower()}")
    desk = screen(ana, "/sign-in")
    desk.page.route("**/api/v1/session", lambda route: route.abort())
    desk.page.goto(f"/c/{town}")
    expect(desk.page.get_by_role("heading", name="The server cannot be reached")).to_be_visible()
    expect(desk.page.get_by_role("button", name="Try again")).to_be_visible()
    desk.page.unroute("**/api/v1/session")
    desk.is_connected()
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("late-")


# Ended elsewhere -----------------------------------------------------------------------------------


def signs_in(desk: Screen, person: Person) -> None:
    desk.page.get_by_label("Username").fill(person.username)
    desk.page.get_by_label("Password").fill(PASSWORD)
    desk.page.get_by_role("button", name="Sign in").click()


def test_what_waited_is_sent_after_signing_in_again(screen: Opens, ana: Person) -> None:
    town = ana.opens("public")
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    elsewhere = Person(ana.server, ana.username).sign_in()
    elsewhere.delete(f"/sessions/{current_session(ana)}").expect(200)
    expect(desk.status).to_contain_text("Your session has ended")
    desk.says("written too late")
    expect(desk.status).to_contain_text("1 message waiting.")
    desk.status.get_by_role("link", name="Sign in again").click()
    signs_in(desk, ana)
    desk.is_connected()
    desk.sees("written too late")
    until(lambda: said(elsewhere, town).count("written too late") == 1)


def test_what_waited_is_kept_for_its_author_when_someone_else_signs_in(screen: Opens, ana: Person, bo: Person) -> None:
    town = ana.opens("public", bo)
    desk = screen(ana, f"/c/{town}")
    desk.is_connected()
    elsewhere = Person(ana.server, ana.username).sign_in()
    elsewhere.delete(f"/sessions/{current_session(ana)}").expect(200)
    expect(desk.status).to_contain_text("Your session has ended")
    desk.says("for ana's name only")
    expect(desk.status).to_contain_text("1 message waiting.")

    desk.status.get_by_role("link", name="Sign in again").click()
    signs_in(desk, bo)
    desk.is_connected()
    desk.says("bo was here")
    desk.has_arrived("bo was here")  # what waits still would have to be lost first
    desk.sees("for ana's name only", times=0)
    desk.page.get_by_role("button", name="Your account").click()
    desk.page.get_by_role("button", name="Sign out", exact=True).click()

    expect(desk.page.get_by_label("Username")).to_be_visible()
    assert "for ana's name only" not in said(elsewhere, town)
    signs_in(desk, ana)
    desk.goes_to(elsewhere.get(f"/channels/{town}").data["channel"]["name"])
    desk.sees("for ana's name only")
    until(lambda: said(elsewhere, town).count("for ana's name only") == 1)


# One's own account ---------------------------------------------------------------------------------


def opens_account(desk: Screen) -> None:
    desk.page.get_by_role("button", name="Your account").click()
    desk.page.get_by_role("button", name="Account and sessions").click()


def test_someone_changes_the_password_and_other_browsers_are_signed_out(
    screen: Opens, chromium: Browser, ana: Person
) -> None:
    town = ana.opens("public")
    desk = screen(ana, f"/c/{town}")
    other = screen(Person(ana.server, ana.username).sign_in(), f"/c/{town}")
    other.is_connected()
    opens_account(desk)
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_label("Current password").fill("not the password")
    dialog.get_by_label("New password").fill("another battery horse")
    dialog.get_by_role("button", name="Change password").click()
    expect(dialog.get_by_role("alert")).to_have_text("The current password is wrong.")
    dialog.get_by_label("Current password").fill(PASSWORD)
    dialog.get_by_role("button", name="Change password").click()
    expect(dialog.get_by_text("The password was changed.")).to_be_visible()
    expect(other.status).to_contain_text("Your session has ended")
    desk.page.keyboard.press("Escape")
    desk.says("still here")
    desk.sees("still here")


def test_someone_signs_out_everywhere_else(screen: Opens, ana: Person) -> None:
    town = ana.opens("public")
    desk = screen(ana, f"/c/{town}")
    other = screen(Person(ana.server, ana.username).sign_in(), f"/c/{town}")
    other.is_connected()
    opens_account(desk)
    desk.page.get_by_role("button", name="Sign out everywhere else").click()
    expect(other.status).to_contain_text("Your session has ended")
    expect(desk.page.get_by_role("button", name="Sign out everywhere else")).to_have_count(0)
    desk.page.keyboard.press("Escape")
    desk.is_connected()
