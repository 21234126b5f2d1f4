"""What may be written, and whom a text names."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata

import emoji

from chat.errors import ChatError
from chat.limits import MAX_FOLDED, MAX_TEXT

MAX_CUSTOM_EMOJI = 64
EVERYONE = frozenset({"channel", "everyone", "here", "all"})
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}\Z")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_MENTION = re.compile(r"(?<![\w@/.])@([a-zA-Z0-9][a-zA-Z0-9._-]{0,39})")
_quoted = json.encoder.encode_basestring_ascii  # a text as json.dumps writes it
_CUSTOM_EMOJI = re.compile(r":[\w+'-]+(?:::skin-tone-[2-6])?:\Z")


def check_text(text: str) -> str:
    """The text as it was sent, if it may be: 1 to 4,000 characters without the white space around them."""
    written = text.strip()
    if not written:
        raise ChatError("no_text", field="text")
    if len(written) > MAX_TEXT or len(text) > 2 * MAX_TEXT:  # stored as it was sent, with the white space around it
        raise ChatError("msg_too_long", f"A message has {MAX_TEXT} characters at most.", field="text")
    return text


def check_emoji(name: str) -> str:
    """One Unicode emoji, or ``:name:``."""
    custom = len(name) <= MAX_CUSTOM_EMOJI + 2 and _CUSTOM_EMOJI.match(name)
    if not custom and not emoji.is_emoji(name):
        raise ChatError("invalid_emoji", field="emoji")
    return name


def is_storable(text: str) -> bool:
    """Whether every database and every client takes the text: no NUL, no half of a surrogate pair."""
    return not _UNSTORABLE.search(text)


def fold(text: str) -> str:
    """The text as it is compared: one form for what looks alike, without upper case.

    Raises ChatError ``invalid_arguments`` for one that is too long: a text of marks that combine costs the square of
    its length, and one of some hundred thousand would hold the process for half a minute.
    """
    if len(text) > MAX_FOLDED:
        raise ChatError("invalid_arguments", f"A name or an address has {MAX_FOLDED} characters at most.")
    return unicodedata.normalize("NFKC", text).casefold().strip()


def named_in(text: str) -> tuple[set[str], bool]:
    """The usernames a text may mention, and whether it addresses everyone. What stands in code names nobody."""
    names: set[str] = set()
    if "@" not in text:
        return names, False  # nearly always
    for match in _MENTION.finditer(_CODE.sub(" ", text)):
        name = match[1].lower()
        names.add(name)
        names.add(name.rstrip("._-"))  # “ask @ana.” names ana; “@j.” may be a username of its own
    everyone = not EVERYONE.isdisjoint(names)
    return names - EVERYONE, everyone


def fingerprint(*parts: object) -> str:
    """Tells whether two requests asked for the same."""
    return _hashed(json.dumps(parts))


def message_fingerprint(channel_id: str, text: str, thread_id: str | None, in_main_line: bool) -> str:
    """``fingerprint`` of the same four parts, in a sixth of its time: every message has one."""
    thread, line = "null" if thread_id is None else _quoted(thread_id), "true" if in_main_line else "false"
    return _hashed(f"[{_quoted(channel_id)}, {_quoted(text)}, {thread}, {line}]")


def _hashed(written: str) -> str:
    return hashlib.sha256(written.encode()).hexdigest()
