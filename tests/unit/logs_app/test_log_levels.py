from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs_app.core.levels import Levels, child_port


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        ("0.00.001.695 I srv  llama_server: initializing ...", "I "),
        ("0.00.003.119 W srv  llama_server: security: no API key is set", "W "),
        ("12.34.567.890 E load_model: failed to load", "E "),
        ("0.00.003.119 D que  post: new task", "D "),
        ("\x1b[36m0.00.003.119\x1b[0m \x1b[35mW srv  init: coloured\x1b[0m", "W "),
        ("[41234] 0.00.003.119 W srv  load_model: a child's", "W "),
        ('{"type":"log","time":3119,"level":"warn","msg":"srv: x\\n"}', "W "),
        ('{"type":"fit_memory_breakdown","rows":[]}', "- "),
        ('{"level":["error"]}', "- "),
        ("{", "- "),
        ("error: something went wrong on stderr", "- "),
        ("", "- "),
        ("0.00.003.119 X srv  init: no such level", "- "),
    ],
)
def test_a_first_line_has_the_level_that_it_says(line: str, tag: str) -> None:
    assert Levels().tags([line]) == [tag]


def test_what_says_no_level_continues_the_line_before() -> None:
    lines = ["0.00.001.000 W srv  a: chat template:", "<|user|>", "  hi", "0.00.002.000 I srv  b"]
    assert Levels().tags(lines) == ["W ", "W+", "W+", "I "]


def test_a_continuation_is_known_over_the_end_of_a_piece_and_not_after_a_gap() -> None:
    levels = Levels()
    levels.tags(["0.00.001.000 E srv  a"])
    assert levels.tags(["more"]) == ["E+"]
    levels.forget()
    assert levels.tags(["more"]) == ["- "]


def test_the_port_of_a_router_child_is_known() -> None:
    assert child_port("[41234] 0.00.003.119 I srv") == 41234
    assert child_port("[4123412] x") is None
    assert child_port("a [41234] x") is None


@given(st.lists(st.text()))
def test_any_text_has_a_tag_of_two_characters(lines: list[str]) -> None:
    tags = Levels().tags(lines)
    assert len(tags) == len(lines)
    assert {len(tag) for tag in tags} <= {2}


def test_a_deep_json_line_does_not_end_the_reading() -> None:
    assert Levels().tags(['{"a":' + "[" * 8000]) == ["- "]
