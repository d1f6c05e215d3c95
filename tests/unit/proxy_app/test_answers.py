from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy_app.core.answers import Spent

TIMINGS = {
    "cache_n": 5, "prompt_n": 1, "prompt_per_second": 22.5, "predicted_n": 18,
    "predicted_per_second": 2288.0,
}  # fmt: skip


def spent(*said: Any) -> Spent:
    found = Spent()
    for each in said:
        found.note(each)
    return found


def test_timings_give_tokens_and_rates() -> None:
    found = spent({"timings": TIMINGS})
    assert (found.prompt_tokens, found.cached_tokens, found.generated_tokens) == (6, 5, 18)
    assert (found.prompt_per_second, found.generated_per_second) == (22.5, 2288.0)


def test_timings_count_more_than_usage() -> None:
    usage = {"prompt_tokens": 99, "completion_tokens": 99}
    assert spent({"timings": TIMINGS}, {"usage": usage}).generated_tokens == 18


def test_one_token_has_no_rate() -> None:
    found = spent({"timings": {**TIMINGS, "predicted_n": 1, "predicted_per_second": 0.0}})
    assert (found.generated_tokens, found.generated_per_second) == (1, None)


def test_openai_s_usage_names_cached_tokens_inside_the_prompt() -> None:
    usage = {
        "prompt_tokens": 6, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2},
    }  # fmt: skip
    found = spent({"usage": usage})
    assert (found.prompt_tokens, found.cached_tokens, found.generated_tokens) == (6, 2, 4)


def test_anthropic_s_usage_names_cached_tokens_beside_the_prompt() -> None:
    usage = {"input_tokens": 1, "cache_read_input_tokens": 5, "output_tokens": 3}
    found = spent({"type": "message_start", "message": {"usage": usage}})
    assert (found.prompt_tokens, found.cached_tokens, found.generated_tokens) == (6, 5, 3)


def test_the_reason_for_the_end_is_found_in_each_dialect() -> None:
    assert spent({"choices": [{"finish_reason": "length"}]}).finish_reason == "length"
    assert spent({"delta": {"stop_reason": "end_turn"}}).finish_reason == "end_turn"
    assert spent({"stop": True, "stop_type": "limit"}).finish_reason == "limit"


def test_what_is_not_said_stays_unknown() -> None:
    assert spent({"choices": []}) == Spent()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["usage", "timings", "choices", "message", "delta", "prompt_n", "stop"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_an_engine_says_tokens_are_counts_or_unknown(said: Any) -> None:
    found = spent(said)
    for tokens in (found.prompt_tokens, found.cached_tokens, found.generated_tokens):
        assert tokens is None or tokens >= 0
