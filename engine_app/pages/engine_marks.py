"""What lists and pages of models say of engines: a model's state, and a button to load it."""

from __future__ import annotations

from typing import Final, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from engine_app.core import states
from engine_app.models import Engine
from engine_app.pages.engine_hues import shared_out
from engine_app.pages.engine_look import drawn, look
from models_app.lists.marks import Mark

# Written here and not in a template: fifty rows would take most of the page's time.
BUTTON: Final = (
    '<button type="submit" form="do" formaction="{0}" name="model" value="{1}" class="btn q"'
    ' hx-post="{0}" hx-swap="none" data-engine-act>{2}<span class="vh"> {3}</span></button>'
)
NO_CHIP: Final = SafeString("")
# The first is of most use to who asks for its model.
USEFUL: Final = (
    states.READY,
    states.SLEEPING,
    states.LOADING,
    states.STARTING,
    states.STOPPING,
    states.FAILED,
    states.STOPPED,
)


class Seen(NamedTuple):
    """What of an engine a list of models needs: a row costs a third of a whole one."""

    id: int
    model_id: int
    name: str
    state: str
    desired: str
    phase: str


COLUMNS: Final = ("id", "llama_model_id", "llama_model__name", "state", "desired", "phase")


def of_all() -> dict[int, Mark]:
    """Of each model that has an engine on this node which is not simply stopped."""
    found = Engine.objects.here(settings.NODE).to_look_after().order_by("id")
    by_model: dict[int, list[Seen]] = {}
    for engine in map(Seen._make, found.values_list(*COLUMNS)):
        by_model.setdefault(engine.model_id, []).append(engine)
    known = shared_out(
        pk for pk, engines in by_model.items() if any(e.state in states.ALIVE for e in engines)
    )
    return {pk: _mark(engines, known.get(pk, "")) for pk, engines in by_model.items()}


def at_rest(model_id: int, name: str) -> Mark:
    return Mark(NO_CHIP, _button("engines:new", model_id, name, "Load"))


def start_url(model_id: int) -> str:
    return f"{reverse('engines:new')}?model={model_id}"


def _mark(engines: list[Seen], hue: str) -> Mark:
    first = min(engines, key=lambda each: (USEFUL.index(each.state), each.id))
    has_failed = first.state == states.FAILED
    is_wanted = not has_failed and any(engine.desired == "running" for engine in engines)
    verb, word = ("engines:unload", "Unload") if is_wanted else ("engines:new", "Load")
    if first.state in (states.STOPPED, states.STARTING) and is_wanted:
        word = "Cancel"
    # Without the percent: lists are kept for as long as no state changes.
    seen = look(first.state, first.desired, first.phase)
    chip = drawn(seen, first.id, first.model_id, first.state, first.desired)
    if len(engines) > 1:
        chip = format_html('{} <span class="sub">1 of {} engines</span>', chip, len(engines))
    url = reverse("engines:detail", args=[first.id])
    return Mark(chip, _button(verb, first.model_id, first.name, word), hue, url)


def _button(verb: str, model_id: int, name: str, word: str) -> SafeString:
    return format_html(BUTTON, reverse(verb), model_id, word, name)
