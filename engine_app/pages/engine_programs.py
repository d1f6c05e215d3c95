"""The programs that can run models here: which there are, and what each says of itself."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from engine_app import engine_help
from engine_app.discovery import added_program
from engine_app.models import BinaryKind, EngineBinary
from engine_app.pages.engine_remedies import no_program
from engine_app.program_asking import asking
from llamadash import formats
from models_app.pages.shared import is_partial, varies
from settings_app.staff import staff_only

PAGE: Final = "engines:programs"
MOST_COMMAND: Final = 4096
MOST_DEVICES: Final = 16


@dataclass(frozen=True, slots=True)
class Row:
    binary: EngineBinary
    command: str
    css: str
    glyph: str
    word: str
    devices: tuple[str, ...]
    is_usual: bool  # taken where no preset names another
    n_engines: int


@require_safe
def program_list(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(
    request: HttpRequest, given: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "rows": _rows(),
        "is_asking": asking.is_under_way,
        "asking_problem": asking.problem,
        "no_program": no_program(),
        "command": given,
        "error": error,
    }
    part = "#programs" if is_partial(request) else ""
    page = render(request, f"engine_app/engine_programs.html{part}", context, status=status)
    return varies(page)


def _rows() -> list[Row]:
    usual = engine_help.binary()
    found = EngineBinary.objects.defer("help_text").annotate(n_engines=Count("engines"))
    return [_row(binary, is_usual=usual == binary) for binary in found]


def _row(binary: EngineBinary, *, is_usual: bool) -> Row:
    css, glyph, word = _state(binary)
    return Row(
        binary=binary,
        command=shlex.join(binary.words),
        css=css,
        glyph=glyph,
        word=word,
        devices=tuple(_device(device) for device in binary.devices[:MOST_DEVICES]),
        is_usual=is_usual,
        n_engines=getattr(binary, "n_engines", 0),
    )


def _state(binary: EngineBinary) -> tuple[str, str, str]:
    if not binary.enabled:
        return "stop", "stop", "switched off"
    if binary.probed_at is None:
        if asking.is_under_way:
            return "load", "load", "being asked"
        return "", "unk", "not asked yet"
    return ("fail", "fail", "unusable") if binary.problem else ("ok", "ok", "works")


def _device(device: dict[str, Any]) -> str:
    words = " ".join(str(device.get(name) or "") for name in ("name", "description")).strip()
    total = device.get("total_bytes")
    return f"{words}, {formats.size(total)}" if type(total) is int else words


@require_POST
@staff_only("add engine programs")
def program_add(request: HttpRequest) -> HttpResponse:
    """Its row is there at once; what it says of itself comes when it has said it."""
    given = request.POST.get("command", "").strip()
    try:
        if len(given) > MOST_COMMAND:
            raise ValueError(f"A command has at most {MOST_COMMAND:,} characters.")
        binary = added_program(given)
    except (ValueError, OSError) as error:
        return _page(request, given[:MOST_COMMAND], str(error), status=422)
    asking.begin()
    messages.success(request, f"{shlex.join(binary.words)} was added and is asked what it is.")
    return redirect(PAGE)


@require_POST
@staff_only("ask engine programs")
def programs_ask(request: HttpRequest) -> HttpResponse:
    """Looks for programs anew and asks each."""
    asking.begin(force=True)
    return redirect(PAGE)


@require_POST
@staff_only("change engine programs")
def program_change(request: HttpRequest, program_id: int) -> HttpResponse:
    """`do` is on, off or remove; only what was added by hand can be removed."""
    binary = get_object_or_404(EngineBinary.objects.defer("help_text"), pk=program_id)
    wish = request.POST.get("do", "")
    if wish in ("on", "off"):
        EngineBinary.objects.filter(pk=binary.pk).update(enabled=wish == "on")
        word = "used again where it is the first choice" if wish == "on" else "not used any more"
        messages.success(request, f"{binary} is {word}.")
    elif wish == "remove" and asking.is_under_way:
        messages.error(request, "Programs are being asked: remove it when that is done.")
    elif wish == "remove" and binary.kind == BinaryKind.ADDED:
        binary.delete()
        messages.success(request, f"{shlex.join(binary.words)} was taken off the list.")
    else:
        messages.error(request, "Only programs that were added here can be removed.")
    return redirect(PAGE)
