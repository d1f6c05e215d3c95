"""What the owner of a model changes in questions that come in Ollama's words."""

from __future__ import annotations

from typing import Any

import pytest

from proxy_app.core import ollama_chat, ollama_embed
from proxy_app.core.errors import GatewayError
from proxy_app.core.rewrites import Rewrite
from proxy_app.core.routes import FORWARDED
from proxy_app.forwarding import Question, _as_its_owner_wants
from proxy_app.upstream import Upstream

HI = [{"role": "user", "content": "hi"}]


def asked(rewrite: Rewrite | None, path: str = "/api/chat", **said: Any) -> dict[str, Any]:
    said = {"model": "m", **said}
    question = Question(Upstream(), FORWARDED[path], b"", said, {}, 1.0, rewrite)
    if path == "/api/embed":
        return _as_its_owner_wants(ollama_embed.asked(said, path), question)
    translated = ollama_chat.asked(said, is_chat=path == "/api/chat")
    return _as_its_owner_wants(translated, question)


def test_whatever_is_set_and_stripped_counts_by_openai_s_names() -> None:
    rewrite = Rewrite(strip=("tools", "top_k"), default={"xtc_threshold": 0.1}, set={"seed": 7})
    found = asked(rewrite, messages=HI, tools=[{}], options={"top_k": 5, "seed": 1})
    assert "tools" not in found
    assert "top_k" not in found
    assert (found["xtc_threshold"], found["seed"]) == (0.1, 7)


def test_the_system_prompt_of_a_text_is_put_in_front_too() -> None:
    found = asked(Rewrite(system_prefix="X"), "/api/generate", prompt="hi", system="Y")
    assert found["messages"][0] == {"role": "system", "content": "X\n\nY"}


@pytest.mark.parametrize("given", [{}, {"num_predict": -1}, {"num_predict": -2}])
def test_the_tokens_of_an_answer_are_bounded(given: dict[str, Any]) -> None:
    assert asked(Rewrite(max_tokens=10), messages=HI, options=given)["max_tokens"] == 10


@pytest.mark.parametrize("wrong", [-5, 10**12, "many", 1.5])
def test_numbers_in_options_are_checked(wrong: object) -> None:
    with pytest.raises(GatewayError) as refused:
        asked(None, messages=HI, options={"num_predict": wrong})
    assert refused.value.status == 400


def test_embeddings_are_only_stripped() -> None:
    rewrite = Rewrite(strip=("encoding_format",), set={"x": 1}, system_prefix="X", max_tokens=1)
    assert asked(rewrite, "/api/embed", input="a") == {"model": "m", "input": ["a"]}
