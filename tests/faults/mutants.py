"""The rules of delivery, taken out one by one: each mutant breaks one, and names the tests that have to notice.

A mutant is a copy of the program, or of the web client, with one piece of text replaced. docs/reliability.md says which
rules cannot be missed on SQLite, where one writer at a time holds the whole database.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.faults.web_crowd import node
from tests.support import ROOT

JOINING = "tests/delivery/test_joining.py"
TOLD = "tests/actions/test_told_is_stored.py"
SHARED = "tests/actions/test_shared_commits.py"
RULES = "tests/delivery/test_rules.py"
HINTS = "tests/realtime/test_hints.py"
PROCESSES = "tests/realtime/test_processes.py"
WINDOW = "tests/state/window.test.ts"
ANY_ORDER = "tests/sync/random.test.ts"
COPIED = ("chat", "tests", "docs", "requirements", "config.py", "wsgi.py", "setup.cfg", "pyproject.toml")
COPIED_OF_PAGE = ("client/src", "client/tests", "client/package.json", "client/vitest.config.ts")


@dataclass(frozen=True)
class Mutant:
    """``rule``: what is taken out. ``file``: where ``there`` becomes ``instead``. ``noticed_by``: tests that go red."""

    rule: str
    file: str
    there: str
    instead: str
    noticed_by: str
    slow: bool = False  # tried by `dev.py test --all` only

    @property
    def is_of_page(self) -> bool:
        """Whether the rule is one of the web client's, and its tests those of its folder."""
        return self.file.startswith("client/")


MUTANTS = (
    Mutant(
        "one row per person and client_msg_id, by the database itself",
        "chat/migrations/versions/0004_fewer_indexes.py",
        '"uq_messages_client_msg_id", "messages", ["client_msg_id", "user_id"], unique=True',
        '"uq_messages_client_msg_id", "messages", ["client_msg_id", "user_id"], unique=False',
        f"{RULES}::test_the_database_itself_takes_a_message_once",
    ),
    Mutant(
        "answered after the commit",
        "chat/commits.py",
        '                    failpoints.hit("before_commit")\n                    transaction.commit()',
        '                    failpoints.hit("before_commit")',
        f"{RULES}::test_what_was_answered_is_there_whatever_happens_next",
    ),
    Mutant(
        "the number is taken in the transaction, and given back with it",
        "chat/commits.py",
        "if any(waiting.changed for waiting in actions):",
        "if actions:",
        f"{TOLD}::test_a_refused_action_leaves_no_hole_and_tells_nothing",
    ),
    Mutant(
        "a refusal rolls back what it wrote",
        "chat/database.py",
        "                self._session.close()\n            self.connection.rollback()",
        "                self._session.flush()\n            self.connection.commit()",
        f"{TOLD}::test_a_refused_action_leaves_no_hole_and_tells_nothing",
        slow=True,
    ),
    Mutant(
        "a refusal rolls back what it wrote, also where others share the commit",
        "chat/database.py",
        'execute(driver, "ROLLBACK TO SAVEPOINT part")',
        "pass",
        f"{SHARED}::test_a_refusal_among_them_harms_nobody_and_leaves_no_hole",
        slow=True,
    ),
    Mutant(
        "one that has something to take back is run again apart from the others",
        "chat/commits.py",
        "                raise ToTakeBack",
        "                pass",
        f"{SHARED}::test_a_refusal_among_them_harms_nobody_and_leaves_no_hole",
        slow=True,
    ),
    Mutant(
        "what changed nothing gives its number back, also where others share the commit",
        "chat/commits.py",
        "                if not self.answer.changed:\n                    raise Unchanged\n",
        "",
        f"{SHARED}::test_a_refusal_among_them_harms_nobody_and_leaves_no_hole",
        slow=True,
    ),
    Mutant(
        "answered after the commit, repeats and refusals too",
        "chat/commits.py",
        "            for waiting in actions:\n                waiting.fail(error)",
        "            if len(actions) == 1:\n                actions[0].fail(error)",
        f"{SHARED}::test_a_commit_that_fails_is_answered_to_everyone_and_told_to_nobody",
        slow=True,
    ),
    Mutant(
        "told after the commit, and only then",
        "chat/commits.py",
        '                    failpoints.hit("before_commit")',
        "                    self._tell([waiting.told for waiting in actions])\n"
        '                    failpoints.hit("before_commit")',
        f"{RULES}::test_what_could_not_be_committed_is_told_to_nobody",
        slow=True,
    ),
    Mutant(
        "an event goes straight out only if it follows the one told before",
        "chat/realtime/dispatcher.py",
        "if event.prev != entry.sent:",
        "if False:",
        f"{JOINING}::test_events_are_told_in_order_also_when_the_wakes_come_in_another",
        slow=True,
    ),
    Mutant(
        "in the room before the answer is read",
        "chat/realtime/rooms.py",
        "                entry.held.append(event)",
        "                self.post.emit_to(entry.connection.sid, name, payload)",
        f"{JOINING}::test_what_is_told_while_the_answer_is_read_comes_right_after_it",
    ),
    Mutant(
        "an answer is where a listener begins",
        "chat/realtime/rooms.py",
        "elif event.seq <= entry.as_of:",
        "elif False:",
        f"{JOINING}::test_what_the_answer_holds_already_is_not_told_again",
    ),
    Mutant(
        "the last told number is known before the answer is read",
        "chat/realtime/dispatcher.py",
        "                heads = self.reader.heads(fresh)\n",
        "                heads = {stream: 2**40 for stream in fresh}\n",
        JOINING,
        slow=True,
    ),
    Mutant(
        "one number, one row",
        "chat/actions/messages.py",
        "root.changed_seq = journal.next_number(root.channel_id)",
        "root.changed_seq = reply.seq",
        f"{TOLD}::test_live_is_replay_is_state",
        slow=True,
    ),
    Mutant(
        "the removed hear nothing after their removal",
        "chat/realtime/rooms.py",
        "        if gone := removed_by(event):",
        "        if (gone := removed_by(event)) and False:",
        f"{JOINING}::test_who_is_removed_while_joining_hears_that_and_nothing_after",
    ),
    Mutant(
        "a client holds what comes too early, and asks for what is between",
        "tests/delivery/reducer.py",
        "elif prev <= feed.cursor:",
        "else:",
        "tests/delivery/test_any_schedule.py",
    ),
    Mutant(
        "a client compares rows by the number of their last change",
        "tests/delivery/reducer.py",
        'message["changed_seq"] > held["changed_seq"]',
        'message["rev"] > held["rev"]',
        "tests/delivery/test_any_schedule.py",
        slow=True,
    ),
    Mutant(
        "an answer takes the client no further than it was read",
        "tests/delivery/reducer.py",
        "        self.channel.cursor = seq\n        for message in messages:",
        "        self.channel.cursor = max(self.channel.cursor, seq + 3)\n        for message in messages:",
        "tests/delivery/test_any_schedule.py",
        slow=True,
    ),
    Mutant(
        "what nobody told is found by the poll",
        "chat/realtime/dispatcher.py",
        "            if heads.get(stream, 0) > sent:\n                self._catch_up(stream)",
        "            if False:\n                self._catch_up(stream)",
        f"{JOINING}::test_a_commit_that_was_never_told_is_found_by_the_poll",
    ),
    Mutant(
        "what is read for one answer is one snapshot, its head included",
        "chat/database.py",
        'execute(connection.connection, "BEGIN IMMEDIATE" if options.get("chat_writing") else "BEGIN")',
        'execute(connection.connection, "BEGIN IMMEDIATE" if options.get("chat_writing") else "SELECT 1")',
        f"{RULES}::test_what_is_read_for_one_answer_is_of_one_moment_whatever_another_process_commits",
        slow=True,
    ),
    Mutant(
        "who waits for another process's write holds up nobody else",
        "chat/database.py",
        '"chat_patience": patience}',
        '"chat_patience": 5000}',
        f"{PROCESSES}::test_while_another_process_writes_nobody_but_the_writers_waits",
        slow=True,
    ),
    Mutant(
        "what is committed in one process is said to the others",
        "chat/realtime/hints.py",
        "            self._say(STREAM, each)\n",
        "            pass\n",
        f"{HINTS}::test_who_is_removed_in_one_process_is_out_in_the_other",
        slow=True,
    ),
    Mutant(
        "a hint of another epoch is nothing",
        "chat/realtime/hints.py",
        'or said["epoch"] != self.dispatcher.known_epoch()',
        "",
        f"{HINTS}::test_hints_of_another_epoch_of_oneself_or_of_another_installation_are_nothing",
        slow=True,
    ),
    Mutant(
        "a hint is believed only if a process of this installation signed it",
        "chat/realtime/hints.py",
        "if not hmac.compare_digest(signature, self._sign(body).encode()):",
        "if not sealed:",
        f"{HINTS}::test_hints_of_another_epoch_of_oneself_or_of_another_installation_are_nothing",
        slow=True,
    ),
    Mutant(
        "where a hint brings no event, the rows are read",
        "chat/realtime/dispatcher.py",
        "        return bool(events)\n",
        "        return True\n",
        f"{JOINING}::test_what_is_hinted_at_without_its_event_is_read",
        slow=True,
    ),
    Mutant(
        "the page holds what comes too early, and asks for what is between",
        "client/src/state/window.ts",
        'return event.prev <= cursor ? "next" : "early";',
        'return "next";',
        WINDOW,
    ),
    Mutant(
        "the page compares rows by the number of their last change",
        "client/src/state/window.ts",
        "if (row.changed_seq > present.changed_seq) messages =",
        "if (row.rev > present.rev) messages =",
        WINDOW,
    ),
    Mutant(
        "a page of messages takes the cursor back to where it was read",
        "client/src/state/window.ts",
        "seq < window.cursor ? { ...window, cursor: seq, behind: true } : window;",
        "window;",
        WINDOW,
    ),
    Mutant(
        "the page forgets what it holds when another epoch has begun",
        "client/src/state/apply.ts",
        "if (world.epoch !== hello.epoch) {",
        "if (!world.epoch) {",
        ANY_ORDER,
    ),
)


def is_noticed(mutant: Mutant, folder: Path) -> bool:
    """Whether the tests go red on a copy of the program without this rule."""
    for name in COPIED_OF_PAGE if mutant.is_of_page else COPIED:
        source, copy = ROOT / name, folder / name
        copy.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "app"))
        else:
            shutil.copy(source, copy)
    file = folder / mutant.file
    text = file.read_text()
    assert text.count(mutant.there) == 1, f"{mutant.file} does not hold this once any more: {mutant.there}"
    file.write_text(text.replace(mutant.there, mutant.instead))
    return page_is_red(folder, mutant.noticed_by) if mutant.is_of_page else program_is_red(folder, mutant.noticed_by)


def program_is_red(folder: Path, tests: str) -> bool:
    """Whether tests of the program fail. A program that does not even run is no mutant."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", tests]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    return run.returncode == 1


def page_is_red(folder: Path, tests: str) -> bool:
    """The same for the web client, whose test runner says in a file how many failed, and how many there are."""
    client, packages = folder / "client", ROOT / "client" / "node_modules"
    (client / "node_modules").symlink_to(packages.resolve())
    said = folder / "vitest.json"
    command = [node(), str(packages / "vitest" / "vitest.mjs"), "run", "--bail=1", tests]
    command += ["--reporter=json", f"--outputFile={said}"]
    run = subprocess.run(command, cwd=client, capture_output=True, text=True, timeout=300)
    found = json.loads(said.read_text()) if said.exists() else {"numTotalTests": 0}
    assert found["numTotalTests"], run.stdout + run.stderr
    return bool(found["numFailedTests"])
