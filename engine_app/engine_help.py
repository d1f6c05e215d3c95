"""What the engine that would be used says about its flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine_app import discovery
from engine_app.core.help_text import KnownFlag
from engine_app.models.engine import EngineBinary

Known = Mapping[str, KnownFlag]


def binary(key: str = "") -> EngineBinary | None:
    """The one a start would take, None where there is none."""
    try:
        return discovery.choose(key)
    except discovery.NoEngine:
        return None


def known(found: EngineBinary | None) -> Known:
    """Every spelling of its flags; empty where no engine was found."""
    return found.known_flags if found else {}


def knows(flags: Known) -> Callable[[str], bool]:
    """Whether a flag exists, as far as that is known: where no engine was asked, all may."""
    return flags.__contains__ if flags else lambda flag: True
