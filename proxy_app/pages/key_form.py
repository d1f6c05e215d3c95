"""The form that makes a key or changes one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django import forms

from models_app.models import FileState, LlamaModel
from proxy_app.key_changing import LIMITS, PRIORITIES, WEIGHTS
from proxy_app.models import MAX_NAME, SCOPES, ApiKey, Capture

SCOPE_WORDS: Final = (
    ("infer", "infer: ask models"),
    ("read", "read: see models, engines and figures"),
    ("operate", "operate: load and unload models"),
    ("admin", "admin: everything"),
)
PRIORITY_WORDS: Final = ((-1, "batch: after all others"), (0, "normal"), (1, "urgent: first"))
LIMIT_WORDS: Final = {
    "requests_per_minute": "Requests a minute",
    "tokens_per_minute": "Tokens a minute",
    "tokens_per_month": "Tokens a month",
    "max_running": "Requests at the same time",
}


class Grouped(forms.IntegerField):
    """As figures are written on pages: 1,000,000."""

    def to_python(self, value: Any) -> int | None:
        return super().to_python(value.replace(",", "") if isinstance(value, str) else value)


class KeyForm(forms.Form):
    name = forms.CharField(max_length=MAX_NAME)
    scopes = forms.MultipleChoiceField(choices=[(each, each) for each in SCOPES])
    expires_at = forms.DateTimeField(required=False)
    weight = forms.FloatField(min_value=WEIGHTS[0], max_value=WEIGHTS[1], required=False)
    priority = forms.TypedChoiceField(
        choices=[(str(each), each) for each in PRIORITIES],
        coerce=int,
        required=False,
    )
    capture = forms.ChoiceField(choices=Capture, required=False)
    limited = forms.BooleanField(required=False)
    models = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, data: Any = None, *, key: ApiKey | None = None) -> None:
        super().__init__(data)
        for name, (least, most) in LIMITS.items():
            self.fields[name] = Grouped(
                required=False,
                min_value=least,
                max_value=most,
                error_messages={"invalid": "Give a whole number, or nothing."},
            )
        self.known_models = _known_models(key)
        choices = [(str(pk), name) for pk, name in self.known_models]
        self.fields["models"].choices = choices  # type: ignore[attr-defined]

    def clean_priority(self) -> int:
        return int(self.cleaned_data.get("priority") or 0)

    def clean_weight(self) -> float:
        weight = self.cleaned_data.get("weight")
        return 1.0 if weight is None else float(weight)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("limited") and not cleaned.get("models") and "models" not in self.errors:
            self.add_error("models", "Choose a model, or let it use all of them.")
        if not cleaned.get("limited"):
            cleaned["models"] = []
        return cleaned


def _known_models(key: ApiKey | None) -> list[tuple[int, str]]:
    """Those that can be asked for, and those that the key may use already."""
    usable = LlamaModel.objects.filter(state=FileState.OK, hidden=False)
    found = dict(usable.order_by("name").values_list("id", "name")[:1000])
    if key is not None:
        found |= dict(key.llama_models.values_list("id", "name"))
    return sorted(found.items(), key=lambda each: each[1].casefold())


def typed_of(key: ApiKey | None) -> dict[str, Any]:
    """What stands in the form before anybody has typed."""
    if key is None:
        return {
            "name": "",
            "scopes": ["infer"],
            "weight": 1,
            "priority": "0",
            "capture": "",
            "models": [],
        }
    return {
        "name": key.name,
        "scopes": key.scopes,
        "expires_at": _minute(key.expires_at),
        **{name: _grouped(getattr(key, name)) for name in LIMITS},
        "weight": f"{key.weight:g}",
        "priority": str(key.priority),
        "capture": key.capture,
        "limited": key.limited,
        "models": [str(pk) for pk in key.llama_models.values_list("id", flat=True)],
    }


def typed_in(data: Any) -> dict[str, Any]:
    """What somebody has typed, to be shown again beside what is wrong with it."""
    plain = ("name", "expires_at", "weight", "priority", "capture")
    found: dict[str, Any] = {name: data.get(name, "") for name in plain}
    found |= {name: data.get(name, "") for name in LIMITS}
    found |= {"scopes": data.getlist("scopes"), "models": data.getlist("models")}
    return {**found, "limited": data.get("limited") == "on"}


def _minute(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def _grouped(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
