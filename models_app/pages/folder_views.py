"""The folders that are scanned."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from models_app import known_places, roots
from models_app.models import ModelRoot, RootKind, RootSource
from models_app.pages.forms import FolderForm
from models_app.pages.shared import is_partial, varies
from models_app.pages.views import registry
from models_app.root_changes import FolderBusy, remove, switch
from settings_app.staff import staff_only


@require_safe
def folder_list(request: HttpRequest) -> HttpResponse:
    """`?look=1` also looks where other programs keep their models, which takes a moment."""
    look = request.GET.get("look") == "1" and request.user.is_staff
    return _page(request, FolderForm(initial={"kind": roots.AUTO}), look=look)


def _page(
    request: HttpRequest, form: FolderForm, *, look: bool = False, status: int = 200
) -> HttpResponse:
    kinds = dict(RootKind.choices)
    places = known_places.suggestions() if look else []
    context: dict[str, Any] = {
        "roots": ModelRoot.objects.with_counts().order_by("path"),
        "form": form,
        "looked": look,
        "places": [(place, kinds.get(place.kind, place.kind)) for place in places],
        **registry(),
    }
    part = "#folders" if request.method == "GET" and is_partial(request) else ""
    return varies(render(request, f"models_app/folders.html{part}", context, status=status))


@require_POST
@staff_only("add folders")
def folder_add(request: HttpRequest) -> HttpResponse:
    form = FolderForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            root = roots.add_root(data["path"], data["kind"] or roots.AUTO)
        except roots.RootError as error:  # another request was faster
            form.add_error("path", str(error))
        else:
            messages.success(request, f"{root.path} was added. Scan it to see what is in it.")
            return redirect("models_app:folders")
    return _page(request, form, status=422)


@require_POST
@staff_only("change folders")
def folder_change(request: HttpRequest, root_id: int) -> HttpResponse:
    """`action` is on, off or remove; folders named by the environment are changed there only."""
    root = get_object_or_404(ModelRoot, pk=root_id)
    action = request.POST.get("action", "")
    if root.source == RootSource.ENVIRONMENT:
        messages.error(request, "This folder is set by LLAMADASH_MODELS_DIRS; change it there.")
    elif action in ("on", "off"):
        switch(root, action == "on")
        words = "is scanned and listed again" if action == "on" else "is not scanned any more"
        messages.success(request, f"{root.path} {words}.")
    elif action == "remove" and request.POST.get("sure") == "yes":
        _remove(request, root)
    elif action == "remove":
        messages.error(request, "Nothing was removed: tick that its notes may be forgotten.")
    return redirect("models_app:folders")


def _remove(request: HttpRequest, root: ModelRoot) -> None:
    try:
        remove(root)
    except FolderBusy as error:
        messages.error(request, f"{error}.")
    else:
        messages.success(request, f"{root.path} was removed. Its files are where they were.")
