"""Which questions the gateway answers itself. Exact paths, but for those that end in an id."""

from __future__ import annotations

from typing import Final

from proxy_app.core.routes import FORWARDED
from proxy_app.dialects import (
    engine_questions,
    llamacpp,
    llamaswap,
    log_streams,
    ollama,
    swap_events,
)
from proxy_app.dialects.call import Handled

ANSWERED: Final[dict[tuple[str, str], Handled]] = {
    ("GET", "/health"): Handled(llamacpp.health, "", "llamacpp"),
    ("GET", "/v1/health"): Handled(llamacpp.health, "", "llamacpp"),
    ("GET", "/v1/models"): Handled(llamacpp.models, "infer", "openai"),
    ("GET", "/models"): Handled(llamacpp.models, "infer", "llamacpp"),
    ("POST", "/models/load"): Handled(llamacpp.load, "operate", "llamacpp"),
    ("POST", "/models/unload"): Handled(llamacpp.unload, "operate", "llamacpp"),
    ("GET", "/models/sse"): Handled(llamacpp.changes, "read", "llamacpp"),
    ("GET", "/props"): Handled(llamacpp.properties, "read", "llamacpp"),
    ("GET", "/slots"): Handled(llamacpp.slots, "read", "llamacpp"),
    ("GET", "/running"): Handled(llamaswap.running, "read", "openai"),
    ("GET", "/unload"): Handled(llamaswap.unload, "operate", "openai"),
    ("POST", "/api/models/unload"): Handled(llamaswap.unload_all, "operate", "openai"),
    ("GET", "/api/events"): Handled(swap_events.events, "read", "openai"),
    ("GET", "/logs"): Handled(log_streams.whole, "operate", "openai"),
    ("GET", "/logs/stream"): Handled(log_streams.stream, "operate", "openai"),
    ("GET", "/api/tags"): Handled(ollama.tags, "infer", "ollama"),
    ("GET", "/api/ps"): Handled(ollama.loaded, "read", "ollama"),
    ("GET", "/api/version"): Handled(ollama.version, "", "ollama"),
    ("POST", "/api/show"): Handled(ollama.show, "infer", "ollama"),
}
# Followed by a model's id, which may hold slashes.
ENDING_IN_ID: Final[dict[tuple[str, str], Handled]] = {
    ("GET", "/v1/models/"): Handled(llamacpp.model, "infer", "openai"),
    ("POST", "/api/models/unload/"): Handled(llamaswap.unload_one, "operate", "openai"),
    ("GET", "/logs/stream/"): Handled(log_streams.stream_one, "operate", "openai"),
    ("GET", "/upstream/"): Handled(engine_questions.upstream, "read", "openai"),
}
# Whether we are alive may be asked without a key, from everywhere, as of every llama-server.
OPEN: Final = frozenset({"/health", "/v1/health"})
PATHS: Final = frozenset(path for _, path in ANSWERED)
PREFIXES: Final = tuple(path for _, path in ENDING_IN_ID)


def is_ours(path: str) -> bool:
    """Whether the gateway answers this path, with whatever method. All of /v1/ is."""
    return (
        path in FORWARDED
        or path in PATHS
        or path.startswith("/v1/")
        or any(path.startswith(prefix) and len(path) > len(prefix) for prefix in PREFIXES)
    )


def handled(method: str, path: str) -> tuple[Handled, str] | None:
    """And what follows a path that ends in an id."""
    asked = "GET" if method == "HEAD" else method
    found = ANSWERED.get((asked, path))
    if found is not None:
        return found, ""
    for (verb, prefix), handler in ENDING_IN_ID.items():
        if verb == asked and path.startswith(prefix) and len(path) > len(prefix):
            return handler, path[len(prefix) :]
    return None
