"""Reading small files of the kernel. What cannot be read is empty or None, never an error."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 4096


def text(file: Path) -> str:
    try:
        with file.open("rb", buffering=0) as handle:
            return (handle.read(_MOST_BYTES) or b"").decode(errors="replace").strip()
    except OSError:
        return ""


def number(file: Path) -> int | None:
    found = text(file)
    digits = found.removeprefix("-")
    return int(found) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None


def scaled(file: Path, unit: float) -> float | None:
    """The kernel counts in thousandths and millionths: `scaled(temp1_input, 1e-3)`."""
    found = number(file)
    return None if found is None else found * unit


def share(part: float | None, whole: float | None) -> float | None:
    """Between 0 and 1; None when one of the two is not known."""
    if part is None or not whole:
        return None
    return min(max(part / whole, 0.0), 1.0)


def folders(parent: Path, pattern: str = "*") -> list[Path]:
    """Sorted as people count: hwmon2 before hwmon10."""
    try:
        return sorted(parent.glob(pattern), key=lambda path: (len(path.name), path.name))
    except OSError:
        return []
