"""Texts that may be kept: media become a word, what looks like a secret stars."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

_MOST_DEPTH: Final = 60
_DATA: Final = re.compile(r"data:([\w.+-]{1,40}/[\w.+-]{1,80})?[;,][^\"'\s)]{200,}")
# Keys as their makers begin them, tokens of three parts, and what follows the usual words.
_SECRETS: Final = re.compile(
    r"\b(?:ld_\w{8}_[\w-]{20,}|sk-[\w-]{16,}|(?:ghp|gho|ghs|github_pat|glpat|hf|xox[abp])[_-][\w-]{16,}"
    r"|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,})"
    r"|(?P<word>(?i:password|passwd|secret|api[_-]?key|access[_-]?token|authorization))"
    r"(?P<between>\\?[\"']?\s*[:=]\s*\\?[\"']?(?:(?i:bearer)\s+)?)[^\s\"'\\,;}]{6,}"
)
_MEDIA: Final = ("data", "image_url", "url", "b64_json", "images", "input_audio")


def redacted(said: Any, most_bytes: int) -> tuple[str, bool]:
    """A text, or JSON as a text; and whether its end is missing."""
    if not isinstance(said, str):
        said = orjson.dumps(_without_media(said, 0), option=orjson.OPT_INDENT_2).decode()
    # Cut before it is searched, with what a secret at the end may need.
    text = _SECRETS.sub(_stars, _DATA.sub(_medium, said[: most_bytes + 4_096]))
    raw = text.encode()
    if len(raw) <= most_bytes and len(said) <= most_bytes + 4_096:
        return text, False
    return raw[:most_bytes].decode("utf-8", "ignore"), True


def _stars(found: re.Match[str]) -> str:
    if found["word"]:
        return f"{found['word']}{found['between']}***"
    return "***"


def _medium(found: re.Match[str]) -> str:
    return f"[{found[1] or 'data'}, {len(found[0]):,} characters]"


def _without_media(value: Any, depth: int) -> Any:
    if depth > _MOST_DEPTH:
        return "[too deep]"
    if isinstance(value, dict):
        return {
            key: _short(each) if key in _MEDIA else _without_media(each, depth + 1)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_without_media(each, depth + 1) for each in value]
    return value


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= 200 else f"[{len(value):,} characters]"
    if isinstance(value, list):
        return [_short(each) for each in value]
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    return value
