"""What is made of two readings of an engine's counters."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.llama_figures import (
    ACCEPTED,
    BUSY_PER_DECODE,
    CACHE_USED,
    DECODES,
    DEFERRED,
    DRAFTED,
    PREDICTED,
    PROCESSING,
    PROMPT,
    LlamaFigures,
)


def reading(
    predicted: float = 0, decodes: float = 0, busy: float = 1, processing: float = 0, **more: float
) -> dict[str, float]:
    return {
        PROMPT: more.get("prompt", 0),
        PREDICTED: predicted,
        DECODES: decodes,
        BUSY_PER_DECODE: busy,
        PROCESSING: processing,
        DEFERRED: more.get("deferred", 0),
    }


def speeds(*readings: dict[str, float], seconds: float = 5.0) -> list[float | None]:
    """Tokens per second after each of them."""
    figures = LlamaFigures()
    return [
        figures.update(told, 100.0 + n * seconds)["tokens_per_second"]
        for n, told in enumerate(readings)
    ]


def test_the_first_reading_tells_no_speed() -> None:
    figures = LlamaFigures().update(reading(500, 500, processing=2, deferred=3), 1.0)
    assert figures == {
        "tokens_per_second": None,
        "prompt_tokens_per_second": None,
        "requests_processing": 2,
        "requests_deferred": 3,
    }


def test_tokens_count_as_they_come_and_not_when_their_answer_ends() -> None:
    assert speeds(
        reading(),
        reading(0, 200, processing=1),
        reading(0, 400, processing=1),
        reading(450, 450),
        reading(450, 450),
    ) == [None, 40, 40, 10, 0]


def test_a_step_counts_for_every_answer_it_goes_on_with() -> None:
    assert speeds(reading(100, 100, 1), reading(100, 200, 2.5, processing=4))[1] == 80


def test_after_many_steps_their_mean_is_too_coarse_and_is_not_used() -> None:
    noisy = reading(9e6, 10_000_300, 1.23457, processing=3)
    assert speeds(reading(9e6, 10_000_000, 1.23456, processing=1), noisy)[1] == 120


def test_tokens_that_no_step_has_shown_are_added_when_all_is_finished() -> None:
    """A step with drafts makes several."""
    assert speeds(reading(), reading(0, 100, processing=1), reading(600, 200))[2] == 100


def test_an_answer_that_was_broken_off_takes_nothing_from_the_next() -> None:
    assert (
        speeds(
            reading(),
            reading(0, 500, processing=1),
            reading(0, 500),
            reading(100, 600, processing=1),
        )[3]
        == 20
    )


def test_an_engine_that_makes_embeddings_generates_no_tokens() -> None:
    assert speeds(reading(0, 100, prompt=900), reading(0, 300, prompt=9000))[1] == 0


def test_a_build_without_steps_is_told_by_its_finished_tokens() -> None:
    assert speeds({PREDICTED: 10}, {PREDICTED: 60})[1] == 10


def test_a_restart_between_two_readings_gives_no_speed() -> None:
    assert speeds(reading(500, 500), reading(20, 20), reading(70, 70)) == [None, None, 10]


def test_after_a_long_silence_there_is_no_speed() -> None:
    assert speeds(reading(), reading(600, 600), seconds=600)[1] is None


def test_prompt_tokens_have_a_speed_of_their_own() -> None:
    figures = LlamaFigures()
    figures.update(reading(prompt=100), 1.0)
    assert figures.update(reading(prompt=700), 4.0)["prompt_tokens_per_second"] == 200


def test_what_is_not_told_is_unknown() -> None:
    assert set(LlamaFigures().update({}, 1.0).values()) == {None}


def test_the_share_of_accepted_drafts_is_of_the_time_between() -> None:
    figures = LlamaFigures()
    figures.update({DRAFTED: 100, ACCEPTED: 100}, 1.0)
    assert figures.update({DRAFTED: 180, ACCEPTED: 120}, 3.0)["draft_acceptance_ratio"] == 0.25
    assert figures.update({DRAFTED: 180, ACCEPTED: 120}, 5.0)["draft_acceptance_ratio"] is None


def test_without_a_draft_model_there_is_no_share() -> None:
    assert "draft_acceptance_ratio" not in LlamaFigures().update({DRAFTED: 0, ACCEPTED: 0}, 1.0)


def test_an_older_build_tells_how_full_its_cache_is() -> None:
    assert LlamaFigures().update({CACHE_USED: 0.5}, 1.0)["kv_cache_ratio"] == 0.5


_names = st.sampled_from(
    [PROMPT, PREDICTED, DECODES, BUSY_PER_DECODE, PROCESSING, DEFERRED, DRAFTED, ACCEPTED]
)
_readings = st.dictionaries(_names, st.integers(0, 10**15) | st.just(0.5), max_size=8)


@given(st.lists(st.tuples(_readings, st.sampled_from([0.0, 0.001, 2.0, 100.0])), max_size=4))
def test_whatever_is_told_no_figure_is_negative_or_no_number(
    told: list[tuple[dict[str, float], float]],
) -> None:
    figures, now = LlamaFigures(), 0.0
    for each, seconds in told:
        now += seconds
        for value in figures.update(each, now).values():
            assert value is None or (value >= 0 and math.isfinite(value))


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=20), st.integers(1, 4))
def test_no_token_of_plain_answers_is_lost_or_counted_twice(steps: list[int], busy: int) -> None:
    """Readings while one answer after the other is made, the last one when all is finished."""
    figures, decodes, total = LlamaFigures(), 0, 0.0
    figures.update(reading(), 0.0)
    for n, new in enumerate(steps, 1):
        decodes += new
        is_last = n == len(steps)
        told = reading(
            predicted=decodes * busy if is_last else 0,
            decodes=decodes,
            busy=busy if decodes else 0,
            processing=0 if is_last else busy,
        )
        total += 5.0 * (figures.update(told, 5.0 * n)["tokens_per_second"] or 0.0)
    assert total == pytest.approx(decodes * busy, abs=1e-6 * max(1, decodes * busy))
