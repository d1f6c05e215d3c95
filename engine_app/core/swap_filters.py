"""What a llama-swap configuration changes in requests for a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from engine_app.core.imported import Filters, Imported

MAX_NAMES: Final = 100
MAX_NAME: Final = 64
MAX_TEXT: Final = 4096
MAX_JSON: Final = 32_768  # of all that is set


def read_filters(given: object, found: Imported) -> Filters:
    """What cannot be taken is left out of `found`, with the reason."""
    if given is None:
        return Filters()
    if not isinstance(given, Mapping):
        found.leave_out("filters", "It must hold names with values.")
        return Filters()
    strip: tuple[str, ...] = ()
    values: dict[str, Any] = {}
    for key, value in given.items():
        place = f"filters.{key}"
        if key in ("stripParams", "strip_params"):
            strip = _names(value, place, found)
        elif key == "setParams":
            values = _values(value, place, found)
        elif key == "setParamsByID":
            for name in list(value)[:MAX_NAMES] if isinstance(value, Mapping) else ():
                found.leave_out(f"{place}.{name}", "Values for one name of a model have no place.")
        else:
            found.leave_out(place, "There is no place for it.")
    return Filters(strip, values)


def _names(given: object, place: str, found: Imported) -> tuple[str, ...]:
    """A text with commas."""
    if not isinstance(given, str):
        found.leave_out(place, "It must be names, separated by commas.")
        return ()
    names = list(dict.fromkeys(each.strip() for each in given.split(",") if each.strip()))
    for each in [each for each in names if not _is_name(each)]:
        names.remove(each)
        found.leave_out(f"{place}: {each}", "This cannot be the name of a parameter.")
    if len(names) > MAX_NAMES:
        found.leave_out(place, f"More than {MAX_NAMES}: the others are not taken.")
    return tuple(names[:MAX_NAMES])


def _values(given: object, place: str, found: Imported) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        found.leave_out(place, "It must hold names with values.")
        return {}
    taken: dict[str, Any] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not _is_name(name):
            found.leave_out(f"{place}: {name!s:.64}", "This cannot be the name of a parameter.")
        elif len(taken) >= MAX_NAMES:
            found.leave_out(f"{place}.{name}", f"More than {MAX_NAMES}.")
        elif not _is_json(value) or len(json.dumps(taken | {name: value})) > MAX_JSON:
            found.leave_out(f"{place}.{name}", "Its value cannot be part of a request.")
        else:
            taken[name] = value
    return taken


def _is_name(text: str) -> bool:
    return 0 < len(text) <= MAX_NAME and text.isprintable()


def _is_json(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(k, str) and _is_json(k) and _is_json(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, str):
        return len(value) <= MAX_TEXT and not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, (int, float)):
        return abs(value) < 1 << 63  # neither inf nor nan is
    return value is None
