"""What is taken from an engine's `/metrics`, which may hold anything."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.llama_metrics import MOST_CHARACTERS, MOST_NAMES, parse

REAL = """\
# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 6
# HELP llamacpp:prompt_seconds_total Prompt process time
# TYPE llamacpp:prompt_seconds_total counter
llamacpp:prompt_seconds_total 0.004
# HELP llamacpp:requests_processing Number of requests processing.
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 1
# HELP llamacpp:n_busy_slots_per_decode Average number of busy slots per llama_decode() call
# TYPE llamacpp:n_busy_slots_per_decode gauge
llamacpp:n_busy_slots_per_decode 1.05e+00
"""


def test_every_sample_of_llama_cpp_is_read() -> None:
    assert parse(REAL) == {
        "llamacpp:prompt_tokens_total": 6,
        "llamacpp:prompt_seconds_total": 0.004,
        "llamacpp:requests_processing": 1,
        "llamacpp:n_busy_slots_per_decode": 1.05,
    }


def test_the_first_of_several_samples_counts() -> None:
    assert parse("llamacpp:x 1\nllamacpp:x 2\n") == {"llamacpp:x": 1}


def test_labels_and_a_time_are_passed_over() -> None:
    assert parse('llamacpp:x{slot="a } 9"} 3 1790000000000\r\n') == {"llamacpp:x": 3}


@pytest.mark.parametrize(
    "value",
    ["NaN", "nan", "-nan", "+Inf", "inf", "-1", "1e16", "1e999", "1_000", "0x10", "٣", "", "one"],
)
def test_what_is_no_figure_is_left_out(value: str) -> None:
    assert parse(f"llamacpp:x {value}\nllamacpp:y 1\n") == {"llamacpp:y": 1}


@pytest.mark.parametrize(
    "name", ["x", "other:x", "llamacpp:", "llamacpp:x-y", "llamacpp:ä", "llamacpp:1"]
)
def test_what_is_no_name_of_llama_cpp_is_left_out(name: str) -> None:
    assert parse(f"{name} 1\n") == {}


def test_only_so_many_names_are_kept() -> None:
    body = "".join(f"llamacpp:n{index} {index}\n" for index in range(MOST_NAMES + 10))

    found = parse(body)

    assert len(found) == MOST_NAMES
    assert f"llamacpp:n{MOST_NAMES}" not in found


def test_what_comes_late_in_an_endless_answer_is_not_read() -> None:
    assert parse("#\n" * MOST_CHARACTERS + "llamacpp:x 1\n") == {}


_lines = st.one_of(
    st.text(),
    st.text(alphabet='llamacpp:x{}=", 0123456789.eE+-\t\r#'),
    st.builds("llamacpp:{} {}".format, st.text(max_size=5), st.floats()),
)


@given(st.lists(_lines, max_size=100).map("\n".join))
def test_any_text_gives_only_true_figures(body: str) -> None:
    for name, value in parse(body).items():
        assert name.startswith("llamacpp:")
        assert name.isascii()
        assert math.isfinite(value)
        assert 0 <= value <= 1e15


@given(
    st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.floats(0, 1e15), max_size=9)
)
def test_what_was_written_is_read_back(figures: dict[str, float]) -> None:
    body = "".join(f"llamacpp:{name} {value!r}\n" for name, value in figures.items())

    assert parse(body) == {f"llamacpp:{name}": value for name, value in figures.items()}
