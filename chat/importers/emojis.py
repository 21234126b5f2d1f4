"""Emoji by the names Slack gives them; what has no Unicode stays ``:name:``."""

from __future__ import annotations

import re
from functools import lru_cache

import emoji

SHORTCODE = re.compile(r"(?<!\w):([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):")
_SLACKS_OWN = {"the_horns": "metal", "face_palm": "facepalm"}
_PERSON = re.compile(r"(fe)?male-|(wo)?man-")


@lru_cache(4096)
def find_emoji(name: str) -> str:
    """The emoji of a name such as ``clap`` or ``clap::skin-tone-3``."""
    base, _, tone = name.partition("::skin-tone-")
    found = next(filter(None, map(_by_name, _spellings(base))), None) or _flag(base)
    if found and tone in ("2", "3", "4", "5", "6"):
        toned = found.replace("\ufe0f", "") + chr(0x1F3F9 + int(tone))
        found = toned if emoji.is_emoji(toned) else found
    return found or f":{name}:"


def emojify(text: str) -> str:
    """A text with its shortcodes as emoji, where there are such."""
    return SHORTCODE.sub(lambda match: find_emoji(match[1]), text) if ":" in text else text


def _spellings(name: str) -> list[str]:
    gendered = _PERSON.sub(lambda match: "woman_" if match[1] or match[2] else "man_", name, count=1)
    return [name, _SLACKS_OWN.get(name, name), gendered.replace("-", "_")]


def _by_name(name: str) -> str | None:
    found = emoji.emojize(f":{name}:", language="alias")
    return found if emoji.is_emoji(found) else None


def _flag(name: str) -> str | None:
    """``flag-de`` is spelt in two letters of their own."""
    country = name.removeprefix("flag-")
    if country == name or len(country) != 2 or not country.isascii():
        return None
    flag = "".join(chr(0x1F1E6 + ord(letter) - ord("a")) for letter in country)
    return flag if emoji.is_emoji(flag) else None
