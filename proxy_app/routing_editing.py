"""Changes of what names mean and of what requests are made into, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone

from models_app.models import LlamaModel
from proxy_app.catalogue import Names, read_names
from proxy_app.core.choosing import HOWS
from proxy_app.core.rewrites import MOST_NAMES, MOST_PREFIX, PROTECTED
from proxy_app.models import ModelRewrite, Profile, VirtualModel
from proxy_app.models.routing import MAX_NAME

MOST_MEMBERS: Final = 50
MOST_PINS: Final = 200
MOST_JSON: Final = 65_536
MOST_TOKENS: Final = 10_000_000
_listeners: Final[list[Callable[[], None]]] = []


class RoutingError(ValueError):
    """`problems` says by field what is wrong."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


def when_changed(listener: Callable[[], None]) -> None:
    """Calls it, in the thread that made a change, once that is committed."""
    _listeners.append(listener)


def changed() -> None:
    transaction.on_commit(_tell)


def _tell() -> None:
    for listener in _listeners:
        listener()


# ---------------------------------------------------------------- names of several models
def save_virtual(row: VirtualModel | None, name: str, members: Sequence[str], how: str) -> Any:
    """A new one for None. Raises RoutingError."""
    names = read_names()
    problems: dict[str, str] = {}
    shown = _checked_name(name, problems)
    if shown and names.find(shown) is not None:
        problems["name"] = f"{shown!r} is the name of a model."
    if how not in HOWS:
        problems["how"] = f"Give one of {', '.join(HOWS)}."
    asked = [each.strip() for each in members if each.strip()]
    if not 1 <= len(asked) <= MOST_MEMBERS:
        problems["members"] = f"Give 1 to {MOST_MEMBERS} models."
    elif unknown := [each for each in asked if names.find(each) is None]:
        problems["members"] = _no_model(unknown[0], names)
    if problems:
        raise RoutingError(problems)
    row = row or VirtualModel()
    row.name, row.members, row.how = shown, list(dict.fromkeys(asked)), how
    return _saved(row)


# ---------------------------------------------------------------- profiles
def save_profile(
    row: Profile | None, name: str, description: str, pins: Mapping[str, str]
) -> Profile:
    """A new one for None. Raises RoutingError."""
    problems: dict[str, str] = {}
    shown = _checked_name(name, problems)
    if len(description) > 500:
        problems["description"] = "At most 500 characters."
    if not 1 <= len(pins) <= MOST_PINS:
        problems["pins"] = f"Give 1 to {MOST_PINS} names."
    names = read_names()
    virtual = set(VirtualModel.objects.values_list("name", flat=True))
    for asked, target in pins.items():
        if not asked.strip() or len(asked) > MAX_NAME:
            problems["pins"] = f"A name has 1 to {MAX_NAME} characters."
        elif target not in virtual and names.find(target) is None:
            problems["pins"] = _no_model(target, names)
    if problems:
        raise RoutingError(problems)
    row = row or Profile()
    row.name, row.description, row.pins = shown, description.strip(), dict(pins)
    saved: Profile = _saved(row)
    return saved


@transaction.atomic
def activate(profile: Profile | None) -> None:
    """None: no profile is active."""
    Profile.objects.filter(is_active=True).update(is_active=False)
    if profile is not None:
        Profile.objects.filter(pk=profile.pk).update(is_active=True)
    changed()


# ---------------------------------------------------------------- changes in requests
def save_rewrite(model: LlamaModel, given: Mapping[str, Any]) -> ModelRewrite | None:
    """Replaces that of the model; None when nothing is changed any more. Raises RoutingError."""
    problems: dict[str, str] = {}
    strip = _names(given.get("strip") or [], problems)
    values = {key: _values(given.get(key) or {}, key, problems) for key in ("default", "set")}
    prefix = str(given.get("system_prefix") or "").strip()
    if len(prefix) > MOST_PREFIX or "\0" in prefix:
        problems["system_prefix"] = f"At most {MOST_PREFIX:,} characters, and no NUL."
    most = given.get("max_tokens")
    if most is not None and (type(most) is not int or not 1 <= most <= MOST_TOKENS):
        problems["max_tokens"] = f"Give a whole number from 1 to {MOST_TOKENS:,}."
    if problems:
        raise RoutingError(problems)
    changed()
    if not (strip or values["default"] or values["set"] or prefix or most):
        ModelRewrite.objects.filter(llama_model=model).delete()
        return None
    row, _ = ModelRewrite.objects.update_or_create(
        llama_model=model,
        defaults={"strip": strip, **values, "system_prefix": prefix, "max_tokens": most},
    )
    return row


def _names(given: Sequence[str], problems: dict[str, str]) -> list[str]:
    found = [each for each in given if each]
    if len(found) > MOST_NAMES or any(len(each) > 100 or not each.isprintable() for each in found):
        problems["strip"] = f"At most {MOST_NAMES} names of parameters."
    if protected := PROTECTED.intersection(found):
        problems["strip"] = f"`{sorted(protected)[0]}` cannot be stripped."
    return list(dict.fromkeys(found))


def _values(given: Any, key: str, problems: dict[str, str]) -> dict[str, Any]:
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        problems[key] = "Give a JSON object: names of parameters and their values."
        return {}
    try:
        encoded = orjson.dumps(given)
    except (orjson.JSONEncodeError, RecursionError):
        encoded = b" " * (MOST_JSON + 1)
    if b"\\u0000" in encoded:  # which no database takes
        problems[key] = "A text holds the character NUL."
    if len(given) > MOST_NAMES or len(encoded) > MOST_JSON:
        problems[key] = f"At most {MOST_NAMES} parameters and {MOST_JSON:,} bytes."
    if protected := PROTECTED.intersection(given):
        problems[key] = f"`{sorted(protected)[0]}` cannot be set."
    return given


# ---------------------------------------------------------------- all
def delete(row: VirtualModel | Profile | ModelRewrite) -> None:
    row.delete()
    changed()


def _checked_name(name: str, problems: dict[str, str]) -> str:
    shown = name.strip()
    if not shown or len(shown) > MAX_NAME or not shown.isprintable():
        problems["name"] = f"Give a name of 1 to {MAX_NAME} printable characters."
    return shown


def _no_model(name: str, names: Names) -> str:
    near = names.near(name[:MAX_NAME])
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"There is no model {name[:100]!r}.{hint}"


def _saved(row: Any) -> Any:
    row.updated_at = timezone.now()
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise RoutingError({"name": f"{row.name!r} is there already."}) from None
    changed()
    return row
