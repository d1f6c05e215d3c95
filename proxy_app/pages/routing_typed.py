"""From the texts of the routing forms to what is saved, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from proxy_app.models import ModelRewrite
from proxy_app.routing_editing import RoutingError

MOST_TEXT: Final = 200_000


def lines(text: str) -> list[str]:
    return [line.strip() for line in text[:MOST_TEXT].splitlines() if line.strip()]


def pins(text: str) -> dict[str, str]:
    """`name = model`, one a line. RoutingError for another line and for a name that comes twice."""
    found: dict[str, str] = {}
    for line in lines(text):
        name, sign, target = (part.strip() for part in line.partition("="))
        if not sign or not name or not target:
            raise RoutingError({"pins": f"{line[:80]!r} is not `name = model`."})
        if name in found:
            raise RoutingError({"pins": f"{name[:80]!r} is there twice."})
        found[name] = target
    return found


def pins_text(given: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {target}" for name, target in given.items())


def rewrite(data: Mapping[str, str]) -> dict[str, Any]:
    """RoutingError for what cannot be understood."""
    problems: dict[str, str] = {}
    found: dict[str, Any] = {
        "strip": data.get("strip", "").replace(",", " ").split(),
        "system_prefix": data.get("system_prefix", ""),
        "max_tokens": None,
    }
    for key in ("default", "set"):
        found[key] = _json(data.get(key, ""), key, problems)
    most = data.get("max_tokens", "").strip()
    if most.isascii() and most.isdigit() and len(most) < 12:
        found["max_tokens"] = int(most)
    elif most:
        problems["max_tokens"] = "Give a whole number, or nothing."
    if problems:
        raise RoutingError(problems)
    return found


def _json(text: str, key: str, problems: dict[str, str]) -> Any:
    if not text.strip():
        return {}
    try:
        return orjson.loads(text[:MOST_TEXT])
    except orjson.JSONDecodeError as error:
        problems[key] = f"This is not JSON: {str(error)[:100]}."
        return {}


def rewrite_texts(row: ModelRewrite | None) -> dict[str, str]:
    if row is None:
        return {}
    return {
        "strip": " ".join(row.strip),
        "default": _shown(row.default),
        "set": _shown(row.set),
        "system_prefix": row.system_prefix,
        "max_tokens": "" if row.max_tokens is None else str(row.max_tokens),
    }


def _shown(values: Mapping[str, Any]) -> str:
    return orjson.dumps(values, option=orjson.OPT_INDENT_2).decode() if values else ""
