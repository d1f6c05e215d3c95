"""The pages of API keys: for administrators alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.db.models import Count, F, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from proxy_app import key_changing, key_making
from proxy_app.holders import month_of
from proxy_app.key_making import KeyRefused
from proxy_app.models import ApiKey, Capture, KeyMonth, RequestRecord
from proxy_app.pages.key_form import (
    LIMIT_WORDS,
    PRIORITY_WORDS,
    SCOPE_WORDS,
    KeyForm,
    typed_in,
    typed_of,
)
from proxy_app.pages.request_look import Look, chip
from settings_app.staff import staff_only

DAY: Final = timedelta(hours=24)
WORKS: Final = Look("ok", "ok", "works")
REVOKED: Final = Look("", "stop", "revoked")
EXPIRED: Final = Look("warn", "warn", "expired")
MANAGE: Final = "manage API keys"


@dataclass(frozen=True, slots=True)
class Row:
    key: ApiKey
    chip: SafeString
    models: str
    limits: str
    n_requests: int
    n_tokens: int


@require_safe
@staff_only(MANAGE)
def key_list(request: HttpRequest) -> HttpResponse:
    keys = ApiKey.objects.annotate(n_models=Count("llama_models")).order_by("name", "id")
    used = _used()
    context = {"rows": [_row(key, used.get(key.pk, (0, 0))) for key in keys[:1000]]}
    return render(request, "proxy_app/key_list.html", context)


def _used() -> dict[int, tuple[int, int]]:
    """Requests and tokens of the last day, by key."""
    recent = RequestRecord.objects.filter(
        started_at__gte=timezone.now() - DAY, api_key__isnull=False
    )
    tokens = Sum(Coalesce(F("prompt_tokens"), 0) + Coalesce(F("generated_tokens"), 0))
    found = recent.order_by().values("api_key_id").annotate(n=Count("id"), tokens=tokens)
    return {each["api_key_id"]: (each["n"], each["tokens"] or 0) for each in found}


def _row(key: ApiKey, used: tuple[int, int]) -> Row:
    return Row(key, state(key), _models(key), _limits(key), *used)


def state(key: ApiKey) -> SafeString:
    if not key.enabled:
        return chip(REVOKED)
    is_over = key.expires_at is not None and key.expires_at <= timezone.now()
    return chip(EXPIRED if is_over else WORKS)


def _models(key: Any) -> str:
    if not key.limited:
        return "all"
    return f"{key.n_models:,}" if key.n_models else "none"


def _limits(key: ApiKey) -> str:
    """`60 requests a minute, 2 requests at the same time`; empty: none."""
    known = ((getattr(key, name), words) for name, words in LIMIT_WORDS.items())
    return ", ".join(f"{value:,} {words.lower()}" for value, words in known if value is not None)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(MANAGE)
def key_new(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request, None, KeyForm(), typed_of(None))
    form = KeyForm(request.POST)
    if form.is_valid():
        try:
            key, text = key_changing.make(form.cleaned_data, request.user)
        except KeyRefused as error:
            form.add_error(None, str(error))
        else:
            return _secret(request, key, text, is_new=True)
    return _form(request, None, form, typed_in(request.POST), status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(MANAGE)
def key_detail(request: HttpRequest, key_id: int) -> HttpResponse:
    key = _key_or_404(key_id)
    if request.method != "POST":
        return _form(request, key, KeyForm(key=key), typed_of(key))
    form = KeyForm(request.POST, key=key)
    if form.is_valid():
        values = dict(form.cleaned_data)
        if values["expires_at"] == key.expires_at:  # one that is over may stay so
            del values["expires_at"]
        try:
            key_changing.change(key, values)
        except KeyRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved. It holds for the next request.")
            return redirect("keys:detail", key.pk)
    return _form(request, key, form, typed_in(request.POST), status=422)


@require_POST
@staff_only(MANAGE)
def key_revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    key = _key_or_404(key_id)
    key_making.revoke(key)
    messages.success(request, f"{key.name} was revoked: its next request is refused.")
    return redirect("keys:detail", key.pk)


@require_POST
@staff_only(MANAGE)
def key_allow(request: HttpRequest, key_id: int) -> HttpResponse:
    key = _key_or_404(key_id)
    key_changing.allow(key)
    messages.success(request, f"{key.name} works again.")
    return redirect("keys:detail", key.pk)


@require_POST
@staff_only(MANAGE)
def key_rotate(request: HttpRequest, key_id: int) -> HttpResponse:
    key = _key_or_404(key_id)
    return _secret(request, key, key_changing.rotate(key), is_new=False)


@require_POST
@staff_only(MANAGE)
def key_delete(request: HttpRequest, key_id: int) -> HttpResponse:
    key = _key_or_404(key_id)
    key_changing.delete(key)
    messages.success(request, f"{key.name} was deleted. The records of its requests stay.")
    return redirect("keys:list")


def _key_or_404(key_id: int) -> ApiKey:
    return get_object_or_404(ApiKey.objects.select_related("created_by"), pk=key_id)


def _form(
    request: HttpRequest,
    key: ApiKey | None,
    form: KeyForm,
    typed: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    context = {
        "key": key,
        "form": form,
        "typed": typed,
        "problems": {name: _said(each) for name, each in form.errors.items()},
        "scopes": SCOPE_WORDS,
        "captures": Capture.choices,
        "month_tokens": 0 if key is None else _month_tokens(key),
        "priorities": [(str(value), words) for value, words in PRIORITY_WORDS],
        "limits": [
            (name, words, typed.get(name, ""), _said(form.errors.get(name, ())))
            for name, words in LIMIT_WORDS.items()
        ],
        "models": [(str(pk), name) for pk, name in form.known_models],
        "chip": "" if key is None else state(key),
    }
    return render(request, "proxy_app/key_form.html", context, status=status)


def _said(errors: Iterable[object]) -> str:
    return " ".join(str(each) for each in errors)


def _month_tokens(key: ApiKey) -> int:
    found = KeyMonth.objects.filter(api_key=key, month=month_of(timezone.now())).first()
    return 0 if found is None else found.tokens


def _secret(request: HttpRequest, key: ApiKey, text: str, *, is_new: bool) -> HttpResponse:
    """The one answer that holds the key itself: nothing between us and the reader may keep it."""
    context = {
        "key": key,
        "text": text,
        "is_new": is_new,
        "address": f"{request.scheme}://{request.get_host()}",
    }
    response = render(request, "proxy_app/key_secret.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response
