"""Writes the schemas of the protocol as TypeScript, for the web client: `python3 dev.py docs`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from types import ModuleType

from marshmallow import Schema, fields, validate

from chat.dispatch import LIVE
from chat.schemas import answers, events, params, resources
from chat.schemas.events import EVENTS
from chat.schemas.fields import Number, Switch
from chat.schemas.shapes import Either, Table

HEAD = """\
// Generated from chat/schemas and chat/dispatch.py by `python3 dev.py docs`: change those, not this.
// Times are UTC, as ISO 8601 with milliseconds.

type KeysOf<Forms> = Forms extends unknown ? keyof Forms : never;

/** One of these forms. What only others have is not there, but can be asked for. */
type Either<Forms, Keys extends PropertyKey = KeysOf<Forms>> = Forms extends unknown
  ? Forms & { [Key in Exclude<Keys, keyof Forms>]?: undefined }
  : never;
"""


def wire() -> str:
    """The whole file."""
    schemas = list(found(each for module in (resources, events, answers, params) for each in defined_in(module)))
    actions = ((name, f"{{ asks: {name_of(a.params)}; answers: {name_of(a.answer)} }}") for name, a in LIVE.items())
    told = ((name, name_of(schema())) for name, schema in EVENTS.items())
    return "\n".join(
        [
            HEAD,
            *(declared(schema) for schema in schemas),
            interface("Actions", actions, "What can be asked over a connection."),
            interface("Events", told, "What is told over a connection."),
        ]
    )


def defined_in(module: ModuleType) -> Iterator[type[Schema]]:
    """The schemas that are written down in a module."""
    for each in vars(module).values():
        if isinstance(each, type) and issubclass(each, Schema) and each.__module__ == module.__name__:
            yield each


def found(schemas: Iterable[type[Schema]]) -> dict[type[Schema], None]:
    """These schemas in order, with the forms that some of them are made of."""
    listed: dict[type[Schema], None] = {}
    for schema in schemas:
        for each in (*getattr(schema, "shapes", ()), schema):
            listed.setdefault(each)
    return listed


def declared(schema: type[Schema]) -> str:
    """A schema as an interface, or as what else it is."""
    name, words = name_of(schema()), schema.__doc__ if "__doc__" in vars(schema) else None
    if issubclass(schema, Either):
        forms = "".join(f"\n  | {name_of(shape())}" for shape in schema.shapes)
        return alias(name, f"Either<{forms}\n>", words)
    if issubclass(schema, Table):
        return alias(name, f"Record<string, {type_of(schema().fields['each'])}>", words)
    if not schema().fields:
        return alias(name, "Record<string, never>", words)
    [parent] = schema.__bases__
    inherited = members(parent)
    own = (member for member in members(schema) if member not in inherited)
    return interface(f"{name} extends {name_of(parent())}" if inherited else name, own, words)


def members(schema: type[Schema]) -> list[tuple[str, str]]:
    """The properties of an interface: their names, with what is said of them, and their types."""
    return [
        (f"{comment(field.metadata.get('description'), '  ')}{key}{'' if field.required else '?'}", type_of(field))
        for key, field in schema().fields.items()
    ]


def name_of(schema: Schema) -> str:
    """A schema's name in TypeScript. Arguments are told apart: some are named like what they ask for."""
    name = type(schema).__name__
    return f"{name}Params" if type(schema).__module__ == params.__name__ else name


def type_of(field: fields.Field) -> str:
    """The TypeScript of what a field holds."""
    plain = plain_type_of(field)
    return f"{plain} | null" if field.allow_none else plain


def plain_type_of(field: fields.Field) -> str:
    """The same without null."""
    if isinstance(field, fields.Nested):
        return name_of(field.schema)
    if isinstance(field, fields.List):
        inner = type_of(field.inner)
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if isinstance(field, fields.Dict):
        return f"Record<string, {type_of(field.value_field) if field.value_field else 'unknown'}>"
    if choices := choices_of(field):
        return " | ".join(json.dumps(choice) for choice in choices)
    if isinstance(field, Number):
        return "number"
    if isinstance(field, Switch):
        return "boolean"
    if isinstance(field, fields.String):
        return "string"
    raise TypeError(f"no TypeScript for {field!r}")


def choices_of(field: fields.Field) -> list[object]:
    """The only values that a field takes, if they can be listed."""
    for rule in field.validators:
        if isinstance(rule, validate.OneOf):
            return list(rule.choices)
        if isinstance(rule, validate.Equal):
            return [rule.comparable]
    return []


def interface(name: str, properties: Iterable[tuple[str, str]], words: str | None = None) -> str:
    lines = "\n".join(f"  {key}: {kind};" for key, kind in properties)
    return f"{comment(words)}export interface {name} {{\n{lines}\n}}\n"


def alias(name: str, kind: str, words: str | None = None) -> str:
    return f"{comment(words)}export type {name} = {kind};\n"


def comment(words: str | None, indent: str = "") -> str:
    """A JSDoc comment, and the indentation of what stands below it."""
    return f"/** {' '.join(words.split()).replace('``', '`')} */\n{indent}" if words else ""
