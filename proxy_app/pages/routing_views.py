"""What names mean besides models, and what is changed in requests: one page, three forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from models_app.models import LlamaModel
from proxy_app import routing_editing
from proxy_app.catalogue import read_names
from proxy_app.models import ModelRewrite, Profile, VirtualModel
from proxy_app.models.routing import How
from proxy_app.pages import routing_typed
from proxy_app.routing_editing import RoutingError
from settings_app.staff import staff_only

CHANGE: Final = "change the gateway"


@require_safe
def routing(request: HttpRequest) -> HttpResponse:
    rewrites = ModelRewrite.objects.select_related("llama_model").order_by("llama_model__name")
    context = {
        "virtual": VirtualModel.objects.all(),
        "profiles": Profile.objects.all(),
        "rewrites": [(row, summary(row)) for row in rewrites],
    }
    return render(request, "proxy_app/routing.html", context)


def summary(row: ModelRewrite) -> str:
    said = []
    if row.strip:
        said.append(f"without {', '.join(row.strip)}")
    if row.default:
        said.append(f"{', '.join(row.default)} where it is not given")
    if row.set:
        said.append(f"{', '.join(row.set)} always")
    if row.system_prefix:
        said.append("a system prompt in front")
    if row.max_tokens:
        said.append(f"at most {row.max_tokens:,} tokens")
    return "; ".join(said)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(CHANGE)
def virtual_form(request: HttpRequest, number: int | None = None) -> HttpResponse:
    row = _found(VirtualModel, number)
    typed = {"how": "loaded"}
    if row is not None:
        typed = {"name": row.name, "members": "\n".join(row.members), "how": row.how}

    def save(data: dict[str, str]) -> VirtualModel:
        members = routing_typed.lines(data.get("members", ""))
        saved: VirtualModel = routing_editing.save_virtual(
            row, data.get("name", ""), members, data.get("how", "")
        )
        return saved

    context = {"hows": How.choices, "row": row, "names": _ids()}
    return _form(request, "proxy_app/routing_name.html", row, typed, save, context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(CHANGE)
def profile_form(request: HttpRequest, number: int | None = None) -> HttpResponse:
    row = _found(Profile, number)
    typed = {}
    if row is not None:
        pins = routing_typed.pins_text(row.pins)
        typed = {"name": row.name, "description": row.description, "pins": pins}

    def save(data: dict[str, str]) -> Profile:
        pins = routing_typed.pins(data.get("pins", ""))
        return routing_editing.save_profile(
            row, data.get("name", ""), data.get("description", ""), pins
        )

    context = {"row": row, "names": _ids()}
    return _form(request, "proxy_app/routing_profile.html", row, typed, save, context)


@require_POST
@staff_only(CHANGE)
def activate(request: HttpRequest) -> HttpResponse:
    number = request.POST.get("profile", "")
    profile = _found(Profile, int(number)) if number.isascii() and number.isdigit() else None
    routing_editing.activate(profile)
    said = f"{profile.name} is active." if profile else "No profile is active."
    messages.success(request, said)
    return redirect("routing:page")


@require_safe
@staff_only(CHANGE)
def choose_model(request: HttpRequest) -> HttpResponse:
    """Which model's requests are to be changed."""
    asked = request.GET.get("model", "")
    if asked:
        entry = read_names().find(asked[:512])
        if entry is not None:
            return redirect("routing:rewrite", entry.model_id)
    context = {"names": _ids(), "asked": asked, "is_unknown": bool(asked)}
    return render(request, "proxy_app/routing_choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(CHANGE)
def rewrite_form(request: HttpRequest, model_id: int) -> HttpResponse:
    model = _found(LlamaModel, model_id)
    row = ModelRewrite.objects.filter(llama_model=model).first()

    def save(data: dict[str, str]) -> Any:
        return routing_editing.save_rewrite(model, routing_typed.rewrite(data)) or model

    typed = routing_typed.rewrite_texts(row)
    return _form(
        request, "proxy_app/routing_rewrite.html", row, typed, save, {"model": model, "row": row}
    )


def _form(
    request: HttpRequest,
    template: str,
    row: Any,
    typed: dict[str, str],
    save: Callable[[dict[str, str]], Any],
    context: dict[str, Any],
) -> HttpResponse:
    """Shows, saves or deletes."""
    problems: dict[str, str] = {}
    if request.method == "POST":
        typed = {name: str(value) for name, value in request.POST.items()}
        if typed.get("action") == "delete" and row is not None:
            routing_editing.delete(row)
            messages.success(request, "Deleted.")
            return redirect("routing:page")
        try:
            save(typed)
        except RoutingError as error:
            problems = error.problems
        else:
            messages.success(request, "Saved. It counts for the next request.")
            return redirect("routing:page")
    context |= {"typed": typed, "problems": problems}
    return render(request, template, context, status=422 if problems else 200)


def _ids() -> list[str]:
    return [entry.id for entry in read_names().entries]


def _found(model: Any, number: int | None) -> Any:
    """None for None. Http404 for what is not there."""
    if number is None:
        return None
    found = model.objects.filter(pk=number).first() if number < 2**63 else None
    if found is None:
        raise Http404("There is no such thing.")
    return found
