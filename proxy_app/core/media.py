"""Whether a question holds images, in any of the dialects."""

from __future__ import annotations

from typing import Any, Final

_TYPES: Final = frozenset({"image_url", "input_image", "image"})


def has_images(body: bytes, said: dict[str, Any]) -> bool:
    """`said` is the body, understood. Most bodies do not even hold the word."""
    if b"image" not in body:
        return False
    waiting: list[Any] = [said.get("messages"), said.get("input"), {"images": said.get("images")}]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            kind = value.get("type")
            if (isinstance(kind, str) and kind in _TYPES) or value.get("images"):
                return True
            waiting.append(value.get("content"))
    return False
