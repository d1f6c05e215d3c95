"""The retention policies as a form: what was typed, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from llamadash.formats import grouped
from settings_app import retention
from settings_app.models import RetentionPolicy
from settings_app.retention import Held, Limit, Prunable

HOUR: Final = 3_600
DAY: Final = 86_400
UNITS: Final = {"hours": HOUR, "days": DAY}
MOST_AGE_SECONDS: Final = 20 * 366 * DAY
MOST_ROWS: Final = 10**12
NO_LIMIT: Final = Limit()


@dataclass(slots=True)
class PolicyField:
    """One policy on the page; age and rows are what the inputs show, right or wrong."""

    policy: RetentionPolicy
    kind: Prunable
    age: str
    unit: str
    rows: str
    errors: dict[str, str] = field(default_factory=dict)  # by input: age, rows
    limit: Limit = NO_LIMIT

    @property
    def name(self) -> str:
        return self.kind.key

    @property
    def html_id(self) -> str:
        return "p-" + self.kind.key.replace(".", "-")

    @property
    def held(self) -> Held:
        return self.kind.held()

    @property
    def units(self) -> list[str]:
        return list(UNITS)

    @property
    def default_text(self) -> str:
        return duration_words(self.kind.default.max_age_seconds)


def stored() -> list[PolicyField]:
    return [_stored(policy, kind) for policy, kind in retention.policies()]


def typed(data: Mapping[str, str]) -> list[PolicyField]:
    return [_typed(policy, kind, data) for policy, kind in retention.policies()]


def save(fields: list[PolicyField], user: AbstractBaseUser | AnonymousUser) -> None:
    with transaction.atomic():
        for each in fields:
            if each.policy._state.adding or each.limit != retention.limit_of(each.policy):
                _save(each.policy, each.limit, user)


def back_to_defaults(user: AbstractBaseUser | AnonymousUser) -> None:
    with transaction.atomic():
        for policy, kind in retention.policies():
            _save(policy, kind.default, user)


def duration_words(seconds: int | None) -> str:
    """`14 days`, `36 hours`: in the unit the form would show."""
    if seconds is None:
        return "no limit"
    unit = _unit(seconds)
    return f"{grouped(seconds // UNITS[unit])} {unit}"


def _save(policy: RetentionPolicy, limit: Limit, user: AbstractBaseUser | AnonymousUser) -> None:
    policy.max_age_seconds, policy.max_rows = limit.max_age_seconds, limit.max_rows
    policy.updated_by_id = user.pk if user.is_authenticated else None
    if policy._state.adding:
        policy.save()
    else:
        policy.save(update_fields=["max_age_seconds", "max_rows", "updated_by", "updated_at"])


def _stored(policy: RetentionPolicy, kind: Prunable) -> PolicyField:
    seconds = policy.max_age_seconds
    unit = "days" if seconds is None else _unit(seconds)
    age = "" if seconds is None else str(seconds // UNITS[unit])
    rows = "" if policy.max_rows is None else str(policy.max_rows)
    return PolicyField(policy, kind, age, unit, rows, limit=retention.limit_of(policy))


def _unit(seconds: int) -> str:
    return "hours" if seconds % DAY or seconds < 3 * DAY else "days"


def _typed(policy: RetentionPolicy, kind: Prunable, data: Mapping[str, str]) -> PolicyField:
    texts = {name: data.get(f"{kind.key}.{name}", "").strip() for name in ("age", "unit", "rows")}
    unit = texts["unit"] if texts["unit"] in UNITS else "days"
    found = PolicyField(policy, kind, texts["age"], unit, texts["rows"])
    if not texts["age"] and not texts["rows"]:
        found.errors["age"] = "Give an age or a number of rows: without a limit the disk fills up."
        return found
    if texts["age"] and texts["unit"] not in UNITS:
        found.errors["age"] = f"Give the age in {' or '.join(UNITS)}."
        return found
    found.limit = Limit(_age(found), _rows(found))
    return found


def _age(found: PolicyField) -> int | None:
    if not found.age:
        return None
    least, seconds = found.kind.least_age_seconds, _whole(found.age) * UNITS[found.unit]
    if not least <= seconds <= MOST_AGE_SECONDS:
        found.errors["age"] = f"Give a whole number: {duration_words(least)} to 20 years."
        return None
    return seconds


def _rows(found: PolicyField) -> int | None:
    if not found.rows:
        return None
    rows = _whole(found.rows.replace(",", ""))
    if rows == found.policy.max_rows:
        return rows  # there may be more series now than when it was given
    least = found.kind.least_rows
    if not least <= rows <= MOST_ROWS:
        found.errors["rows"] = f"Give a whole number, {grouped(least)} at least, or nothing."
        return None
    return rows


def _whole(text: str) -> int:
    """-1 for what is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
