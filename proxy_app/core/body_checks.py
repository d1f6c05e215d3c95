"""What a request's JSON must be before an engine sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from proxy_app.core.errors import GatewayError

MOST_GRAMMAR: Final = 256 << 10
MOST_MODEL_NAME: Final = 512
MOST_TOKENS: Final = 10_000_000
MOST_DEPTH: Final = 100  # more levels than anybody writes; deeper ones are not written again
# Whole numbers that some builds do not check themselves (CVE-2026-21869), and their bounds.
_WHOLE: Final[dict[str, tuple[int, int]]] = {
    "n_predict": (-2, MOST_TOKENS),
    "max_tokens": (-1, MOST_TOKENS),
    "max_completion_tokens": (-1, MOST_TOKENS),
    "max_output_tokens": (-1, MOST_TOKENS),
    "n_discard": (0, MOST_TOKENS),
    "n_keep": (-1, MOST_TOKENS),
    "n_indent": (0, 4096),
    "n_probs": (0, 1000),
    "top_logprobs": (0, 1000),
    "n": (1, 128),
    "id_slot": (-1, 4096),
}


def parsed(body: bytes) -> dict[str, Any]:
    """Raises GatewayError 400."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad(f"The body is not JSON: {str(error)[:200]}.") from error
    if not isinstance(found, dict):
        raise bad("The body must be a JSON object.")
    if body.count(b"[") + body.count(b"{") > MOST_DEPTH and _is_deeper(found, MOST_DEPTH):
        raise bad(f"The body is nested deeper than {MOST_DEPTH} levels.")
    return found


def _is_deeper(value: Any, levels: int) -> bool:
    level = [value]
    for _ in range(levels):
        inner = (each.values() if type(each) is dict else each for each in level)
        level = [each for values in inner for each in values if type(each) in (dict, list)]
        if not level:
            return False
    return True


def model_name(said: dict[str, Any]) -> str:
    """Raises GatewayError 400."""
    name = said.get("model")
    if name is None or name == "":
        raise bad("The request names no model: give `model`.", "model_missing")
    if not isinstance(name, str) or len(name) > MOST_MODEL_NAME:
        raise bad("`model` must be a name.", "model_missing")
    if "\0" in name:
        raise bad("`model` holds the character NUL.", "model_missing")
    return name


def check(said: dict[str, Any]) -> None:
    """Raises GatewayError 400."""
    for name, (least, most) in _WHOLE.items():
        value = said.get(name)
        if value is None:
            continue
        is_whole = type(value) is int or (isinstance(value, float) and value.is_integer())
        if not is_whole or not least <= value <= most:
            raise bad(f"`{name}` must be a whole number from {least} to {most:,}.")
    if "stream" in said and not isinstance(said["stream"], bool | None):
        raise bad("`stream` must be true or false.")
    grammar = said.get("grammar")
    if isinstance(grammar, str) and len(grammar) > MOST_GRAMMAR:
        raise bad(f"`grammar` is longer than {MOST_GRAMMAR} characters.")
    for address in _media(said):
        if not address.startswith("data:"):
            raise bad(
                "Images and sounds are taken as data: addresses only; an engine is not sent to "
                "fetch them.",
                "remote_media_refused",
            )


def _media(said: dict[str, Any]) -> Iterator[str]:
    """Addresses that an engine would fetch: OpenAI's image_url and Anthropic's url sources."""
    waiting: list[Any] = [said.get("messages"), said.get("input"), said.get("prompt")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            for key in ("image_url", "video_url", "audio_url"):
                given = value.get(key)
                if isinstance(given, dict):
                    given = given.get("url")
                if isinstance(given, str):
                    yield given
            source = value.get("source")
            if isinstance(source, dict) and isinstance(source.get("url"), str):
                yield source["url"]
            waiting += [value.get("content"), value.get("prompt")]


def bad(message: str, code: str = "bad_request") -> GatewayError:
    return GatewayError(400, code, message)
