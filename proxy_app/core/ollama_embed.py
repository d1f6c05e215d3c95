"""Ollama's embed, and the older embeddings of one text, in OpenAI's words and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from proxy_app.core.body_checks import bad

OLDER: Final = "/api/embeddings"
MOST_TEXTS: Final = 10_000


class NotEmbeddings(ValueError):
    """The answer is not what it should be."""


def asked(said: Mapping[str, Any], path: str) -> dict[str, Any]:
    """OpenAI's question. Raises GatewayError 400."""
    name = "prompt" if path == OLDER else "input"
    given = said.get(name)
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(x, str) for x in texts):
        raise bad(f"`{name}` must be a text" + ("." if path == OLDER else " or a list of texts."))
    if path == OLDER and not isinstance(given, str):
        raise bad("`prompt` must be a text.")
    if len(texts) > MOST_TEXTS:
        raise bad(f"More than {MOST_TEXTS:,} texts are not taken.")
    return {"model": said.get("model"), "input": texts, "encoding_format": "float"}


def told(answer: Any, model: str, path: str, seconds: float) -> dict[str, Any]:
    """Ollama's answer. Raises NotEmbeddings."""
    vectors = _vectors(answer)
    if path == OLDER:
        return {"embedding": vectors[0]}
    found = {"model": model, "embeddings": vectors, "total_duration": round(seconds * 1e9)}
    usage = answer.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return found if type(tokens) is not int else {**found, "prompt_eval_count": tokens}


def _vectors(answer: Any) -> list[Any]:
    """In the order of their texts."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or not data or not all(isinstance(x, dict) for x in data):
        raise NotEmbeddings("it holds no embeddings")
    ordered = sorted(enumerate(data), key=_index)
    vectors = [each.get("embedding") for _, each in ordered]
    if not all(isinstance(vector, list) for vector in vectors):
        raise NotEmbeddings("an embedding is no list")
    return vectors


def _index(numbered: tuple[int, dict[str, Any]]) -> int:
    number, said = numbered
    index = said.get("index")
    return index if type(index) is int else number
