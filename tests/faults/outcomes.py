"""What was asked against what is stored: nothing acknowledged is lost, nothing refused is there, and all in order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.faults.anomalies import Anomalies
from tests.faults.replay import Happening, Replay
from tests.faults.truth import FOREVER, Truth, Version


def check_stored(truth: Truth, anomalies: Anomalies) -> None:
    """The truth by itself: numbers without holes (I3), one row per send (I2), nothing changed unnumbered (I10)."""
    check_numbers(truth, anomalies)
    for stream, one, other in truth.shared:
        text = f"{one.row} and {other.row} both have {one.number} of {stream}"
        anomalies.add("shared number", text, stream=stream, number=one.number)
    for stream, rows in truth.numbers.items():
        for row, numbers in rows.items():
            check_final(truth, anomalies, truth.versions[stream][numbers[-1]], stream, row)
    for (user, client_msg_id), posts in truth.sent.items():
        if len(posts) > 1:
            text = f"{user} sent {client_msg_id} once, it is stored as {[post.id for post in posts]}"
            anomalies.add("duplicate", text, stream=posts[1].channel_id, number=posts[1].seq)
    check_reply_counts(truth, anomalies)


def check_numbers(truth: Truth, anomalies: Anomalies) -> None:
    """Every number up to the head was given to a row, and none beyond it."""
    for stream, head in truth.heads.items():
        versions = truth.versions.get(stream, {})
        for number in range(truth.starts.get(stream, 0) + 1, head + 1):
            if number not in versions:
                anomalies.add("hole", f"nothing ever had {number} of {stream}", stream=stream, number=number)
        for number in versions:
            if number > head:
                anomalies.add("hole", f"{number} lies beyond the head {head}", stream=stream, number=number)


def check_final(truth: Truth, anomalies: Anomalies, version: Version, stream: str, row: str) -> None:
    """A row is as its last version says, and it is still there."""
    if version.digest is None or version.row != row:
        return
    where: dict[str, Any] = {"stream": stream, "number": version.number}
    present = truth.digests.get(stream, {}).get(row)
    if present is None:
        anomalies.add("lost write", f"{row} is gone without a trace", **where)
    elif present != version.digest:
        anomalies.add("unnumbered change", f"{row} is not as {version.number} says, its last change", **where)


def check_reply_counts(truth: Truth, anomalies: Anomalies) -> None:
    """Each thread counts the replies that are there."""
    replies = Counter(post.thread_id for post in truth.posts if post.thread_id and not post.deleted)
    for post in truth.posts:
        said = truth.final[post.channel_id].get(post.id, {}).get("reply_count")
        if said != replies[post.id]:
            text = f"{post.id} counts {said} replies, {replies[post.id]} are there"
            anomalies.add("wrong count", text, stream=post.channel_id, number=post.seq)


class Restore(NamedTuple):
    """A backup took the place of what was there. Times are on the clock of the histories."""

    taken: float  # when the backup was begun; what was acknowledged earlier is in it
    heads: Mapping[str, int]  # those that it holds
    at: float


@dataclass
class Outcomes:
    """Goes through everything that was asked. ``restores``: what they took back may be gone."""

    truth: Truth
    anomalies: Anomalies
    replay: Replay
    restores: Sequence[Restore] = ()

    def check(self) -> None:
        """I1, I2, I7 and I9."""
        self.edits = Counter(
            (happening.line.get("message_id"), happening.line.get("text")) for happening in self.replay.asks.values()
        )
        in_order: dict[tuple[str, str], list[Happening]] = defaultdict(list)
        for uuid, asked in self.replay.asks.items():
            if asked.line["action"] == "message":
                self.check_message(asked, self.replay.outcomes.get(uuid))
                in_order[asked.line["client"], asked.line["channel_id"]].append(asked)
            else:
                self.check_change(asked, self.replay.outcomes.get(uuid))
        for happenings in in_order.values():
            self.check_order(happenings)
        for uuid, outcome in self.replay.outcomes.items():
            if uuid not in self.replay.asks:
                self.wrong("foreign answer", outcome, f"{uuid} came out {outcome.line['do']}, nobody asked it")
        self.check_sent_anew()

    def check_message(self, asked: Happening, outcome: Happening | None) -> None:
        """A send: there once if acknowledged, not if refused; without an outcome it may be either."""
        line = asked.line
        posts = self.truth.sent.get(sent_as(line), [])
        if outcome and outcome.line["do"] == "ok":
            lost = self.is_lost_by_restore(asked, outcome)
            if posts:
                if not lost:
                    self.check_number(asked, outcome)
                if all(post.id != outcome.line["id"] for post in posts):
                    self.wrong("lost write", outcome, f"{outcome.line['id']} was acknowledged, {posts[0].id} is there")
            elif not lost:
                self.wrong("lost write", outcome, f"message {outcome.line['id']} was acknowledged and is not there")
        elif outcome and posts and outcome.line["code"] != "idempotency_mismatch":
            text = f"refused ({outcome.line['code']}) and stored as {posts[0].id}, number {posts[0].seq}"
            self.wrong("refused but stored", outcome, text, number=posts[0].seq)
        first = posts and self.truth.versions[posts[0].channel_id].get(posts[0].seq)
        if first and line.get("text") is not None and first.said["text"] != line["text"]:
            self.wrong("corrupt write", asked, "its text is not the one that was sent", number=first.number)

    def check_change(self, asked: Happening, outcome: Happening | None) -> None:
        """An edit, reaction or deletion: under the number that it was acknowledged with, it is so."""
        if outcome is None:
            return
        if outcome.line["do"] == "ok":
            if not self.is_lost_by_restore(asked, outcome):
                self.check_number(asked, outcome)
        elif asked.line["action"] == "edit":
            edit = asked.line.get("message_id"), asked.line["text"]
            numbers = self.truth.numbers.get(asked.line["channel_id"], {}).get(str(edit[0]), [])
            versions = [self.truth.versions[asked.line["channel_id"]][number] for number in numbers]
            if self.edits[edit] == 1 and any(version.said["text"] == edit[1] for version in versions[1:]):
                self.wrong("refused but stored", outcome, f"an edit was refused ({outcome.line['code']}) and is there")

    def check_number(self, asked: Happening, outcome: Happening) -> None:
        """The number of an acknowledgement is the message's, and what was asked holds there."""
        stream, number, row = asked.line["channel_id"], outcome.line["seq"], outcome.line["id"]
        version = self.truth.versions.get(stream, {}).get(number)
        if version is None and number <= self.truth.starts.get(stream, 0):
            return
        if version is None or version.row != row:
            self.wrong("lost write", outcome, f"{row} was acknowledged as {number}, which it never had", number=number)
        elif not holds(asked.line, version):
            text = f"{asked.line['action']} was acknowledged as {number}, where it is not so"
            self.wrong("lost write", outcome, text, number=number)

    def check_order(self, happenings: list[Happening]) -> None:
        """What one client sent to one channel stands there in that order."""
        last = 0
        for asked in happenings:
            for post in self.truth.sent.get(sent_as(asked.line), [])[:1]:
                if post.seq < last:
                    self.wrong("sender order", asked, f"sent after {last}, stands at {post.seq}", number=post.seq)
                last = max(last, post.seq)

    def check_sent_anew(self) -> None:
        """What is stored twice because it was sent again under another client_msg_id."""
        sends = [asked.line for asked in self.replay.asks.values() if asked.line["action"] == "message"]
        known = {sent_as(line) for line in sends}
        texts = {(line["user"], line["channel_id"], line.get("text")): line["uuid"] for line in sends}
        senders = {line["user"] for line in sends}
        for post in self.truth.posts:
            if post.user_id in senders and (post.user_id, post.client_msg_id) not in known:
                first = self.truth.versions[post.channel_id].get(post.seq)
                uuid = first and texts.get((post.user_id, post.channel_id, first.said["text"]))
                if uuid:
                    text = f"{post.id} repeats under another client_msg_id what was sent once"
                    self.anomalies.add("duplicate", text, uuid=uuid, stream=post.channel_id, number=post.seq)

    def is_lost_by_restore(self, asked: Happening, outcome: Happening) -> bool:
        """Whether it was acknowledged after a backup was begun and before its restore, above what the backup holds."""
        stream, number, moment = asked.line["channel_id"], outcome.line["seq"], outcome.line["t"]
        return any(
            restore.taken <= moment < restore.at and number > restore.heads.get(stream, 0) for restore in self.restores
        )

    def wrong(self, kind: str, happening: Happening, text: str, number: int | None = None) -> None:
        line = happening.line
        asked = self.replay.asks.get(line["uuid"], happening).line
        self.anomalies.add(
            kind,
            f"{line['client']}: {text}",
            client=line["client"],
            stream=asked.get("channel_id", ""),
            number=number,
            uuid=line["uuid"],
        )


def sent_as(line: Mapping[str, Any]) -> tuple[str, str]:
    """Under whose name and which client_msg_id something was sent."""
    return line["user"], line.get("client_msg_id") or line["uuid"]


def holds(asked: Mapping[str, Any], version: Version) -> bool:
    """Whether what was asked is so in this version of the message."""
    said, action = version.said, asked["action"]
    if action == "edit":
        return bool(said["text"] == asked["text"])
    if action == "delete":
        return said["deleted_at"] is not None
    if action in ("addReaction", "removeReaction"):
        there = any(each["emoji"] == asked["emoji"] and asked["user"] in each["user_ids"] for each in said["reactions"])
        return there == (action == "addReaction")
    return True


def time_to_reach(replay: Replay) -> list[float]:
    """Seconds from asking to the last client that had it by an event or a sync, for each acknowledged thing, sorted."""
    found = []
    for uuid, outcome in replay.outcomes.items():
        asked = replay.asks.get(uuid)
        if asked and outcome.line["do"] == "ok" and outcome.line["t"] >= replay.since:
            reached = replay.reached.get(asked.line["channel_id"], {}).get(outcome.line["seq"], -FOREVER)
            if reached >= asked.line["t"]:
                found.append(reached - asked.line["t"])
    return sorted(found)
