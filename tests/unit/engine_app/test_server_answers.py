from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core import server_answers
from engine_app.core.server_answers import (
    FAILED,
    LOADED,
    LOADING,
    MOST_MODELS,
    ROUTER,
    SINGLE,
    UNKNOWN,
    UNLOADED,
    read_models,
    read_news,
    read_props,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "data", "status", "value", "args", "meta", "role", "model", "progress"]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


def models(*entries: Any) -> tuple[server_answers.FoundModel, ...]:
    offer = read_models({"object": "list", "data": list(entries)})
    assert offer is not None
    return offer.models


def entry(name: str = "m", value: str = "unloaded", **status: Any) -> dict[str, Any]:
    return {"id": name, "status": {"value": value, **status}}


def test_a_router_and_a_single_server_are_told_apart() -> None:
    router = read_props({"role": "router", "max_instances": 2, "models_autoload": False})
    assert router is not None
    assert (router.role, router.most_loaded, router.loads_by_itself) == (ROUTER, 2, False)
    single = read_props({"default_generation_settings": {"n_ctx": 2048}, "total_slots": 4})
    assert single is not None
    assert (single.role, single.context, single.n_slots) == (SINGLE, 2048, 4)


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"role": "assistant"}, {"props": 1}])
def test_what_is_no_llama_server_is_none(answer: object) -> None:
    assert read_props(answer) is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"value": "unloaded"}, UNLOADED),
        ({"value": "downloaded"}, UNLOADED),
        ({"value": "loading"}, LOADING),
        ({"value": "loaded"}, LOADED),
        ({"value": "unloaded", "failed": True, "exit_code": 1}, FAILED),
        ({"value": "loaded", "failed": True}, LOADED),
        ({"value": "dreaming"}, UNKNOWN),
        ({}, UNKNOWN),
        ("loaded", UNKNOWN),
    ],
)
def test_the_states_of_a_router_are_understood(status: Any, state: str) -> None:
    (model,) = models({"id": "m", "status": status})
    assert model.state == state


def test_facts_come_from_the_command_line_where_nothing_else_tells_them() -> None:
    args = ["llama-server", "-m", "/x/y.gguf", "--ctx-size", "4096", "--port", "9001"]
    (model,) = models(entry(value="loaded", args=args))
    assert (model.path, model.context, model.port) == ("/x/y.gguf", 4096, 9001)


def test_keys_on_a_command_line_are_hidden() -> None:
    args = ["--api-key", "sesame", "--hf-token=sesame", "--api-key", "--api-key", "--port", "1"]
    (model,) = models(entry(args=args))
    assert "sesame" not in json.dumps(model.args)
    assert model.args[:3] == ("--api-key", "(hidden)", "--hf-token=(hidden)")


def test_models_without_a_name_that_can_be_asked_for_are_counted() -> None:
    names = ["good", "", "two\nlines", "x" * 300, None, 7, "\ud800", "good"]
    offer = read_models({"data": [{"id": name} for name in names] + ["x", None]})
    assert offer is not None
    assert [model.model_id for model in offer.models] == ["good"]
    assert offer.n_left_out == 9


def test_a_hundred_thousand_models_are_two_thousand_and_a_count() -> None:
    offer = read_models({"data": [{"id": f"m{n}"} for n in range(100_000)]})
    assert offer is not None
    assert (len(offer.models), offer.n_left_out) == (MOST_MODELS, 100_000 - MOST_MODELS)


def test_long_command_lines_are_cut() -> None:
    (model,) = models(entry(args=["x" * 5000] * 5000))
    assert sum(map(len, model.args)) <= server_answers.MOST_ARGS_CHARACTERS


@pytest.mark.parametrize("value", [-1, 2, float("nan"), "0.5", True, None, []])
def test_progress_that_cannot_be_is_none(value: object) -> None:
    news = read_news({"model": "m", "data": {"progress": {"value": value}}})
    assert news is not None and news.progress is None


def test_progress_is_read_from_the_feed() -> None:
    news = read_news({"model": "m", "data": {"status": "loading", "progress": {"value": 0.25}}})
    assert news is not None and (news.model_id, news.progress) == ("m", 0.25)


@given(JSON)
def test_whatever_is_sent_nothing_raises(answer: Any) -> None:
    read_props(answer)
    read_news(answer)
    for wrapped in (answer, {"data": [answer]}, {"data": answer}):
        if (offer := read_models(wrapped)) is not None:
            for model in offer.models:
                assert model.model_id.isprintable() and model.state
