"""Why nothing here can run a model, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from engine_app.discovery import REMEDIES, candidates
from engine_app.models import BinaryKind, EngineBinary


@dataclass(frozen=True, slots=True)
class NoProgram:
    problems: tuple[str, ...]  # of those that were found
    remedies: tuple[str, ...] = REMEDIES


def no_program() -> NoProgram | None:
    """None where a program works, or none was asked yet."""
    found = list(EngineBinary.objects.defer("help_text"))
    if not found:
        return None if candidates() else NoProgram(())
    asked = [binary for binary in found if binary.probed_at is not None]
    if len(asked) < len(found) and not any(binary.problem for binary in found):
        return None
    configured = [binary for binary in found if binary.kind == BinaryKind.CONFIGURED]
    # One that was named is not replaced by another: see discovery.choose.
    tried = [binary for binary in configured if binary.enabled] or found
    if any(binary.is_usable for binary in tried):
        return None
    return NoProgram(tuple(_complaint(binary) for binary in tried))


def _complaint(binary: EngineBinary) -> str:
    why = binary.problem or ("" if binary.enabled else "It is switched off.")
    return f"{binary.get_kind_display()}: {why}"
