"""Slack's mrkdwn as our Markdown: entities decoded once, names as they are here, code left alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from chat.importers.emojis import emojify
from chat.importers.export import Names, Written

_CODE = re.compile(r"```(?P<block>.+?)```|`(?P<span>[^`\n]+)`", re.DOTALL)
_ENTITY = re.compile(r"<([^<>\n]+)>")
_ESCAPE = re.compile(r"&(amp|lt|gt);")
_UNESCAPED = {"amp": "&", "lt": "<", "gt": ">"}
_WEB = re.compile(r"https?://[^\s|]+\Z", re.IGNORECASE)
_OTHER_LINK = re.compile(r"(mailto|tel|sms|skype|callto|facetime):", re.IGNORECASE)
_AFTER_A_BARE_LINK = re.compile(r"[\s.,;:!?)\]}\"'…”’*_~|]|\Z|&(?:gt|lt);")
_STYLES = (
    (re.compile(r"(?<![\w*\\])\*(?=[^\s*])([^*\n]*?)(?<=[^\s*])\*(?![\w*])"), r"**\1**"),
    (re.compile(r"(?<![\w~\\])~(?=[^\s~])([^~\n]*?)(?<=[^\s~])~(?![\w~])"), r"~~\1~~"),
)  # _italic_ is written alike
_SIGNS = ("@", "#", "!")
_PARKED = re.compile("\0(\\d+)\0")
EVERYONE = {"channel": "@channel", "group": "@channel", "everyone": "@everyone", "here": "@here"}


def write(mrkdwn: str, names: Names) -> Written:
    """A Slack text as it is stored here."""
    writer = Writer(names)
    return Written(writer.write(mrkdwn), frozenset(writer.mentioned), writer.everyone)


@dataclass
class Writer:
    """Writes one text. What is finished is parked under a number between NULs, which no text holds, until the end."""

    names: Names
    mentioned: set[str] = field(default_factory=set)
    everyone: bool = False
    parked: list[str] = field(default_factory=list)

    def write(self, mrkdwn: str) -> str:
        text = _CODE.sub(self._code, mrkdwn)
        text = _ENTITY.sub(lambda match: self._park(self._entity(match[1], text, match.end())), text)
        text = emojify(unescape(text))
        for style, markdown in _STYLES:
            text = style.sub(markdown, text)
        return self._unpark(text)

    def _park(self, finished: str) -> str:
        self.parked.append(finished)
        return f"\0{len(self.parked) - 1}\0"

    def _unpark(self, text: str) -> str:
        return _PARKED.sub(lambda match: self._unpark(self.parked[int(match[1])]), text)

    def _code(self, match: re.Match[str]) -> str:
        inside = unescape(_ENTITY.sub(lambda entity: self._plain(entity[1]), match["span"] or match["block"]))
        if match["span"]:
            return self._park(f"`{inside}`")
        if "\n" not in inside:
            return self._park(f"```{inside}```")
        # A fence stands on lines of its own: what follows an opening one on its line would be lost.
        before, after = match.string[: match.start()], match.string[match.end() :]
        opening = "" if not before or before.endswith("\n") else "\n"
        closing = "" if not after or after.startswith("\n") else "\n"
        body = inside.strip("\n")
        return self._park(f"{opening}```\n{body}\n```{closing}")

    def _entity(self, entity: str, text: str, end: int) -> str:
        """What stands between < and >: a name, a call, or a link."""
        target, _, label = entity.partition("|")
        if target.startswith(_SIGNS):
            return self._name(target, unescape(label))
        label = unescape(label)
        if _WEB.match(target):
            return self._link(unescape(target), emojify(label), bool(_AFTER_A_BARE_LINK.match(text, end)))
        if _OTHER_LINK.match(target):
            shown = unescape(target).partition(":")[2]
            return label if label and label != shown else shown
        # No link that a browser should follow, or no entity at all.
        return label or f"<{unescape(entity)}>"

    def _link(self, url: str, label: str, may_be_bare: bool) -> str:
        if label in ("", url) and may_be_bare:
            return url
        label = label.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
        return f"[{label or url}]({url.replace('(', '%28').replace(')', '%29')})"

    def _plain(self, entity: str) -> str:
        """An entity inside code, where nothing is a link."""
        target, _, label = entity.partition("|")
        return self._name(target, label) if target.startswith(_SIGNS) else label or target

    def _name(self, target: str, label: str) -> str:
        sign, key = target[0], target[1:]
        return {"@": self._person, "#": self._channel, "!": self._call}[sign](key, label)

    def _person(self, key: str, label: str) -> str:
        username = self.names.username(key)
        if username is not None:
            self.mentioned.add(key)
        return f"@{username or label.removeprefix('@') or key}"

    def _channel(self, key: str, label: str) -> str:
        return f"#{label.removeprefix('#') or self.names.channel(key) or 'private-channel'}"

    def _call(self, key: str, label: str) -> str:
        call = EVERYONE.get(key)
        if call:
            self.everyone = True
        return call or label or f"@{key.partition('^')[0]}"


def unescape(text: str) -> str:
    """The three entities that Slack writes, decoded once: ``&amp;lt;`` is ``&lt;``."""
    return _ESCAPE.sub(lambda match: _UNESCAPED[match[1]], text)


def escape(text: str) -> str:
    """A plain text as Slack would write it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
