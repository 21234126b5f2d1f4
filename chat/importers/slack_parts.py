"""What Slack keeps beside a message's text: attachments and blocks as mrkdwn; files, reactions and pins plainly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from chat.importers.emojis import find_emoji
from chat.importers.export import Link
from chat.importers.loose import entries, entry, line, moment, text, whole, words
from chat.importers.slack_text import escape

Raw = dict[str, Any]
_BROKEN_FILES = {"tombstone": "A deleted file", "hidden_by_limit": "A file beyond the plan's limit"}
_SIGNS = {"user": ("@", "user_id"), "channel": ("#", "channel_id"), "broadcast": ("!", "range")}


# Attachments -----------------------------------------------------------------------------------


def is_preview(attachment: Raw) -> bool:
    """Whether Slack made it of a link in the text; the link is there, and a preview of it can be made again."""
    made = "from_url" in attachment or attachment.get("is_msg_unfurl") is True
    return made and attachment.get("is_share") is not True


def attached_text(attachment: Raw) -> str:
    """What an attachment says, with its title and fields."""
    title, link = line(attachment, "title"), text(attachment, "title_link")
    if title and link:
        title = f"<{link}|{title.translate({ord(letter): ' ' for letter in '<>|'})}>"
    fields = [f"{line(each, 'title')}: {text(each, 'value')}" for each in entries(attachment, "fields")]
    parts = [text(attachment, "pretext"), title, text(attachment, "text"), *fields]
    said = [part for part in parts if part.strip(" :")] or [block_text(attachment), text(attachment, "fallback")]
    author = line(attachment, "author_name")
    return "\n".join([f"{author}:" if author else "", *said]).strip("\n")


# Blocks ----------------------------------------------------------------------------------------


def block_text(message: Raw) -> str:
    """What a message's blocks say, as mrkdwn; needed where the text itself is empty."""
    return "\n".join(filter(None, (_block(block) for block in entries(message, "blocks")))).strip("\n")


def _block(block: Raw) -> str:
    if block.get("type") == "rich_text":
        return "\n".join(_rich(element) for element in entries(block, "elements"))
    texts = [entry(block, "text"), *entries(block, "fields"), *entries(block, "elements")]
    return "\n".join(filter(None, (_text_object(each) for each in texts)))


def _text_object(raw: Raw) -> str:
    said = text(raw, "text")
    return escape(said) if raw.get("type") == "plain_text" else said if raw.get("type") == "mrkdwn" else ""


def _rich(element: Raw) -> str:
    """A section, list, quote or preformatted part."""
    kind, parts = element.get("type"), entries(element, "elements")
    if kind == "rich_text_list":
        ordered = element.get("style") == "ordered"
        indent = "    " * min(whole(element, "indent") or 0, 8)
        return "\n".join(f"{indent}{f'{n}.' if ordered else '-'} {_rich(part)}" for n, part in enumerate(parts, 1))
    inside = "".join(map(_inline, parts))
    if kind == "rich_text_preformatted":
        return f"```\n{inside}\n```"
    if kind == "rich_text_quote":
        return "\n".join(f"&gt; {each}" for each in inside.split("\n"))
    return inside.rstrip("\n")


def _inline(raw: Raw) -> str:
    kind = raw.get("type")
    if kind in _SIGNS:
        sign, key = _SIGNS[kind]
        return f"<{sign}{text(raw, key)}>"
    if kind == "emoji":
        return f":{text(raw, 'name')}:"
    if kind == "link":
        label = escape(text(raw, "text"))
        return f"<{text(raw, 'url')}|{label}>" if label else f"<{text(raw, 'url')}>"
    said = escape(text(raw, "text"))
    for name, mark in (("code", "`"), ("bold", "*"), ("italic", "_"), ("strike", "~")):
        if entry(raw, "style").get(name) and said.strip():
            said = f"{mark}{said}{mark}"
    return said


# Files, reactions, pins --------------------------------------------------------------------------


def files_of(message: Raw, lost: Counter[str]) -> tuple[Link, ...]:
    """The files a message speaks of; before 2018 there was one under another name."""
    found = entries(message, "files") or [each for each in [entry(message, "file")] if each]
    return tuple(_link(file, lost) for file in found)


def _link(file: Raw, lost: Counter[str]) -> Link:
    lost["files' contents: their names and links are kept"] += 1
    mode = text(file, "mode")
    if mode in _BROKEN_FILES or "file_access" in file:
        lost["files that were deleted or hidden there, so that not even their names are known"] += 1
        return Link(_BROKEN_FILES.get(mode, "A file that could not be seen"))
    name = line(file, "name") or line(file, "title") or "file"
    # An external file's own address is the useful one; a hosted one's needs a token that must not be kept.
    addresses = [text(file, "url_private"), text(file, "permalink")]
    if mode != "external":
        addresses.reverse()
    url = next(filter(None, map(without_token, addresses)), None)
    return Link(name, line(file, "mimetype")[:255], whole(file, "size"), url)


def without_token(url: str) -> str | None:
    """A web address without the secret that exports add to it; None for what is no web address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    if "xoxe-" not in parts.query:
        return url
    query = [(key, value) for key, value in parse_qsl(parts.query) if not value.startswith("xoxe-")]
    return urlunsplit(parts._replace(query=urlencode(query)))


def reactions_of(message: Raw, lost: Counter[str]) -> Iterator[tuple[str, str]]:
    """Each emoji with each person who chose it, once."""
    seen = set()
    for reaction in entries(message, "reactions"):
        people = words(reaction, "users")
        lost["reactions beyond the 50 people that Slack lists"] += max(0, (whole(reaction, "count") or 0) - len(people))
        found = find_emoji(text(reaction, "name")[:100])
        for person in people:
            if (found, person) not in seen:
                seen.add((found, person))
                yield found, person


def pinned_at(message: Raw, conversation: Raw, at: datetime) -> datetime | None:
    """When a message was pinned: as the channel's list of pins says, or else from then on."""
    ts = text(message, "ts")
    for pin in entries(conversation, "pins"):
        if text(pin, "id") == ts:
            return moment(pin, "created") or at
    if words(message, "pinned_to"):
        return moment(entry(message, "pinned_info"), "pinned_ts") or at
    return None
