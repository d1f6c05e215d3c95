from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_app.core import frames
from live_app.core.frames import Field
from live_app.core.protocol import Ack, ProtocolError, Subscribe, Unsubscribe, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
OPS = st.sampled_from(["sub", "unsub", "ack", "", None, 1]) | JSON
ANY_FRAME = st.fixed_dictionaries(
    {"op": OPS}, optional={"topics": JSON, "since": JSON, "n": JSON}
).map(json.dumps)


def outcome(text: str) -> object:
    try:
        return parse(text)
    except ProtocolError as error:
        return error


@given(st.text())
def test_any_text_is_a_request_or_a_protocol_error(text: str) -> None:
    outcome(text)


@given(ANY_FRAME)
def test_any_json_is_a_request_or_a_protocol_error(text: str) -> None:
    outcome(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ("[" * 16_000, "not_json"),
        ('{"op":"ack","n":NaN}', "not_json"),
        ('{"op":"ack","n":Infinity}', "not_json"),
        ('{"op":"ack","n":"\ud800"}', "not_json"),
        ("[]", "not_an_object"),
        ("1", "not_an_object"),
        ("{}", "unknown_op"),
        ('{"op":["sub"]}', "unknown_op"),
        ('{"op":"eval"}', "unknown_op"),
        ('{"op":"ack"}', "bad_ack"),
        ('{"op":"ack","n":true}', "bad_ack"),
        ('{"op":"ack","n":-1}', "bad_ack"),
        ('{"op":"ack","n":1.0}', "bad_ack"),
        ('{"op":"ack","n":%s}' % ("9" * 30), "bad_ack"),
        ('{"op":"sub"}', "bad_topics"),
        ('{"op":"sub","topics":"host"}', "bad_topics"),
        ('{"op":"sub","topics":[1]}', "bad_topics"),
        ('{"op":"sub","topics":["../host"]}', "bad_topics"),
        ('{"op":"sub","topics":["host\\n"]}', "bad_topics"),
        ('{"op":"sub","topics":["host"],"since":[1]}', "bad_since"),
        ('{"op":"sub","topics":["host"],"since":{"host":null}}', "bad_since"),
        (json.dumps({"op": "sub", "topics": [f"t{n}" for n in range(65)]}), "too_many_topics"),
    ],
)
def test_what_makes_no_sense_is_named(text: str, code: str) -> None:
    error = outcome(text)
    assert isinstance(error, ProtocolError)
    assert error.code == code


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ('{"op":"sub","topics":["host","engine.7"]}', Subscribe(("host", "engine.7"), {})),
        ('{"op":"sub","topics":["host","host"]}', Subscribe(("host",), {})),
        ('{"op":"sub","topics":["host"],"since":{"host":4}}', Subscribe(("host",), {"host": 4})),
        ('{"op":"unsub","topics":["host"]}', Unsubscribe(("host",))),
        ('{"op":"ack","n":17,"more":1}', Ack(17)),
    ],
)
def test_requests_are_read(text: str, request_: Any) -> None:
    assert parse(text) == request_


def test_a_key_that_is_no_text_is_still_json() -> None:
    frame = frames.schema("host", [Field("host/disk_used_bytes//mnt/\udcff", "bytes")])
    assert json.loads(frame.text)["fields"][0]["key"].startswith("host/disk_used_bytes//mnt/")


def test_the_hash_of_a_schema_tells_other_fields_but_not_other_topics() -> None:
    def mark(topic: str, *keys: str) -> Any:
        return json.loads(frames.schema(topic, [Field(key, "count") for key in keys]).text)["hash"]

    assert mark("a", "x", "y") == mark("b", "x", "y")
    assert mark("a", "x", "y") != mark("a", "y", "x")
