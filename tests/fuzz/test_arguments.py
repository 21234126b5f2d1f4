"""What is loaded the short way is what the library's own way makes of it, for whatever anybody may send."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from chat.dispatch import ACTIONS, load_plain
from chat.schemas.params import Send

TIMES = int(os.environ.get("PARLEY_FUZZ", "1"))
TEXTS = st.sampled_from(["", "town", "public", "ana@example.org", "nul\0", "half\ud800", "two\nlines", "x" * 300])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.uuids().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)


def by_the_library(schema: Any, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        return dict(schema.load(payload))
    except ValidationError:
        return None


@pytest.mark.parametrize("name", ACTIONS)
@settings(max_examples=40 * TIMES, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(data=st.data())
def test_both_ways_lead_to_the_same_arguments(name: str, data: st.DataObject) -> None:
    schema = ACTIONS[name].params
    names = [*schema.load_fields, "never_heard_of"]
    required = {field: VALUES for field, each in schema.load_fields.items() if each.required}
    payload = data.draw(st.fixed_dictionaries(required) | st.dictionaries(st.sampled_from(names), VALUES))
    loaded = load_plain(schema, payload)
    assert loaded is None or repr(loaded) == repr(in_order(by_the_library(schema, payload), loaded))


def in_order(arguments: dict[str, Any] | None, like: dict[str, Any]) -> dict[str, Any] | None:
    """The same in another's order, which means nothing; written out, 1 is not true and NaN is itself."""
    return arguments and {name: arguments[name] for name in [*like, *(arguments.keys() - like.keys())]}


def test_a_plain_message_goes_the_short_way_and_a_faulty_one_does_not() -> None:
    plain = {"channel_id": "town", "client_msg_id": str(uuid.uuid4()).upper(), "text": "hello"}
    assert load_plain(Send(), plain) == {**plain, "client_msg_id": plain["client_msg_id"].lower()}
    for fault in ({"text": 5}, {"text": "nul\0"}, {"client_msg_id": "7"}, {"never_heard_of": 1}):
        assert load_plain(Send(), {**plain, **fault}) is None
    assert load_plain(Send(), {"text": "hello"}) is None
