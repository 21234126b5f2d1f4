"""The web client in a real Chromium: how fast channels open, what memory and long histories cost, typing in a storm."""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.figures import Report, median, percentile
from tests.browser.chromium import find_chromium
from tests.browser.people import Screen
from tests.support import ROOT, Person, Phone, Server

BUILT = ROOT / "chat" / "static" / "app"
CHANNELS = 30
LONG = 10_000
SWITCHES = 500
STORM_SECONDS = 20
STORM_RATE = 200

# Resolves when the channel's newest message was painted; the time since the click.
SWITCH = """async ([id, last]) => {
    const link = document.querySelector(`nav a[href="/c/${id}"]`);
    const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const began = performance.now();
    link.click();
    for (;;) {
        await painted();
        const rows = document.querySelectorAll('[role=log] article');
        if (rows.length && rows[rows.length - 1].textContent.includes(last)) return performance.now() - began;
        if (performance.now() - began > 10_000) throw new Error(`channel ${id} did not open`);
    }
}"""

LONG_TASKS = """() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((entry) => entry.duration)))
        .observe({ type: 'longtask' });
}"""

# How long a key press takes until its letter was painted.
TYPED = """async (letter) => {
    const field = document.querySelector('#composer');
    const began = performance.now();
    field.focus();
    document.execCommand('insertText', false, letter);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - began;
}"""


def measure() -> Report:
    """All of it, on one server and one browser."""
    report = Report("page")
    sys.stdout.write("The web client in Chromium\n")
    report.add("script on first load, compressed", first_load() / 1024, "KB", 120)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        program = find_chromium()
        if not program:
            sys.exit("No Chromium was found.")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        server = Server(Path(folder), {"REGISTRATION": "open"}).start()
        try:
            switching(report, browser, server)
            long_history(report, browser, server)
            storm(report, browser, server)
        finally:
            server.stop()
            browser.close()
    return report


def first_load() -> int:
    """Bytes of script that the page needs before it shows anything: the entry and what it imports."""
    manifest: dict[str, Any] = json.loads((BUILT / ".vite" / "manifest.json").read_text())
    wanted = [key for key, chunk in manifest.items() if chunk.get("isEntry")]
    seen: set[str] = set()
    while wanted:
        key = wanted.pop()
        if key not in seen:
            seen.add(key)
            wanted += manifest[key].get("imports", [])
    return sum(len(gzip.compress((BUILT / manifest[key]["file"]).read_bytes(), 6)) for key in seen)


# Switching -----------------------------------------------------------------------------------------


def switching(report: Report, browser: Browser, server: Server) -> None:
    """From a click on a channel to its newest message on the screen; and what many of them leave behind."""
    ana, bo = server.owner(), server.person("bo")
    last = {}
    for number in range(CHANNELS):
        town = ana.opens("public", bo, name=f"town-{number:02}")
        for n in range(40):
            bo.says(town, f"remark {n} in town {number}, with **some** Markdown and a `word`")
        last[town] = f"last of {number}"
        bo.says(town, last[town])
        ana.put(f"/channels/{town}/read", {"seq": 10**9}).expect(200)
    with someone(browser, ana) as page:
        fresh = [page.evaluate(SWITCH, [town, text]) for town, text in list(last.items())[:18]]
        again = [page.evaluate(SWITCH, [town, text]) for _ in range(4) for town, text in list(last.items())[:18]]
        report.add("opening a channel for the first time, median", median(fresh), "ms")
        report.add("opening a channel for the first time, slowest", max(fresh), "ms", 400)
        report.add("opening a channel that is held ready, median", median(again), "ms")
        report.add("opening a channel that is held ready, p95", percentile(again, 0.95), "ms", 100)
        for town, text in last.items():
            page.evaluate(SWITCH, [town, text])
        before = heap(page)
        for number in range(SWITCHES):
            page.evaluate(SWITCH, list(last.items())[number % CHANNELS])
        report.add(f"heap grown by {SWITCHES} switches among {CHANNELS} channels", heap(page) - before, "MB", 20)
        report.add("heap after them", heap(page), "MB")


def heap(page: Page) -> float:
    """What the page's script holds, in MB, garbage collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    used = float(session.send("Runtime.getHeapUsage")["usedSize"])
    session.detach()
    return used / 2**20


# A long history ------------------------------------------------------------------------------------


def long_history(report: Report, browser: Browser, server: Server) -> None:
    """Scroll through ten thousand messages, to the first and back."""
    ana = server.owner()
    town = ana.opens("public", name="long")
    with talkers(server, ana, [town], 8) as phones:
        said = [0]
        lock = threading.Lock()

        def talk(phone: Phone) -> None:
            while True:
                with lock:
                    if said[0] >= LONG:
                        return
                    said[0] += 1
                    n = said[0]
                phone.sends(town, f"message {n} of {LONG}: " + "and so on " * (n % 17))

        in_parallel([lambda phone=phone: talk(phone) for phone in phones])
    ana.put(f"/channels/{town}/read", {"seq": 10**9}).expect(200)
    with someone(browser, ana, f"/c/{town}") as page:
        page.wait_for_selector("[role=log] article")
        page.evaluate(LONG_TASKS)
        page.hover("[role=log]")
        began = time.monotonic()
        for step, there in ((-2_000, f"message 1 of {LONG}:"), (2_000, f"message {LONG} of {LONG}:")):
            while not page.evaluate("text => document.querySelector('[role=log]').innerText.includes(text)", there):
                for _ in range(5):
                    page.mouse.wheel(0, step)
                    page.wait_for_timeout(16)
                if time.monotonic() - began > 600:
                    sys.exit(f"Scrolling did not come to {there!r}.")
        tasks = page.evaluate("window.longTasks")
        rows = page.locator("[role=log] article").count()
        report.add(f"scrolling {LONG:,} messages up and down", time.monotonic() - began, "s")
        report.add("longest task of the page meanwhile", max(tasks, default=0), "ms", 200, f"{len(tasks)} over 50 ms")
        report.add("rows in the page at the end", rows, "")


# A storm -------------------------------------------------------------------------------------------


def storm(report: Report, browser: Browser, server: Server) -> None:
    """Type while two hundred messages a second arrive in the open channel."""
    ana = server.owner()
    town = ana.opens("public", name="storm")
    # Each of them is told of what the other says: more would measure the talkers.
    with talkers(server, ana, [town], 2) as phones, someone(browser, ana, f"/c/{town}") as page:
        page.wait_for_selector("#composer")
        page.evaluate(LONG_TASKS)
        calm = [page.evaluate(TYPED, "a") for _ in range(40)]
        stop = threading.Event()

        def talk(phone: Phone) -> None:
            pause = len(phones) / STORM_RATE
            due = time.monotonic()
            while not stop.is_set():
                body = {"channel_id": town, "client_msg_id": str(uuid.uuid4()), "text": "a gust of wind"}
                phone.client.emit("message", body)
                due += pause
                time.sleep(max(0, due - time.monotonic()))

        threads = [threading.Thread(target=talk, args=(phone,)) for phone in phones]
        for thread in threads:
            thread.start()
        began, typed = time.monotonic(), []
        posted = posted_in(ana, town)
        while time.monotonic() - began < STORM_SECONDS:
            typed.append(page.evaluate(TYPED, "b"))
            page.wait_for_timeout(40)
        rate = (posted_in(ana, town) - posted) / (time.monotonic() - began)
        stop.set()
        for thread in threads:
            thread.join()
        report.add("messages a second that came", rate, "/s", None, f"{STORM_RATE} were asked for")
        report.add("a typed letter on the screen, calm, p95", percentile(calm, 0.95), "ms")
        report.add("a typed letter on the screen, in the storm, median", median(typed), "ms")
        report.add("a typed letter on the screen, in the storm, p95", percentile(typed, 0.95), "ms", 100)
        report.add("longest task of the page meanwhile", max(page.evaluate("window.longTasks"), default=0), "ms", 200)


def posted_in(person: Person, channel: str) -> int:
    """How many messages the channel has."""
    return int(person.get(f"/channels/{channel}").data["channel"]["posted"])


# People --------------------------------------------------------------------------------------------


@contextmanager
def someone(browser: Browser, person: Person, path: str = "/") -> Iterator[Page]:
    """Someone's browser, connected."""
    screen = Screen.open(browser, person, path)
    screen.is_connected()
    yield screen.page
    if screen.faults:
        sys.exit(f"The page failed: {screen.faults}")
    screen.context.close()


@contextmanager
def talkers(server: Server, host: Person, channels: list[str], count: int) -> Iterator[list[Phone]]:
    """People with a connection each, who are in these channels."""
    people = [server.person(f"talker-{uuid.uuid4().hex[:4]}", host) for _ in range(count)]
    for person in people:
        for channel in channels:
            person.joins(channel).expect(201)
    phones = [person.connect() for person in people]
    yield phones
    for phone in phones:
        phone.hangs_up()


def in_parallel(works: list[Any]) -> None:
    """Do all of it at once, each in a thread."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
