"""The flags that the package's public attributes can carry, where its own parser is no help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

Read = Callable[[str], Any]


def _list(text: str) -> list[str]:
    return text.split(",")


def _names(text: str) -> set[str]:
    return set(text.split(","))


class Flag(NamedTuple):
    names: tuple[str, ...]
    attributes: tuple[str, ...]  # of CommonParams, dotted
    help: str
    hint: str = ""  # what stands for the value; without one it is a switch
    read: Read = str
    value: Any = True  # of a switch


TABLE: Final = (
    Flag(("-m", "--model"), ("model.path",), "model to load", "FNAME"),
    Flag(("-a", "--alias"), ("model_alias",), "model name for the API", "STRING", _names),
    Flag(("--host",), ("hostnames",), "address to listen on", "HOST", _list),
    Flag(("--port",), ("port",), "port to listen on (default: 8080)", "PORT", int),
    Flag(("--api-key",), ("api_keys",), "keys that requests must show", "KEY", _list),
    Flag(("-c", "--ctx-size"), ("n_ctx",), "size of the prompt context", "N", int),
    Flag(("-np", "--parallel"), ("n_parallel",), "number of server slots", "N", int),
    Flag(
        ("-t", "--threads"),
        ("cpuparams.n_threads", "cpuparams_batch.n_threads"),
        "number of CPU threads",
        "N",
        int,
    ),
    Flag(("--threads-http",), ("n_threads_http",), "threads that process requests", "N", int),
    Flag(("-b", "--batch-size"), ("n_batch",), "logical maximum batch size", "N", int),
    Flag(("-ub", "--ubatch-size"), ("n_ubatch",), "physical maximum batch size", "N", int),
    Flag(("-n", "--n-predict"), ("n_predict",), "number of tokens to predict", "N", int),
    Flag(("-ngl", "--n-gpu-layers"), ("n_gpu_layers",), "layers to keep on the GPU", "N", int),
    Flag(("-lv", "--verbosity"), ("verbosity",), "log verbosity", "N", int),
    Flag(("-to", "--timeout"), ("timeout_read", "timeout_write"), "seconds to wait", "N", int),
    Flag(("--sse-ping-interval",), ("sse_ping_interval",), "seconds between pings", "N", int),
    Flag(("--sleep-idle-seconds",), ("sleep_idle_seconds",), "idle time to unload", "N", int),
    Flag(("--chat-template",), ("chat_template",), "chat template", "JINJA"),
    Flag(("--pooling",), ("pooling_type",), "none, mean, cls, last or rank", "TYPE"),
    Flag(("--metrics",), ("endpoint_metrics",), "offer /metrics"),
    Flag(("--slots",), ("endpoint_slots",), "offer /slots"),
    Flag(("--no-slots",), ("endpoint_slots",), "do not offer /slots", value=False),
    Flag(("--props",), ("endpoint_props",), "allow changes by POST /props"),
    Flag(("--embedding", "--embeddings"), ("embedding",), "serve embeddings only"),
    Flag(("--rerank", "--reranking"), ("embedding",), "serve reranking only"),
    Flag(("--no-warmup",), ("warmup",), "skip the empty run after loading", value=False),
    Flag(("--no-ui", "--no-webui"), ("ui",), "do not serve the web UI", value=False),
    Flag(("--offline",), ("offline",), "fetch nothing"),
)
RERANK: Final = "--rerank"
POOLING: Final = "--pooling"
BY_NAME: Final = {name: flag for flag in TABLE for name in flag.names}


def help_text() -> str:
    """In the form of llama.cpp's own, so that one parser reads both."""
    lines = ["----- common params -----\n\n"]
    for flag in TABLE:
        names = ", ".join(flag.names) + (f" {flag.hint}" if flag.hint else "")
        lines.append(f"{names:<39} {flag.help}\n")
    return "".join(lines)
