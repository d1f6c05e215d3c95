"""Which program here can be a router, and why none can."""

from __future__ import annotations

from typing import Final

from engine_app.models import EngineBinary
from engine_app.models.own_router import OwnRouter
from engine_app.running.programs import NOT_YET

FLAG: Final = "--models-preset"
ONLY_EMBEDDED: Final = (
    "The embedded engine has no router mode: it takes a llama-server of llama.cpp. Put one on the "
    "PATH, set LLAMA_SERVER_BIN to it, or add it under Programs."
)
TOO_OLD: Final = (
    f"No llama-server here knows {FLAG}: router mode came to llama.cpp at the end of 2025. Install "
    "a newer one."
)


def router_binary() -> EngineBinary | None:
    """The first usable program that has the mode."""
    return next((each for each in _programs() if each.knows(FLAG)), None)


def why_none() -> str:
    """Empty where one can be started."""
    programs = _programs()
    if any(each.knows(FLAG) for each in programs):
        return ""
    return TOO_OLD if programs else ONLY_EMBEDDED


def why_not_yet() -> str:
    """Of a program that may still say that it has the mode; empty where there is none."""
    silent = EngineBinary.objects.filter(enabled=True, problem=NOT_YET)
    return NOT_YET if any(not each.is_embedded for each in silent) else ""


def _programs() -> list[EngineBinary]:
    """Its parser knows the flag, and then it does nothing: the embedded one is never asked."""
    rows = EngineBinary.objects.filter(enabled=True)
    return [each for each in rows if each.is_usable and not each.is_embedded]


def own_router(node: str) -> OwnRouter | None:
    """None where none was ever wanted."""
    return OwnRouter.objects.select_related("server", "binary").filter(node=node).first()
