from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_app.core.rewrites import PROTECTED, Rewrite, rewritten

HI = [{"role": "user", "content": "hi"}]


def chat(rewrite: Rewrite, **more: Any) -> dict[str, Any]:
    return rewritten({"model": "m", "messages": HI, **more}, "chat", rewrite)


def test_what_is_stripped_is_not_asked() -> None:
    assert "temperature" not in chat(Rewrite(strip=("temperature",)), temperature=2)


def test_a_default_counts_where_nothing_is_given() -> None:
    rewrite = Rewrite(default={"temperature": 0.5})
    assert chat(rewrite)["temperature"] == 0.5
    assert chat(rewrite, temperature=1)["temperature"] == 1


def test_what_is_stripped_may_have_a_default() -> None:
    rewrite = Rewrite(strip=("temperature",), default={"temperature": 0.5})
    assert chat(rewrite, temperature=2)["temperature"] == 0.5


def test_what_is_set_counts_whatever_was_asked() -> None:
    assert chat(Rewrite(set={"top_k": 1}), top_k=40)["top_k"] == 1


def test_a_system_prompt_is_put_before_the_one_that_is_there() -> None:
    found = rewritten(
        {"messages": [{"role": "system", "content": "Be brief."}, *HI]},
        "chat",
        Rewrite(system_prefix="Speak German."),
    )
    assert found["messages"][0]["content"] == "Speak German.\n\nBe brief."
    assert found["messages"][1:] == HI


def test_a_system_prompt_is_made_where_there_is_none() -> None:
    found = chat(Rewrite(system_prefix="Speak German."))
    assert found["messages"] == [{"role": "system", "content": "Speak German."}, *HI]


def test_a_system_prompt_of_parts_gets_one_more() -> None:
    parts = [{"type": "text", "text": "Be brief."}]
    found = rewritten({"system": parts, "messages": HI}, "message", Rewrite(system_prefix="X"))
    assert found["system"] == [{"type": "text", "text": "X"}, *parts]


def test_instructions_of_a_response_are_its_system_prompt() -> None:
    found = rewritten({"input": "hi"}, "response", Rewrite(system_prefix="X"))
    assert found == {"input": "hi", "instructions": "X"}


@pytest.mark.parametrize(
    ("shape", "name"),
    [("chat", "max_tokens"), ("native", "n_predict"), ("response", "max_output_tokens")],
)
def test_the_tokens_of_an_answer_are_bounded_by_the_name_of_its_path(shape: str, name: str) -> None:
    assert rewritten({}, shape, Rewrite(max_tokens=10))[name] == 10
    assert rewritten({name: 5}, shape, Rewrite(max_tokens=10))[name] == 5
    assert rewritten({name: -1}, shape, Rewrite(max_tokens=10))[name] == 10


def test_every_bound_that_is_given_is_kept_below() -> None:
    found = chat(Rewrite(max_tokens=10), max_completion_tokens=99)
    assert found["max_completion_tokens"] == 10
    assert "max_tokens" not in found


@pytest.mark.parametrize("shape", ["chat", "completion", "native", "message", "response"])
@pytest.mark.parametrize(
    "name", ["max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict"]
)
def test_no_spelling_of_another_path_gets_round_a_bound(shape: str, name: str) -> None:
    found = rewritten({name: 4096}, shape, Rewrite(max_tokens=10))
    assert found[name] == 10
    assert set(found.values()) == {10}


def test_what_generates_nothing_is_only_stripped() -> None:
    rewrite = Rewrite(strip=("user",), set={"x": 1}, system_prefix="X", max_tokens=1)
    assert rewritten({"input": "a", "user": "me"}, "plain", rewrite) == {"input": "a"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=8), each),
    max_leaves=8,
)
BODIES = st.dictionaries(st.sampled_from([*sorted(PROTECTED), "system", "x", "max_tokens"]), JSON)


@given(BODIES, st.sampled_from(["chat", "completion", "native", "message", "response", "plain"]))
def test_no_body_breaks_it_and_what_is_protected_stays(said: dict[str, Any], shape: str) -> None:
    rewrite = Rewrite(tuple(PROTECTED), {"model": 1}, {"model": 2, "x": 3}, "P", 7)
    found = rewritten(said, shape, rewrite)
    for name in PROTECTED - {"messages"}:
        assert found.get(name) == said.get(name)
