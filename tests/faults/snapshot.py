"""What each person sees over REST when all is quiet: the third witness beside the histories and the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import requests

from tests.faults.anomalies import Anomalies
from tests.faults.history import digest
from tests.faults.truth import Truth

PAGE = 200
Snapshots = dict[
    str, dict[str, dict[str, Any]]
]  # user -> channel -> {messages, seq, low, read} or {} if not to be seen


def take_snapshots(url: str, people: Iterable[tuple[str, str, Iterable[str]]], at_most: int | None = None) -> Snapshots:
    """What each of these (user, token, channels) is shown; of each channel the latest ``at_most`` messages, or all."""
    found: Snapshots = {}
    for user, token, channels in people:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"
            found[user] = {channel: take_snapshot(session, f"{url}/api/v1", channel, at_most) for channel in channels}
    return found


def take_snapshot(session: requests.Session, api: str, channel: str, at_most: int | None) -> dict[str, Any]:
    """One channel as one person sees it: its main line from ``low`` on, and what they missed."""
    shown = session.get(f"{api}/channels/{channel}", timeout=30)
    if shown.status_code == 404:
        return {}
    shown.raise_for_status()
    messages: list[dict[str, Any]] = []
    asked: dict[str, int] = {"limit": PAGE}
    while True:
        page = session.get(f"{api}/channels/{channel}/messages", params=asked, timeout=30)
        page.raise_for_status()
        answer = page.json()
        messages = answer["messages"] + messages
        enough = at_most is not None and len(messages) >= at_most
        if enough or not answer["more_before"]:
            break
        asked["before"] = messages[0]["seq"]
    low = messages[0]["seq"] if enough else 0
    return {"messages": messages, "low": low, "seq": answer["seq"], "read": shown.json()["channel"]["read"]}


def check_snapshots(truth: Truth, anomalies: Anomalies, snapshots: Snapshots) -> None:
    """REST shows everyone what the database holds, and nobody what is not theirs (I6, I8, I10, I11)."""
    for user, channels in snapshots.items():
        for channel, shown in channels.items():
            check_snapshot(truth, anomalies, user, channel, shown)


def check_snapshot(truth: Truth, anomalies: Anomalies, user: str, channel: str, shown: dict[str, Any]) -> None:
    where: dict[str, Any] = {"client": f"REST of {user}", "stream": channel}
    is_member = truth.is_member(channel, user)
    if not shown:
        if is_member:
            anomalies.add("stale at rest", f"{user} is in {channel} and is not shown it", **where)
        return
    head = truth.heads[channel]
    if channel in truth.closed_since and not is_member:
        anomalies.add("leak", f"{user} is shown {channel} and is not in it", number=head, **where)
    if shown["seq"] != head:
        anomalies.add("stale at rest", f"{user} is shown {channel} as of {shown['seq']}, the head is {head}", **where)
    check_messages(truth, anomalies, channel, shown, where)
    counts = truth.counts.get((user, channel))
    if is_member and counts and {name: shown["read"][name] for name in counts} != counts:
        anomalies.add("wrong count", f"{user} is shown {shown['read']}, a recount is {counts}", number=head, **where)


def check_messages(
    truth: Truth, anomalies: Anomalies, channel: str, shown: dict[str, Any], where: dict[str, Any]
) -> None:
    """The main line as it is shown is the main line, in its order."""
    messages = {message["id"]: message for message in shown["messages"]}
    if len(messages) < len(shown["messages"]):
        anomalies.add("duplicate", f"a message of {channel} is shown twice", number=shown["seq"], **where)
    places = [message["seq"] for message in shown["messages"]]
    if places != sorted(places):
        anomalies.add("misordered", f"{channel} is shown out of order", number=shown["seq"], **where)
    for post in truth.main_line(channel, shown.get("low", 0)):
        message = messages.pop(post.id, None)
        if message is None or digest(message) != truth.digests[channel][post.id]:
            text = f"{post.id} ({post.seq}) is {'not shown' if message is None else 'shown otherwise'}"
            anomalies.add("stale at rest", text, number=truth.last(channel, post.id), **where)
    for message in messages.values():
        text = f"{message['id']} is shown, which is not there"
        anomalies.add("dirty read", text, number=message["seq"], **where)
