"""Flags that a preset may not hold, by what they would do.

The allow-list alone decides (core/flags.py); these are for words that say why, and for tests. Every
name and second name of one option stands together, the one it is known by first.
"""

from __future__ import annotations

from typing import Final

OURS: Final = "llamadash sets it for every engine"
RUNS: Final = "it lets a model run programs on this machine"
FILES: Final = "it reads or writes files of one's own choice on this machine"
LISTENS: Final = "it decides who can reach the engine"
FETCHES: Final = "it downloads from the network"
REACHES: Final = "it reaches other processes, or lets requests change the engine"
REGISTRY: Final = "it names a file; files come from the registry only"
ENDS: Final = "the engine prints something and ends at once"
FREE_TEXT: Final = "its value is free text that is not checked here"

_GROUPS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    OURS: (
        ("host",), ("port",), ("model", "m"), ("mmproj", "mm"), ("alias", "a"),
        ("cors-origins",), ("cors-credentials", "no-cors-credentials"), ("cors-methods",),
        ("cors-headers",), ("ui", "webui", "no-ui", "no-webui"), ("api-key",), ("api-key-file",),
        ("metrics", "no-metrics"), ("slots", "no-slots"), ("sse-ping-interval",),
        ("models-dir",), ("models-preset",), ("models-max",),
        ("models-autoload", "no-models-autoload"), ("offline",),
    ),
    RUNS: (
        ("tools",), ("tools-runtime",), ("agent", "ag", "no-agent", "no-ag"),
        ("mcp-servers-config",), ("mcp-servers-json",),
        ("ui-mcp-proxy", "webui-mcp-proxy", "no-ui-mcp-proxy", "no-webui-mcp-proxy"),
        ("video-ffmpeg-dir",),
    ),
    FILES: (
        ("path",), ("media-path",), ("slot-save-path",), ("log-file",), ("log-prompts-dir",),
        ("lookup-cache-static", "lcs"), ("lookup-cache-dynamic", "lcd"),
        ("chat-template-file",), ("grammar-file",), ("json-schema-file", "jf"),
        ("ui-config-file", "webui-config-file"), ("file", "f"), ("binary-file", "bf"),
        ("prompt-cache",), ("prompt-cache-all",), ("prompt-cache-ro",),
    ),
    LISTENS: (
        ("reuse-port",), ("api-prefix",), ("ssl-key-file",), ("ssl-cert-file",),
        ("ui-config", "webui-config"),
    ),
    FETCHES: (
        ("model-url", "mu"), ("hf-repo", "hf", "hfr"), ("hf-file", "hff"), ("hf-token", "hft"),
        ("docker-repo", "dr"), ("mmproj-url", "mmu"),
        ("mmproj-auto", "no-mmproj", "no-mmproj-auto"),
        ("spec-draft-hf", "hfd", "hfrd", "hf-repo-draft"), ("hf-repo-v", "hfv", "hfrv"),
        ("hf-file-v", "hffv"),
        ("embd-gemma-default",), ("fim-qwen-1.5b-default",), ("fim-qwen-3b-default",),
        ("fim-qwen-7b-default",), ("fim-qwen-7b-spec",), ("fim-qwen-14b-spec",),
        ("fim-qwen-30b-default",), ("gpt-oss-20b-default",), ("gpt-oss-120b-default",),
        ("vision-gemma-4b-default",), ("vision-gemma-12b-default",),
    ),
    REACHES: (("rpc",), ("props", "no-props")),
    REGISTRY: (
        ("lora-base",), ("control-vector",), ("control-vector-scaled",),
        ("model-vocoder", "mv"), ("model-base", "mb"),
    ),
    ENDS: (
        ("help", "h", "usage"), ("version",), ("cache-list", "cl"), ("list-devices",),
        ("completion-bash",), ("license",),
    ),
    FREE_TEXT: (
        ("chat-template",), ("chat-template-kwargs",), ("grammar",), ("json-schema", "j"),
        ("override-kv",), ("override-tensor", "ot"),
        ("spec-draft-override-tensor", "otd", "override-tensor-draft"),
        ("reverse-prompt", "r"), ("logit-bias", "l"), ("reasoning-budget-message",), ("tags",),
    ),
}  # fmt: skip

# Every spelling without dashes -> (the name it is known by, why it is refused).
REFUSED: Final[dict[str, tuple[str, str]]] = {
    spelling: (names[0], why)
    for why, options in _GROUPS.items()
    for names in options
    for spelling in names
}
OURS_ALONE: Final = frozenset(name for name, (_, why) in REFUSED.items() if why == OURS)


def spellings(name: str) -> tuple[str, ...]:
    """All names of a refused option, without dashes."""
    return tuple(each for each, (known_as, _) in REFUSED.items() if known_as == name)
