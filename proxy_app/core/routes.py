"""Which paths the gateway answers, and how. Matched exactly, before Django sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Dialect = Literal["openai", "anthropic", "llamacpp", "ollama"]
# How an answer that was not asked for as a stream is put together from one: see core/assembly.py.
Shape = Literal["chat", "completion", "native", "message", "response", "embed", "plain"]


@dataclass(frozen=True, slots=True)
class Route:
    """A path that is forwarded to the engine of the model that the body names."""

    dialect: Dialect
    upstream: str  # the engine's path
    # plain: forwarded as it is, streamed or not; embed: translated, and never a stream.
    shape: Shape = "plain"


def _forwarded() -> dict[str, Route]:
    found: dict[str, Route] = {}
    streamed: dict[str, Shape] = {"chat/completions": "chat", "completions": "completion"}
    for name in ("chat/completions", "completions", "embeddings", "responses"):
        shape = streamed.get(name, "response" if name == "responses" else "plain")
        for path in (f"/v1/{name}", f"/{name}"):
            found[path] = Route("openai", f"/v1/{name}", shape)
    for path in ("/v1/rerank", "/v1/reranking", "/rerank", "/reranking"):
        found[path] = Route("openai", "/v1/rerank")
    found["/v1/messages"] = Route("anthropic", "/v1/messages", "message")
    found["/v1/messages/count_tokens"] = Route("anthropic", "/v1/messages/count_tokens")
    for path in ("/completion", "/infill"):
        found[path] = Route("llamacpp", path, "native")
    for path in ("/api/chat", "/api/generate"):
        found[path] = Route("ollama", "/v1/chat/completions", "chat")
    for path in ("/api/embed", "/api/embeddings"):
        found[path] = Route("ollama", "/v1/embeddings", "embed")
    for path in ("/tokenize", "/detokenize", "/apply-template", "/embedding"):
        found[path] = Route("llamacpp", path)
    for name in ("chat/completions", "responses"):
        path = f"/v1/{name}/input_tokens"
        found[path] = Route("openai", path)
    return found


FORWARDED: Final = _forwarded()


def dialect_of(path: str) -> Dialect:
    """Of an answer to a path that may not be one of ours."""
    route = FORWARDED.get(path)
    if route is not None:
        return route.dialect
    return "anthropic" if path.startswith("/v1/messages") else "openai"
