from __future__ import annotations

import json
import math

from models_app.core.gguf import ArrayValue, Value
from models_app.disk.kept_metadata import MAX_CHARACTERS, MAX_KEYS, MAX_TEXT, kept_metadata


def kept(values: dict[str, Value]) -> dict[str, object]:
    return kept_metadata(values)[0]


def test_scalars_and_texts_stay() -> None:
    values: dict[str, Value] = {"a": 1, "b": True, "c": "text", "d": 0.5}
    assert kept_metadata(values) == (values, [])


def test_short_arrays_keep_their_items_and_long_ones_their_length() -> None:
    short = ArrayValue(8, 2, 0, ["en", "de"])
    long = ArrayValue(5, 100, 0, list(range(100)))
    assert kept({"short": short, "long": long}) == {
        "short": {"type": 8, "count": 2, "items": ["en", "de"]},
        "long": {"type": 5, "count": 100, "items": None},
    }


def test_the_figures_of_each_layer_stay_for_the_estimate() -> None:
    heads = ArrayValue(5, 100, 0, [8] * 100)
    values: dict[str, Value] = {
        "general.architecture": "llama",
        "llama.attention.head_count_kv": heads,
    }
    assert kept(values)["llama.attention.head_count_kv"] == {
        "type": 5,
        "count": 100,
        "items": [8] * 100,
    }


def test_long_texts_are_cut_but_for_a_template() -> None:
    long = "x" * (MAX_TEXT + 1)
    found = kept({"general.description": long, "tokenizer.chat_template": long})
    assert len(str(found["general.description"])) == MAX_TEXT
    assert found["tokenizer.chat_template"] == long


def test_what_is_left_out_is_said() -> None:
    many: dict[str, Value] = {f"k{number}": number for number in range(MAX_KEYS + 5)}
    found, said = kept_metadata(many)
    assert (len(found), said) == (MAX_KEYS, ["5 more keys are not kept"])


def test_what_an_estimate_needs_is_kept_although_it_comes_last() -> None:
    texts: dict[str, Value] = {f"a{number}": "x" * MAX_TEXT for number in range(100)}
    many: dict[str, Value] = {f"k{number}": number for number in range(MAX_KEYS)}
    last: dict[str, Value] = {"llama.block_count": 32, "general.architecture": "llama"}
    for before in (texts, many):
        found, said = kept_metadata({**before, **last})
        assert [*found][-2:] == [*last]
        assert said


def test_all_texts_together_are_bounded() -> None:
    texts: dict[str, Value] = {f"k{number}": "x" * MAX_TEXT for number in range(200)}
    found, said = kept_metadata(texts)
    assert sum(len(str(value)) for value in found.values()) <= MAX_CHARACTERS
    assert said


def test_the_result_is_json_that_a_database_takes() -> None:
    found = kept({"k\0": "a\0b", "nan": math.nan, "big": 1 << 63})
    assert "\\u0000" not in json.dumps(found, allow_nan=False)
