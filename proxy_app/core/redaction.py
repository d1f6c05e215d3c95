"""Texts that may be kept: media become a word, what looks like a secret stars."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Any, Final

import orjson

_MOST_DEPTH: Final = 60
_MOST_MEDIUM: Final = 200
_DATA: Final = re.compile(r"data:([\w.+-]{1,40}/[\w.+-]{1,80})?[;,][^\"'\s)]{200,}")
# Keys as their makers begin them, tokens of three parts, and what follows the usual words.
_SECRETS: Final = re.compile(
    r"\b(?:ld_\w{8}_[\w-]{20,}|sk-[\w-]{16,}|(?:ghp|gho|ghs|github_pat|glpat|hf|xox[abp])[_-][\w-]{16,}"
    r"|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,})"
    r"|(?P<word>(?i:password|passwd|secret|api[_-]?key|access[_-]?token|authorization))"
    r"(?P<between>\\?[\"']?\s*[:=]\s*\\?[\"']?(?:(?i:bearer)\s+)?)[^\s\"'\\,;}]{6,}"
)
_MEDIA: Final = frozenset(
    {"data", "image_url", "url", "b64_json", "images", "input_audio", "multimodal_data"}
)
_SPARE: Final = 4_096  # characters that a secret at the end may need


def redacted(said: Any, most_bytes: int) -> tuple[str, bool]:
    """A text, or JSON as a text; and whether its end is missing. Takes no longer for more."""
    has_more = False
    if not isinstance(said, str):
        looking = _Looking(most_bytes + _SPARE)
        shown = looking.without_media(said, 0)
        has_more = looking.left <= 0
        said = _as_json(shown)
    # Cut before it is searched, with what a secret at the end may need.
    text = _SECRETS.sub(_stars, _DATA.sub(_medium, said[: most_bytes + _SPARE]))
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most_bytes and len(said) <= most_bytes + _SPARE and not has_more:
        return raw.decode(), False
    return raw[:most_bytes].decode("utf-8", "ignore"), True


def _as_json(shown: Any) -> str:
    try:
        return orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()
    except TypeError:  # half of a character, or a number of more than 64 bits
        return repr(shown)


def _stars(found: re.Match[str]) -> str:
    if found["word"]:
        return f"{found['word']}{found['between']}***"
    return "***"


def _medium(found: re.Match[str]) -> str:
    return f"[{found[1] or 'data'}, {len(found[0]):,} characters]"


class _Looking:
    """At JSON until so many characters of it are seen; what comes after them is left out."""

    def __init__(self, most: int) -> None:
        self.left = most

    def without_media(self, value: Any, depth: int, *, is_medium: bool = False) -> Any:
        self.left -= 1
        if isinstance(value, str):
            return self._text(value, is_medium=is_medium)
        if not isinstance(value, dict | list):
            return value
        if depth > _MOST_DEPTH:
            return "[too deep]"
        if isinstance(value, list):
            return [
                self.without_media(each, depth + 1, is_medium=is_medium)
                for each in takewhile(self._goes_on, value)
            ]
        return {
            self._text(str(key), is_medium=False): self.without_media(
                each, depth + 1, is_medium=is_medium or key in _MEDIA
            )
            for key, each in takewhile(self._goes_on, value.items())
        }

    def _goes_on(self, _: Any) -> bool:
        return self.left > 0

    def _text(self, text: str, *, is_medium: bool) -> str:
        if is_medium and len(text) > _MOST_MEDIUM:
            text = f"[{len(text):,} characters]"
        found = text[: max(0, self.left)]
        self.left -= len(text)
        return found
