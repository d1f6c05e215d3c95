"""How an engine's state reads: a glyph and a word, the same on every page.

static/js/live/engine-look.js is its twin; the same vectors test both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from engine_app.core import states
from engine_app.models import Engine
from llamadash import formats

WAITING: Final = frozenset({"room", "memory", "evicting", "queue"})
PHASES: Final = {
    "check": "checks its files",
    "room": "looks for memory",
    "memory": "waits for memory",
    "evicting": "makes room",
    "queue": "waits for its turn",
    "spawn": "starts its process",
    "load": "loads its weights",
    "warm-up": "warms up",
    "drain": "finishes requests",
    "stop": "ends its process",
}


@dataclass(frozen=True, slots=True)
class Look:
    css: str  # the class of `.st`
    glyph: str  # in the sprite
    word: str
    more: str = ""  # quiet words behind it: what it is doing


def look(state: str, desired: str, phase: str = "", progress: float | None = None) -> Look:
    doing = PHASES.get(phase, phase)
    wanted = desired == "running"
    if state == states.STOPPED:
        return Look("wait", "wait", "start wanted") if wanted else Look("stop", "stop", "stopped")
    if state == states.FAILED:
        return Look("fail", "fail", "failed")
    if state == states.STOPPING:
        return Look("unload", "unload", "unloading", doing or ("starts anew" if wanted else ""))
    if not wanted:
        return Look("unload", "unload", "stop wanted")
    if state == states.READY:
        return Look("run", "run", "running")
    if state == states.SLEEPING:
        return Look("", "pause", "sleeping", "loads again when it is asked")
    if phase in WAITING:
        return Look("wait", "wait", "start wanted", doing)
    word = "loading" if progress is None else f"loading {formats.percent(progress)}"
    return Look("load", "load", word, doing)


CHIP: Final = (
    '<engine-state class="st {}" data-engine="{}" data-model="{}" data-state="{}" data-desired="{}"'
    '><svg aria-hidden="true"><use href="#{}"/></svg><span>{}</span></engine-state>'
)
MORE: Final = '<engine-doing class="sub" data-engine="{}">{}</engine-doing>'


def chip(engine: Engine) -> SafeString:
    """Glyph and word; the page's script keeps them current."""
    seen = look(engine.state, engine.desired, engine.phase, engine.progress)
    return drawn(seen, engine.pk, engine.llama_model_id, engine.state, engine.desired)


def drawn(seen: Look, engine_id: int, model_id: int, state: str, desired: str) -> SafeString:
    return format_html(CHIP, seen.css, engine_id, model_id, state, desired, seen.glyph, seen.word)


def doing(engine: Engine) -> SafeString:
    seen = look(engine.state, engine.desired, engine.phase, engine.progress)
    return format_html(MORE, engine.pk, seen.more)
