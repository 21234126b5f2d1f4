"""Shapes that are more than a list of fields: one of several forms, and a table of entries that are all alike."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields

from chat.schemas.fields import Identifier


class Either(Schema):
    """An object of exactly one of these ``shapes``, which are tried in order."""

    shapes: ClassVar[tuple[type[Schema], ...]] = ()

    def load(self, data: Any, **options: Any) -> Any:
        """The data, by the first shape it has; the faults of all of them when it has none."""
        faults = []
        for shape in self.shapes:
            try:
                return shape().load(data, **options)
            except ValidationError as fault:
                faults.append(fault.messages)
        raise ValidationError({"_schema": faults})


class Table(Schema):
    """An object whose keys are data; the one field, ``each``, says what stands under every key."""

    def load(self, data: Any, **_options: Any) -> Any:
        """The data, when every entry is as ``each`` has it."""
        return fields.Dict(keys=Identifier(), values=self.fields["each"]).deserialize(data)
