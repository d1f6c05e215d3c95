from __future__ import annotations

from typing import Any

import pytest

from proxy_app.core.errors import GatewayError
from proxy_app.core.ollama_embed import OLDER, NotEmbeddings, asked, told

NEWER = "/api/embed"


@pytest.mark.parametrize(
    ("said", "path"),
    [({"input": "a"}, NEWER), ({"input": ["a"]}, NEWER), ({"prompt": "a"}, OLDER)],
)
def test_one_text_is_asked_for_as_a_list(said: dict[str, Any], path: str) -> None:
    assert asked(said, path)["input"] == ["a"]


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({}, NEWER), ({"input": []}, NEWER), ({"input": [1]}, NEWER), ({"input": {}}, NEWER),
        ({"prompt": "a"}, NEWER), ({"prompt": ["a"]}, OLDER), ({"input": "a"}, OLDER),
        ({"input": ["a"] * 10_001}, NEWER),
    ],
)  # fmt: skip
def test_what_is_no_text_is_refused(said: dict[str, Any], path: str) -> None:
    with pytest.raises(GatewayError) as caught:
        asked(said, path)
    assert caught.value.status == 400


def test_vectors_are_told_in_the_order_of_their_texts() -> None:
    data = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
    answer = {"data": data, "usage": {"prompt_tokens": 7}}
    assert told(answer, "m", NEWER, 0.5) == {
        "model": "m",
        "embeddings": [[1.0], [2.0]],
        "total_duration": 500_000_000,
        "prompt_eval_count": 7,
    }
    assert told(answer, "m", OLDER, 0.5) == {"embedding": [1.0]}


def test_tokens_that_were_not_counted_are_not_told() -> None:
    assert "prompt_eval_count" not in told({"data": [{"embedding": [1.0]}]}, "m", NEWER, 0.5)


@pytest.mark.parametrize("answer", [None, [], {}, {"data": []}, {"data": [1]}, {"data": [{}]}])
def test_an_answer_without_vectors_is_none(answer: Any) -> None:
    with pytest.raises(NotEmbeddings):
        told(answer, "m", NEWER, 0.5)
