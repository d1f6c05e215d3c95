"""Changes keys that are there. Whoever uses the gateway in this process sees it at once, in others
within five seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from models_app.models import LlamaModel
from proxy_app.core import api_keys
from proxy_app.key_making import DEFAULT_SCOPES, KeyRefused, changed, checked_name, make_key
from proxy_app.models import SCOPES, ApiKey, Capture

# Least and most of what a key may be limited to.
LIMITS: Final = {
    "requests_per_minute": (1, 1_000_000),
    "tokens_per_minute": (1, 1_000_000_000),
    "tokens_per_month": (1, 1_000_000_000_000_000),
    "max_running": (1, 10_000),
}
WEIGHTS: Final = (0.1, 100.0)
PRIORITIES: Final = (-1, 0, 1)
MOST_MODELS: Final = 1000


def make(values: Mapping[str, Any], user: Any) -> tuple[ApiKey, str]:
    """The row and the key itself, shown now and never again. Raises KeyRefused."""
    given = dict(values)
    models = _models(given.pop("models", ()))
    limited = bool(given.pop("limited", False))
    name, scopes = given.pop("name", ""), given.pop("scopes", None)
    _check(given)
    with transaction.atomic():
        key, text = make_key(
            name,
            DEFAULT_SCOPES if scopes is None else scopes,
            created_by=user if getattr(user, "pk", None) else None,  # a key has made it
            limited=limited or bool(models),
            **given,
        )
        key.llama_models.set(models)
    return key, text


def change(key: ApiKey, values: Mapping[str, Any]) -> None:
    """What is not given stays. Raises KeyRefused."""
    given = dict(values)
    models = _models(given.pop("models")) if "models" in given else None
    if "name" in given:
        given["name"] = checked_name(given["name"])
    if "scopes" in given:
        given["scopes"] = _scopes(given["scopes"])
    if models:
        given["limited"] = True
    elif given.get("limited") is False:
        models = []
    _check(given)
    with transaction.atomic():
        if given:
            ApiKey.objects.filter(pk=key.pk).update(**given)
        if models is not None:
            key.llama_models.set(models)
        changed()
    key.refresh_from_db()


def allow(key: ApiKey) -> None:
    """One that was revoked works again."""
    ApiKey.objects.filter(pk=key.pk).update(enabled=True)
    key.enabled = True
    changed()


def rotate(key: ApiKey) -> str:
    """A new secret for the same key: the old one is refused from now on."""
    new = api_keys.new_key()
    ApiKey.objects.filter(pk=key.pk).update(public_id=new.public_id, digest=new.digest)
    key.public_id = new.public_id
    changed()
    return new.text


def delete(key: ApiKey) -> None:
    """The records of what it asked stay, with its name."""
    key.delete()
    changed()


def _scopes(given: Iterable[str]) -> list[str]:
    chosen = sorted(set(given))
    if not chosen or any(each not in SCOPES for each in chosen):
        raise KeyRefused(f"A key needs a scope: {', '.join(SCOPES)}.")
    return chosen


def _models(ids: Iterable[int]) -> list[LlamaModel]:
    wanted = set(ids)
    if strange := [each for each in wanted if not 0 < each < 1 << 63]:
        raise KeyRefused(f"There is no model {strange[0]}.")
    if len(wanted) > MOST_MODELS:
        raise KeyRefused(f"A key can be limited to {MOST_MODELS:,} models at most.")
    found = list(LlamaModel.objects.filter(pk__in=wanted).only("id"))
    if len(found) < len(wanted):
        gone = min(wanted - {each.pk for each in found})
        raise KeyRefused(f"There is no model {gone}.")
    return found


def _check(given: Mapping[str, Any]) -> None:
    for name, (least, most) in LIMITS.items():
        value = given.get(name)
        if value is not None and not least <= value <= most:
            words = name.replace("_", " ")
            raise KeyRefused(f"Give {words} from {least:,} to {most:,}, or nothing.")
    weight, priority = given.get("weight", 1.0), given.get("priority", 0)
    if not WEIGHTS[0] <= weight <= WEIGHTS[1]:  # also false for what is no number
        raise KeyRefused(f"Give a weight from {WEIGHTS[0]:g} to {WEIGHTS[1]:g}.")
    if given.get("capture", "") not in Capture.values:
        raise KeyRefused("Keep off, errors, all, or what the setting says.")
    if priority not in PRIORITIES:
        raise KeyRefused("The priority is -1, 0 or 1.")
    expires_at = given.get("expires_at")
    if expires_at is not None and expires_at <= timezone.now():
        raise KeyRefused("It would have expired already.")
