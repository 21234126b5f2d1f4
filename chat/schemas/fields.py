"""Fields that take exactly their own JSON type: ``"5"`` is no number, and 1 is no true."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate

from chat.text import USERNAME, fold, is_storable

_UUID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Text(fields.String):
    """A string that every database and every client takes."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """The library's; of a text that nothing more is asked of, in a third of its steps."""
        if isinstance(value, str) and not self.validators and not self.pre_load and not self.post_load:
            return self._deserialize(value, attr, data, **kwargs)
        return super().deserialize(value, attr, data, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if not is_storable(value):
            raise ValidationError("Must not hold NUL characters or halves of surrogate pairs.")
        return value


class Line(Text):
    """One line of text without white space around it: a name, a topic."""

    def __init__(self, longest: int, shortest: int = 0, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=shortest, max=longest), **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        line = super()._deserialize(value, *args, **kwargs).strip()
        if any(ord(letter) < 32 or letter in "\x7f\u2028\u2029" for letter in line):
            raise ValidationError("Must be one line.")
        return line


class Identifier(Text):
    """An opaque identifier. One that names nothing, whatever its form, is answered as not found."""


class Secret(Text):
    """A password, token or invite: never logged, never shown again."""


class ClientMessageId(Text):
    """A UUID that the client makes; its canonical spelling is the key, so that a repeat is recognised."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, *args, **kwargs)
        if not _UUID.fullmatch(text):
            raise ValidationError("Must be a UUID.")
        return text.lower()


class Username(Text):
    """``[a-z0-9][a-z0-9._-]{0,39}``, after folding."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        name = fold(super()._deserialize(value, *args, **kwargs))
        if not USERNAME.match(name):
            raise ValidationError("Use 1 to 40 letters a-z, digits, dots, dashes and underscores.")
        return name


class Email(Text):
    """An e-mail address, folded."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        address = fold(super()._deserialize(value, *args, **kwargs))
        validate.Email()(address)
        validate.Length(max=254)(address)
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


class Moment(fields.String):
    """A time: UTC, ISO 8601 with milliseconds."""
