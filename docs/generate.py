"""Writes the tables of docs/ and the client's types from the code: `python3 dev.py docs`. Tests hold both to it.

A table stands between `<!-- generated: name -->` and `<!-- end -->`; everything around it is written by hand.
"""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields

DOCS = Path(__file__).resolve().parent
WIRE = DOCS.parent / "client" / "src" / "wire.generated.ts"
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

import bounds  # noqa: E402
import typescript  # noqa: E402

from bench import figures, model  # noqa: E402
from bench.figures import Comparison  # noqa: E402
from chat import rates  # noqa: E402
from chat.dispatch import ACTIONS, LIVE  # noqa: E402
from chat.errors import CODES, RETRYABLE  # noqa: E402
from chat.limits import LIMITS  # noqa: E402
from chat.rest.routes import ROUTES  # noqa: E402
from chat.schemas import resources  # noqa: E402
from chat.schemas.events import DURABLE, PASSING, Durable  # noqa: E402
from chat.schemas.shapes import Either, Table  # noqa: E402
from config import SETTINGS  # noqa: E402

KINDS = {
    "Text": "string",
    "Line": "string",
    "Identifier": "string",
    "Secret": "string",
    "ClientMessageId": "UUID",
    "Username": "string",
    "Email": "string",
    "Number": "integer",
    "Switch": "boolean",
    "MessageText": "string",
    "Emoji": "string",
    "Moment": "time",
    "Dict": "object",
    "Map": "object",
}
OBJECTS = ("User", "Channel", "PersonalChannel", "Read", "Member", "Message", "Reaction", "File", "Session", "Error")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def arguments(schema: Schema, besides: Iterable[str] = ()) -> str:
    """The arguments of an action, the required ones bold."""
    shown = [
        f"**{name}**" if field.required else f"{name}?"
        for name, field in schema.fields.items()
        if name not in set(besides)
    ]
    return ", ".join(shown) or "–"


def keys(schema: Schema) -> str:
    """What an answer or an event holds."""
    if isinstance(schema, Either):
        return "; or ".join(keys(shape()) for shape in schema.shapes)
    if isinstance(schema, Table):
        return f"{{…: {kind(schema.fields['each'])}}}"
    return ", ".join(name if field.required else f"{name}?" for name, field in schema.fields.items()) or "–"


def actions() -> str:
    """Everything that can be asked over a connection."""
    rows = ((f"`{name}`", arguments(a.params), keys(a.answer), a.rate, a.summary) for name, a in LIVE.items())
    return table(("action", "arguments", "data in the answer", "rate", "meaning"), rows)


def routes() -> str:
    """Every REST call."""
    rows = (
        (
            f"`{route.method} {route.path}`",
            arguments(ACTIONS[route.action].params, route.parameters),
            keys(ACTIONS[route.action].answer),
            ACTIONS[route.action].rate,
            ACTIONS[route.action].summary,
        )
        for route in ROUTES
    )
    return table(("call", "arguments", "answer", "rate", "meaning"), rows)


def errors() -> str:
    """Every error code."""
    rows = (
        (f"`{code}`", str(int(status)), "yes" if code in RETRYABLE else "", words)
        for code, (status, words) in CODES.items()
    )
    return table(("code", "HTTP", "try again", "usual words"), rows)


def durable() -> str:
    """The events that have a number in a stream, and what each tells besides."""
    rows = (
        (f"`{name}`", ", ".join(f"`{key}`" for key in event().fields if key not in Durable().fields), words(event))
        for name, event in DURABLE.items()
    )
    return table(("event", "object", "when"), rows)


def passing() -> str:
    """The events without a number."""
    return table(
        ("event", "payload", "when"), ((f"`{name}`", keys(event()), words(event)) for name, event in PASSING.items())
    )


def words(schema: type[Schema]) -> str:
    """What a schema says of itself."""
    return " ".join((schema.__doc__ or "").split())


def limits() -> str:
    """The limits that hello tells."""
    return table(("limit", "value"), ((f"`{name}`", f"{value:,}") for name, value in LIMITS.items()))


def bounded() -> str:
    """Everything that has a limit, also what no client that keeps to the protocol meets."""
    return table(("what", "how much", "", "above it"), bounds.rows())


def paces() -> str:
    """The rates: what each counts, and how fast it is."""
    usual = rates.parse("").paces
    rows = (
        (f"`{name}`", f"{usual[name].per_second:,g}", f"{usual[name].burst:,}", counts)
        for name, counts in rates.RATES.items()
    )
    return table(("rate", "a second", "at once", "what it counts"), rows)


def objects() -> str:
    """The objects in answers and events."""
    parts = []
    for name in OBJECTS:
        schema: Schema = getattr(resources, name)()
        rows = (
            (f"`{key}`", kind(field), "" if field.required else "may be absent") for key, field in schema.fields.items()
        )
        parts.append(f"**{name}**\n\n{table(('field', 'type', ''), rows)}")
    return "\n\n".join(parts)


def kind(field: fields.Field) -> str:
    """The JSON type of a field, in a word."""
    if isinstance(field, fields.List):
        name = f"list of {kind(field.inner)}"
    elif isinstance(field, fields.Nested):
        name = type(field.schema).__name__
    else:
        name = " or ".join(f"`{choice}`" for choice in typescript.choices_of(field)) or KINDS[type(field).__name__]
    return f"{name} or null" if field.allow_none else name


def settings() -> str:
    """Every setting."""
    rows = (
        (
            f"`{setting.name}`",
            f"`{setting.default}`" if setting.default not in ("", ()) else "–",
            setting.meaning + (f" One of {', '.join(setting.choices)}." if setting.choices else ""),
        )
        for setting in SETTINGS
    )
    return table(("setting", "without it", "meaning"), rows)


def faults() -> str:
    """The latest long run of the fault suite, as bench/results/ keeps it."""
    runs = sorted((DOCS.parent / "bench" / "results").glob("*-faults.json"))
    if not runs:
        return "No long run is kept in bench/results/ yet."
    run = json.loads(runs[-1].read_text())
    rows = (
        (
            row["scenario"],
            row["says"],
            f"{row['told']:,}",
            f"{row['acked']:,}",
            *(str(row[kind]) for kind in ("lost", "doubled", "misordered", "leaked")),
            f"{row['reach_p99']:g} s",
        )
        for row in run["scenarios"]
    )
    head = (
        "scenario",
        "what is broken",
        "deliveries",
        "acknowledged",
        "lost",
        "doubled",
        "misordered",
        "leaked",
        "p99",
    )
    measured = (
        (row["name"], f"{row['value']:g} {row['unit']}", f"{row['limit']:g} {row['unit']}") for row in run["figures"]
    )
    where = f"{run['date']}, {run['cores']} shared cores, {run['system']}, Python {run['python']}, "
    where += f"{run['members']} clients that ask {run['per_second']} things a second, on the server's own cores."
    return "\n\n".join([where, table(head, rows), table(("besides", "measured", "at most"), measured)])


def compared() -> str:
    """The latest comparison of each question, as bench/results/ keeps it."""
    runs = [run for run in latest_runs() if run.get("comparisons")]
    if not runs:
        return "No comparison is kept in bench/results/ yet."
    known = {field.name for field in dataclasses.fields(Comparison)}
    rows = [{key: value for key, value in row.items() if key in known} for run in runs for row in run["comparisons"]]
    head, *lines = figures.table([Comparison(**row) for row in rows])
    asked: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        for name_and_versions in run["servers"].items():
            asked.setdefault(name_and_versions, []).append(run["title"])
    where = [
        *(f"{run['title']}: {run['date']}, {run['commit']}, load {run['load_before']:.1f} before" for run in runs),
        *(f"{name} ({', '.join(titles)}): {versions}" for (name, versions), titles in sorted(asked.items())),
        f"machine: {runs[-1]['cores']} cores, {runs[-1]['system']}",
    ]
    return "\n".join([table(head, lines), "", *(f"- {line}" for line in where)])


def alone() -> str:
    """The latest figures of what is measured of Parley alone."""
    elsewhere = ("faults", "workers")
    runs = [run for run in latest_runs() if not run.get("comparisons") and run["title"] not in elsewhere]
    if not runs:
        return "No figures are kept in bench/results/ yet."
    rows = (
        (
            f"{run['title']}: {row['name']}",
            f"{figures.readable(row['value'])} {row['unit']}".strip(),
            "" if row["limit"] is None else f"{row['limit']:g} {row['unit']}".strip(),
        )
        for run in runs
        for row in run["figures"]
    )
    dates = ", ".join(f"{run['title']} {run['date'][:10]}" for run in runs)
    return f"{table(('', 'measured', 'at most'), rows)}\n\nMeasured: {dates}."


def workers() -> str:
    """The latest figures of several workers, a column for each number of them."""
    runs = [run for run in latest_runs() if run["title"] == "workers"]
    if not runs:
        return "No figures are kept in bench/results/ yet."
    rows: dict[str, dict[str, str]] = {}
    for row in runs[0]["figures"]:
        server, _, what = row["name"].partition(": ")
        rows.setdefault(f"{what}, {row['unit']}", {})[server] = figures.readable(row["value"])
    servers = list(dict.fromkeys(server for found in rows.values() for server in found))
    lines = ((what, *(found.get(server, "") for server in servers)) for what, found in rows.items())
    where = f"Measured: {runs[0]['date']}, {runs[0]['cores']} cores, {runs[0]['system']}."
    return f"{table(('', *servers), lines)}\n\n{where}"


def scaling() -> str:
    """What the model says of larger teams."""
    return table(("", *(f"{size:,} people" for size in model.SIZES)), model.rows())


def latest_runs() -> list[dict[str, Any]]:
    """The latest file of each title in bench/results/."""
    paths = {path.stem[11:]: path for path in sorted((DOCS.parent / "bench" / "results").glob("*.json"))}
    return [json.loads(path.read_text()) for _, path in sorted(paths.items())]


TABLES: dict[str, Callable[[], str]] = {
    "actions": actions,
    "alone": alone,
    "bounded": bounded,
    "compared": compared,
    "durable": durable,
    "errors": errors,
    "faults": faults,
    "limits": limits,
    "objects": objects,
    "paces": paces,
    "passing": passing,
    "routes": routes,
    "scaling": scaling,
    "settings": settings,
    "workers": workers,
}


def filled(text: str) -> str:
    """A document with its tables as the code has them now."""

    def fill(match: re.Match[str]) -> str:
        return f"<!-- generated: {match[1]} -->\n\n{TABLES[match[1]]()}\n\n<!-- end -->"

    return re.sub(r"<!-- generated: (\w+) -->.*?<!-- end -->", fill, text, flags=re.DOTALL)


def main() -> None:
    """Bring every document and the client's types up to date."""
    for path in sorted(DOCS.rglob("*.md")):
        write(path, filled(path.read_text()))
    write(WIRE, typescript.wire())


def write(path: Path, text: str) -> None:
    """Write a file, if that changes it."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
        sys.stdout.write(f"wrote {path.relative_to(DOCS.parent)}\n")


if __name__ == "__main__":
    main()
