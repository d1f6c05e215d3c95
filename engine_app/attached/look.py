"""How the states of attached servers and their models read: a glyph and a word."""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from engine_app.core import states
from engine_app.models import (
    AttachedModel,
    AttachedServer,
    EngineState,
    ModelState,
    OwnRouter,
    ServerState,
)
from llamadash import formats

# class of `.st`, glyph of the sprite, word
_SERVER: Final = {
    ServerState.UNKNOWN: ("wait", "wait", "not asked yet"),
    ServerState.REACHABLE: ("run", "run", "reachable"),
    ServerState.UNREACHABLE: ("fail", "fail", "unreachable"),
    ServerState.REFUSED: ("fail", "fail", "key refused"),
    ServerState.WRONG: ("fail", "fail", "no llama-server"),
}
_MODEL: Final = {
    ModelState.UNLOADED: ("stop", "stop", "unloaded"),
    ModelState.DOWNLOADING: ("load", "load", "downloading"),
    ModelState.LOADING: ("load", "load", "loading"),
    ModelState.LOADED: ("run", "run", "loaded"),
    ModelState.SLEEPING: ("", "pause", "sleeping"),
    ModelState.FAILED: ("fail", "fail", "failed"),
    ModelState.UNKNOWN: ("", "unk", "unknown"),
}
_ROUTER: Final = {
    EngineState.STOPPED: ("stop", "stop", "stopped"),
    EngineState.STARTING: ("load", "load", "starting"),
    EngineState.LOADING: ("load", "load", "starting"),
    EngineState.READY: ("run", "run", "running"),
    EngineState.SLEEPING: ("", "pause", "sleeping"),
    EngineState.STOPPING: ("unload", "unload", "stopping"),
    EngineState.FAILED: ("fail", "fail", "failed"),
}
_CHIP: Final = '<span class="st {}"{}><svg aria-hidden="true"><use href="#{}"/></svg>{}</span>'
# What is under way when a page comes is asked for again once the page hears of changes.
_UNSETTLED: Final = mark_safe(" data-unsettled")
_SETTLED: Final = mark_safe("")


def server_chip(server: AttachedServer) -> SafeString:
    if not server.enabled:
        return _chip("stop", "stop", "switched off")
    return _chip(*_SERVER[ServerState(server.state)], server.state == ServerState.UNKNOWN)


def model_chip(model: AttachedModel) -> SafeString:
    css, glyph, word = _MODEL[ModelState(model.state)]
    if model.state == ModelState.LOADING and model.progress is not None:
        word = f"{word} {formats.percent(model.progress)}"
    return _chip(css, glyph, word, model.state in (ModelState.LOADING, ModelState.DOWNLOADING))


def router_chip(router: OwnRouter | None) -> SafeString:
    """Of the router of our own."""
    if router is None:
        return _chip("stop", "stop", "stopped")
    css, glyph, word = _ROUTER[EngineState(router.state)]
    if router.state == EngineState.STOPPED and router.is_wanted:
        css, glyph, word = "wait", "wait", "start wanted"
    is_settled = router.state in (states.AT_REST if not router.is_wanted else (states.READY,))
    return _chip(css, glyph, word, not is_settled)


def _chip(css: str, glyph: str, word: str, is_unsettled: bool = False) -> SafeString:
    return format_html(_CHIP, css, _UNSETTLED if is_unsettled else _SETTLED, glyph, word)
