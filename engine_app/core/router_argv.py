"""The command line of a router of our own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine_app.core.argv import Knows

# Given to the router, they are given to each of its children: its own flags override every preset.
_ALWAYS: Final[tuple[tuple[str, ...], ...]] = (
    ("--metrics",),
    ("--slots",),
    ("--sse-ping-interval", "1"),
    ("--cors-origins", "localhost"),
    ("--no-cors-credentials",),
    ("--offline",),
)
_NO_UI: Final = ("--no-ui", "--no-webui")


def router_argv(
    program: Sequence[str], *, preset_file: Path, most_loaded: int, port: int, knows: Knows
) -> list[str]:
    no_ui = [flag for flag in _NO_UI if knows(flag)][:1]
    return [
        *program,
        *("--models-preset", str(preset_file)),
        *("--models-max", str(most_loaded)),
        *("--host", "127.0.0.1"),
        *("--port", str(port)),
        *(word for given in _ALWAYS if knows(given[0]) for word in given),
        *no_ui,
    ]
