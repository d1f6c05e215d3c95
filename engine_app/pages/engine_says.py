"""What a running engine says of itself. Its answer holds for as long as its process lives, so that
each is asked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from asgiref.sync import async_to_sync
from django.conf import settings

from engine_app.core import states
from engine_app.core.chat_template import ChatTemplate, read_chat_template
from engine_app.core.server_answers import Props, read_props
from engine_app.health import NoAnswer, NotListening, get
from engine_app.models import Engine, EngineRun
from engine_app.running import key_files

SECONDS: Final = 2.0  # a reader waits for it
MOST_KNOWN: Final = 64
MOST_NAME: Final = 40
_TEMPLATE: Final = "--chat-template"


@dataclass(frozen=True, slots=True)
class Said:
    props: Props
    template: ChatTemplate | None


@dataclass(frozen=True, slots=True)
class Says:
    """`why_not` says why nothing is known; with `can_be_asked` it may be by asking."""

    said: Said | None = None
    template_name: str = ""
    why_not: str = ""
    can_be_asked: bool = False


# By the process; not by the number of its run alone, which a restored database gives again.
_known: Final[dict[tuple[int, datetime], Said]] = {}


def says(engine: Engine, run: EngineRun | None, *, ask: bool) -> Says:
    """Without `ask` only what it has told already. Never asks one that sleeps or loads."""
    if run is None or engine.pid is None or engine.port is None:
        return Says(why_not="It has no process.")
    name = template_name(run.argv)
    if (said := _known.get((run.pk, run.started_at))) is not None:
        return Says(said, name)
    if engine.node != settings.NODE:
        return Says(why_not=f"It runs on {engine.node}, and is asked there only.")
    if engine.state != states.READY:
        return Says(why_not=f"It is asked when it is ready; now it is {engine.state}.")
    if not ask:
        return Says(why_not="It was not asked yet.", can_be_asked=True)
    return _asked(engine, engine.port, run, name)


def _asked(engine: Engine, port: int, run: EngineRun, name: str) -> Says:
    try:
        key = key_files.key_of(engine.pk)
        reply = async_to_sync(get)(port, "/props", key=key, seconds=SECONDS)
    except (NotListening, NoAnswer) as error:
        why = f"It did not answer: {error or 'nobody listens on its port'}."
        return Says(why_not=why, can_be_asked=True)
    answer = reply.json() if reply.is_ok else None
    props = read_props(answer)
    if props is None:
        return Says(why_not=f"This build does not say (status {reply.status}).", can_be_asked=True)
    said = Said(props, read_chat_template(answer))
    while len(_known) >= MOST_KNOWN:
        _known.pop(next(iter(_known)), None)
    _known[run.pk, run.started_at] = said
    return Says(said, name)


def template_name(argv: Sequence[str]) -> str:
    """As the command line chose it; empty where it chose none, and the model's own is used."""
    for word, value in pairwise(argv):
        if word == _TEMPLATE:
            return value if len(value) <= MOST_NAME and value.isprintable() else "written out"
    return ""
