"""Findings as a terminal, a file and a program read them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from agent_app.doctor.finding import FAIL, NOTE, OK, UNKNOWN, Finding
from llamadash.version import VERSION

GLYPHS: Final = {OK: "✓", NOTE: "!", FAIL: "✗", UNKNOWN: "?"}
_NAME_WIDTH: Final = 17
_WIDTH: Final = 96


def lines(finding: Finding, *, glyph: bool) -> list[str]:
    mark = f"{GLYPHS[finding.result]} " if glyph else ""
    head = f"{mark}{finding.result:<8}{finding.name:<{_NAME_WIDTH}} "
    indent = " " * len(head)
    advice = [f"{indent}→ {finding.advice}" if glyph else f"{indent}do: {finding.advice}"]
    found = _wrapped(head + finding.found, indent) if glyph else [head + finding.found]
    return found + (advice if finding.advice else [])


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "node": settings.NODE,
        "made_at": timezone.now().isoformat(),
        "result": worst(findings),
        "checks": [finding.as_json() for finding in findings],
    }


def worst(findings: Sequence[Finding]) -> str:
    found = {finding.result for finding in findings}
    return next(each for each in (FAIL, UNKNOWN, NOTE, OK) if each in found or each == OK)


def summary(findings: Sequence[Finding]) -> str:
    """Of what failed, in one line; empty when nothing has."""
    names = list(dict.fromkeys(each.name for each in findings if each.result == FAIL))
    if not names:
        return ""
    return f"Not well: {', '.join(names)}. The lines above say what to do."
