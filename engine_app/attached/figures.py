"""The figures of an attached server's models, under the names that our own engines have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from engine_app.attached.client import Client, Unreachable, Wrong
from engine_app.core import server_answers
from engine_app.core.llama_figures import LlamaFigures
from engine_app.core.llama_metrics import parse
from engine_app.figures.told import ALWAYS, SOMETIMES
from engine_app.models.attached import Role
from metrics_app.core.clock import Tick
from metrics_app.core.labelled import Labelled, clean
from metrics_app.core.metric import Metric

MOST_MODELS: Final = 32  # of which figures are taken at a time
MOST_NAMES: Final = 256  # in a life of the agent: a server may call its models anew each minute
ANSWER_SECONDS: Final = 2.0
ALL_SECONDS: Final = 4.0  # for the answers of all models: the next look waits for them
AT_ONCE: Final = 4  # questions
# Two questions may fail before what was told is no longer now.
FRESH_SECONDS: Final = 12.0


@dataclass(slots=True)
class Told:
    """By one model. Written on the agent's loop, read from any thread."""

    figures: Mapping[str, float | None] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)  # under llama.cpp's own names
    at: float = 0.0  # monotonic
    _counted: LlamaFigures = field(default_factory=LlamaFigures)

    def take(self, metrics: Mapping[str, float]) -> None:
        now = time.monotonic()
        self.figures, self.at = self._counted.update(metrics, now), now
        self.metrics = metrics

    def fresh(self, now: float) -> Mapping[str, float | None]:
        return self.figures if now - self.at <= FRESH_SECONDS else {}


class ServerFigures:
    """A source. `ask` runs in the agent's loop, `read` in the sampler's thread."""

    seconds = unwatched_seconds = 1.0

    def __init__(self, source: str) -> None:
        self.name = source
        self.topics = (source,)
        self._metrics = {
            name: Labelled(source, name, unit) for name, unit in {**ALWAYS, **SOMETIMES}.items()
        }
        self._told: Mapping[str, Told] = {}  # replaced as a whole
        self._names: set[str] = set()

    def follow(self, model_ids: Iterable[str]) -> None:
        """Those that are loaded: of others nothing is asked, which would load or wake them."""
        kept: dict[str, Told] = {}
        for model_id in model_ids:
            if len(kept) >= MOST_MODELS:
                break
            if model_id not in self._names and len(self._names) >= MOST_NAMES:
                continue
            self._names.add(model_id)
            kept[model_id] = self._told.get(model_id) or Told()
        self._told = kept

    async def ask(self, client: Client, role: Role) -> None:
        """Raises nothing: what is not answered is soon too old to be shown."""
        some = asyncio.Semaphore(AT_ONCE)

        async def ask_for(model_id: str, told: Told) -> None:
            # A router would load a model for this question, and put another one out for it.
            query = {"model": model_id, "autoload": "false"} if role == Role.ROUTER else None
            async with some:
                try:
                    reply = await client.get("/metrics", query, seconds=ANSWER_SECONDS)
                except (Unreachable, Wrong):
                    return
            if reply.is_ok:
                told.take(parse(reply.body.decode("utf-8", "replace")))

        with suppress(TimeoutError):
            async with asyncio.timeout(ALL_SECONDS):
                await asyncio.gather(*(ask_for(*each) for each in self._told.items()))

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        values: dict[Metric, float | None] = {}
        for model_id, told in self._told.items():
            figures = told.fresh(tick.monotonic)
            for name, metrics in self._metrics.items():
                if name in ALWAYS or name in figures:
                    values[metrics[model_id]] = figures.get(name)
        return values

    def told_within(self, now: float, seconds: float) -> Iterator[tuple[str, Mapping[str, float]]]:
        """By the label of each model."""
        for model_id, told in self._told.items():
            if told.metrics and now - told.at <= seconds:
                yield clean(model_id), told.metrics


# By the number of the server: those that are followed here.
served: Final[dict[int, ServerFigures]] = {}


def with_figures(models: Iterable[server_answers.FoundModel]) -> list[str]:
    return [each.model_id for each in models if each.state == server_answers.LOADED]
