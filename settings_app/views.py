from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods

from llamadash.logs import LEVELS
from settings_app import forms, retention_form
from settings_app.environment import VARIABLES
from settings_app.staff import require_staff

ENVIRONMENT = "environment"
DATA = "data"


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    return section(request, slugify(forms.groups()[0]))


@require_http_methods(["GET", "POST"])
def section(request: HttpRequest, tab: str) -> HttpResponse:
    """One group of settings; POST saves it, or puts it back to its defaults."""
    if tab == ENVIRONMENT:
        require_staff(request, "see the environment")
        return show(request, tab, variables=VARIABLES)
    if tab == DATA:
        return data_section(request)
    group = group_of(tab)
    if request.method == "GET":
        return show(request, tab, group=group, fields=forms.stored(group))
    require_staff(request, "change settings")
    if request.POST.get("action") == "defaults":
        forms.back_to_defaults(group, request.user)
        return saved(request, tab, f"{group}: back to the defaults.")
    fields = forms.typed(group, request.POST)
    if any(field.error for field in fields):
        return show(request, tab, status=422, group=group, fields=fields)
    forms.save(fields, request.user)
    return saved(request, tab, f"{group}: saved.")


def data_section(request: HttpRequest) -> HttpResponse:
    """How long records are kept."""
    if request.method == "GET":
        return show(request, DATA, policies=retention_form.stored())
    require_staff(request, "change settings")
    if request.POST.get("action") == "defaults":
        retention_form.back_to_defaults(request.user)
        return saved(request, DATA, "Data: back to the defaults.")
    policies = retention_form.typed(request.POST)
    if any(policy.errors for policy in policies):
        return show(request, DATA, status=422, policies=policies)
    retention_form.save(policies, request.user)
    return saved(request, DATA, "Data: saved.")


def group_of(tab: str) -> str:
    for group in forms.groups():
        if slugify(group) == tab:
            return group
    raise Http404("There are no such settings.")


def saved(request: HttpRequest, tab: str, text: str) -> HttpResponse:
    messages.success(request, text)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("settings_app:section", tab)
    if tab == DATA:
        return show(request, tab, policies=retention_form.stored())
    group = group_of(tab)
    return show(request, tab, group=group, fields=forms.stored(group))


def show(request: HttpRequest, tab: str, status: int = 200, **facts: Any) -> HttpResponse:
    tabs = [(slugify(group), group) for group in forms.groups()]
    tabs.append((DATA, "Data"))
    if request.user.is_staff:
        tabs.append((ENVIRONMENT, "Environment"))
    facts |= {"tab": tab, "tabs": tabs, "title": dict(tabs)[tab], "levels": LEVELS}
    part = "#section" if request.htmx else ""  # type: ignore[attr-defined]
    return render(request, f"settings_app/page.html{part}", facts, status=status)
