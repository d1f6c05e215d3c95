"""The options of one group as a form: what was typed, what is wrong with it, what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import QueryDict

from settings_app.diagnostics import KNOWN_LOGGERS
from settings_app.options import OPTIONS, Option, OptionError

MAX_LEVELS: Final = 50


@dataclass(slots=True)
class Field:
    """One option on the page; `value` is what the input shows, right or wrong."""

    option: Option[Any]
    value: Any
    error: str = ""

    @property
    def name(self) -> str:
        return self.option.key

    @property
    def html_id(self) -> str:
        return "o-" + self.option.key.replace(".", "-").replace("_", "-")

    @property
    def default_text(self) -> str:
        default = self.option.default
        if self.option.kind == "flag":
            return "on" if default else "off"
        if self.option.kind == "levels":
            return "none"
        return f"{default:,}" if isinstance(default, int) else str(default)

    @property
    def levels(self) -> list[tuple[str, str]]:
        """Logger and level (empty: as its parent): the known ones, then others that were named."""
        value: Mapping[str, str] = self.value
        names = [*KNOWN_LOGGERS, *(name for name in value if name not in KNOWN_LOGGERS)]
        return [(name, value.get(name, "")) for name in names]


def groups() -> list[str]:
    """In the order in which the options were declared, Diagnostics last."""
    declared = dict.fromkeys(option.group for option in OPTIONS.values())
    return sorted(declared, key=lambda group: group == "Diagnostics")


def stored(group: str) -> list[Field]:
    return [Field(option, option.get()) for option in _options(group)]


def typed(group: str, data: QueryDict) -> list[Field]:
    return [_typed(option, data) for option in _options(group)]


def save(fields: list[Field], user: AbstractBaseUser | AnonymousUser) -> None:
    with transaction.atomic():
        for field in fields:
            if field.value != field.option.get():
                field.option.set(field.value, user)


def back_to_defaults(group: str, user: AbstractBaseUser | AnonymousUser) -> None:
    with transaction.atomic():
        for option in _options(group):
            option.set(option.default, user)


def _options(group: str) -> Iterator[Option[Any]]:
    return (option for option in OPTIONS.values() if option.group == group)


def _typed(option: Option[Any], data: QueryDict) -> Field:
    raw = _levels(data) if option.kind == "levels" else data.get(option.key, "")
    try:
        return Field(option, option.parse(raw))
    except OptionError as error:
        return Field(option, raw, str(error))


def _levels(data: QueryDict) -> dict[str, str]:
    names, levels = data.getlist("logger")[:MAX_LEVELS], data.getlist("level")[:MAX_LEVELS]
    pairs = zip(names, levels, strict=False)
    return {name.strip(): level for name, level in pairs if name.strip() and level}
