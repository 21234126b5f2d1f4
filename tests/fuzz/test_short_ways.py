"""What every message goes through is done by fewer steps than the libraries take, and comes to what theirs come to."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, fields
from socketio import packet

from chat import strict_json
from chat.basics import iso, remembering
from chat.dispatch import ACTIONS
from chat.realtime.server import TextPacket
from chat.schemas.fields import Text
from chat.text import fingerprint, message_fingerprint

TIMES = int(os.environ.get("PARLEY_FUZZ", "1"))
TYPES = st.sampled_from("222345670") | st.text("0123456789", max_size=2)
ATTACHMENTS = st.sampled_from(["", "", "", "1-", "12345678901-", "-"])
NAMESPACES = st.sampled_from(["", "", "", "/,", "/chat,", "/chat?a=b,", "/"])
NUMBERS = st.text("0123456789", max_size=20) | st.sampled_from(["", "7", "²", "٣", "-1", "1" * 101])
JSON = st.sampled_from(['["message",{"text":"1-2"}]', "[]", "[1", "{}", "[NaN]", "", '"2[1]"', "[" * 50 + "]" * 50])
PACKETS = st.builds("".join, st.tuples(TYPES, ATTACHMENTS, NAMESPACES, NUMBERS, JSON)) | st.text('2[]{}"-/,1')
WRITTEN = st.text(st.characters(exclude_categories=())) | st.sampled_from(['"\\', "\0", "\ud83d", "🦊 zażółć"])
TEXT_FIELDS = [
    (name, field_name, field)
    for name, action in ACTIONS.items()
    for field_name, field in action.params.load_fields.items()
    if isinstance(field, Text)
]


class LibraryPacket(packet.Packet):
    uses_binary_events = False
    json = strict_json


def come_to(make: Callable[[], Any]) -> object:
    """What it makes, or how it refuses."""
    try:
        made = make()
    except ValidationError as error:
        return error.messages
    except (ValueError, TypeError, IndexError):
        return "refused"
    return made.__dict__ if isinstance(made, packet.Packet) else made


@settings(max_examples=2000 * TIMES, deadline=None, print_blob=True)
@given(text=PACKETS)
def test_a_packet_is_read_as_the_library_reads_it(text: str) -> None:
    assert come_to(lambda: TextPacket(encoded_packet=text)) == come_to(lambda: LibraryPacket(encoded_packet=text))


@pytest.mark.parametrize("text", ['2["message",{}]', '27["message",{}]'])
def test_an_event_is_read_the_short_way(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.delattr(packet.Packet, "decode")
    assert TextPacket(encoded_packet=text).data == ["message", {}]


@settings(max_examples=500 * TIMES, deadline=None, print_blob=True)
@given(channel_id=WRITTEN, text=WRITTEN, thread_id=st.none() | WRITTEN, in_main_line=st.booleans())
def test_a_message_has_the_fingerprint_that_it_would_have_had_before(
    channel_id: str, text: str, thread_id: str | None, in_main_line: bool
) -> None:
    parts = channel_id, text, thread_id, in_main_line
    assert message_fingerprint(*parts) == fingerprint(*parts)


@pytest.mark.parametrize(("name", "field_name", "field"), TEXT_FIELDS, ids=lambda part: part if part else "")
@settings(max_examples=30 * TIMES, deadline=None, print_blob=True)
@given(value=WRITTEN | st.none() | st.integers() | st.uuids().map(str))
def test_a_text_is_taken_and_refused_as_the_library_does(
    name: str, field_name: str, field: Text, value: object
) -> None:
    by_the_library = come_to(lambda: fields.Field.deserialize(field, value, field_name, {}))
    assert come_to(lambda: field.deserialize(value, field_name, {})) == by_the_library


@settings(max_examples=200 * TIMES, deadline=None, print_blob=True)
@given(moments=st.lists(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])), max_size=4))
def test_a_moment_is_written_as_it_is_whichever_was_written_before_it(moments: list[datetime]) -> None:
    asked: list[datetime] = []

    @remembering
    def write(moment: datetime) -> str:
        asked.append(moment)
        return str(moment)

    for moment in (*moments, *moments, *reversed(moments)):
        assert write(moment) == write(moment) == str(moment)
        assert iso(moment) == moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    assert all(earlier is not later for earlier, later in pairwise(asked))  # none twice in a row
