"""Fields that take exactly their own JSON type: ``"5"`` is no number, and 1 is no true.

Every one of them has a largest size, which is looked at before anything else is: work on a text costs more the longer
it is, and some of it, such as bringing it into one form, costs the square of its length.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate

from chat.text import USERNAME, fold, is_storable

_UUID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Text(fields.String):
    """A string that every database and every client takes, of at most ``longest`` characters.

    A class may say how long its texts are, and a field may say otherwise; there is none without a length.
    """

    longest = 256

    def __init__(self, longest: int | None = None, **kwargs: Any) -> None:
        self.longest = longest or self.longest
        kwargs["metadata"] = {"maxLength": self.longest, **kwargs.get("metadata", {})}  # for the OpenAPI document
        super().__init__(**kwargs)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """The library's; of a text that nothing more is asked of, in a third of its steps."""
        if isinstance(value, str) and not self.validators and not self.pre_load and not self.post_load:
            return self._deserialize(value, attr, data, **kwargs)
        return super().deserialize(value, attr, data, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        text = value if len(value) <= self.longest else self.shortened(value)
        if not is_storable(text):
            raise ValidationError("Must not hold NUL characters or halves of surrogate pairs.")
        return text

    def shortened(self, value: str) -> str:
        """What becomes of a text that is too long: a refusal, unless a kind of text knows better."""
        raise ValidationError(f"Longer than {self.longest} characters.")


class Line(Text):
    """One line of text: a name, a topic. The white space around it is taken off, and may double its length."""

    def __init__(self, longest: int, shortest: int = 0, **kwargs: Any) -> None:
        super().__init__(longest, validate=validate.Length(min=shortest, max=longest), **kwargs)
        self.longest = 2 * longest

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        line = super()._deserialize(value, *args, **kwargs).strip()
        if any(ord(letter) < 32 or letter in "\x7f\u2028\u2029" for letter in line):
            raise ValidationError("Must be one line.")
        return line


class Identifier(Text):
    """An opaque identifier. One that names nothing, whatever its form, is answered as not found.

    So one that is too long is not refused but cut: ours have 26 characters, so what is left of it names nothing either.
    """

    longest = 64

    def shortened(self, value: str) -> str:
        return value[: self.longest]


class Emoji(Text):
    """One Unicode emoji, or ``:name:``; the action says what is none. One that is too long is none when it is cut."""

    longest = 120

    def shortened(self, value: str) -> str:
        return value[: self.longest]


class Secret(Text):
    """A password, token or invite: never logged, never shown again."""


class ClientMessageId(Text):
    """A UUID that the client makes; its canonical spelling is the key, so that a repeat is recognised."""

    longest = 36

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, *args, **kwargs)
        if not _UUID.fullmatch(text):
            raise ValidationError("Must be a UUID.")
        return text.lower()


class Username(Text):
    """``[a-z0-9][a-z0-9._-]{0,39}``, after folding."""

    longest = 80

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        name = fold(super()._deserialize(value, *args, **kwargs))
        if not USERNAME.match(name):
            raise ValidationError("Use 1 to 40 letters a-z, digits, dots, dashes and underscores.")
        return name


class Email(Text):
    """An e-mail address, folded."""

    longest = 254

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        address = fold(super()._deserialize(value, *args, **kwargs))
        validate.Email()(address)
        validate.Length(max=self.longest)(address)
        return address


class Number(fields.Integer):
    """A whole number, no true and no text. Bounded by what every database stores."""

    def __init__(self, low: int = 0, high: int = 2**62, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(min=low, max=high), **kwargs)

    def _validated(self, value: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return value


class Switch(fields.Boolean):
    """true or false, and nothing that merely looks like it."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Moment(Text):
    """A time: UTC, ISO 8601 with milliseconds."""

    longest = 24


class Many(fields.List):
    """A list of at most ``most``, which is looked at before any of them is."""

    def __init__(self, inner: fields.Field | type[fields.Field], most: int, **kwargs: Any) -> None:
        self.most = most
        kwargs["metadata"] = {"maxItems": most, **kwargs.get("metadata", {})}
        super().__init__(inner, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        refuse_more(value, self.most)
        return super()._deserialize(value, *args, **kwargs)


class Map(fields.Dict):
    """An object whose keys are data, of at most ``most`` of them, which is looked at before any of them is."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        self.most = most
        kwargs["metadata"] = {"maxProperties": most, **kwargs.get("metadata", {})}
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_more(value, self.most)
        return super()._deserialize(value, *args, **kwargs)  # type: ignore[no-untyped-call]


def refuse_more(value: Any, most: int) -> None:
    """Refuse a list or an object of more than ``most``; what is neither is refused by the field."""
    if isinstance(value, list | dict) and len(value) > most:
        raise ValidationError(f"At most {most} at once.")
