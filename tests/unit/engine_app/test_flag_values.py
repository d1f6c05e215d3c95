"""What a launch option may be, and the words it becomes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.flag_kinds import FlagError, Text, Value
from engine_app.core.flags import FLAGS, GROUPS

TEXT = Text(name="free", label="Free", help="")


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("ctx-size", "8,192", 8192),
        ("ctx-size", " 8192 ", 8192),
        ("ctx-size", 8192.0, 8192),
        ("keep", "-1", -1),
        ("n-gpu-layers", "ALL", "all"),
        ("n-gpu-layers", "99", 99),
        ("temp", "0.7", 0.7),
        ("temp", 1, 1),
        ("flash-attn", True, "on"),
        ("flash-attn", "false", "off"),
        ("cache-type-k", "q8_0", "q8_0"),
        ("kv-offload", "off", False),
        ("swa-full", "1", True),
        ("tensor-split", "3, 1", "3,1"),
        ("device", "CUDA0,CUDA1", "CUDA0,CUDA1"),
        ("samplers", "top_k;temperature", "top_k;temperature"),
    ],
)
def test_a_value_is_read_from_what_forms_and_files_hold(
    name: str, raw: object, value: Value
) -> None:
    assert FLAGS[name].parse(raw) == value
    assert type(FLAGS[name].parse(raw)) is type(value)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("ctx-size", "many"),
        ("ctx-size", "-5"),
        ("ctx-size", True),
        ("ctx-size", "9" * 10_000),
        ("ctx-size", None),
        ("ctx-size", [1]),
        ("temp", "nan"),
        ("temp", float("inf")),
        ("temp", "1_0"),
        ("top-p", "1.5"),
        ("cache-type-k", "q8_0 --tools all"),
        ("cache-type-k", 1),
        ("kv-offload", "perhaps"),
        ("device", "CUDA0,--tools"),
        ("device", "-1"),
        ("device", ""),
        ("tensor-split", "1,,2"),
        ("tensor-split", True),
        ("samplers", "top_k;shell"),
        ("spec-type", "draft-simple,,"),
    ],
)
def test_anything_else_is_refused_with_words(name: str, raw: object) -> None:
    with pytest.raises(FlagError, match="Give "):
        FLAGS[name].parse(raw)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ctx-size", 8192, ["--ctx-size", "8192"]),
        ("temp", 0.5, ["--temp", "0.5"]),
        ("kv-offload", True, ["--kv-offload"]),
        ("kv-offload", False, ["--no-kv-offload"]),
        ("swa-full", False, []),
        ("flash-attn", "auto", ["--flash-attn", "auto"]),
    ],
)
def test_a_value_becomes_words(name: str, value: Value, words: list[str]) -> None:
    assert FLAGS[name].words(value) == words


def test_a_permitted_flag_takes_one_text_and_never_another_flag() -> None:
    assert TEXT.words(TEXT.parse("blk.0=CPU")) == ["--free", "blk.0=CPU"]
    assert TEXT.words(TEXT.parse("-1.5")) == ["--free", "-1.5"]
    assert TEXT.words(TEXT.parse(True)) == ["--free"]
    for wrong in ("--tools", "-x", "a\0b", "\ud800", "x" * 5000, None, float("nan")):
        with pytest.raises(FlagError):
            TEXT.parse(wrong)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_no_value_of_any_option_can_pass_for_a_flag(raw: object) -> None:
    for flag in (*FLAGS.values(), TEXT):
        try:
            words = flag.words(flag.parse(raw))
        except FlagError:
            continue
        values = words[1:]
        assert len(values) <= 1
        assert not any(word.startswith("-") and not is_number(word) for word in values)
        assert not any("\0" in word for word in values)


def is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def test_every_spelling_means_one_option_and_every_option_has_a_group() -> None:
    spellings = [s for flag in FLAGS.values() for s in (*flag.spellings, *flag.opposites)]
    assert len(spellings) == len(set(spellings))
    assert {flag.group for flag in FLAGS.values()} == set(GROUPS)
