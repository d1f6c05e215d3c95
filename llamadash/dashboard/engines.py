"""The engines on the dashboard: those at work, wanted or failed; what each has of a device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.urls import reverse

from engine_app.core import states
from engine_app.models import Engine
from engine_app.pages.engine_counts import counts
from engine_app.pages.engine_remedies import no_program
from engine_app.pages.engine_rows import Row, at_work, measured_memory, on_gpus, rows

SHOWN: Final = 12
NAMED: Final = 3  # failed ones, each with an alert of its own
RAM: Final = "ram"

Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Shown:
    rows: list[Row]
    counts: dict[str, int]

    @property
    def n_more(self) -> int:
        """Engines that the list of all has beside these, at rest or not."""
        return self.counts["total"] - len(self.rows)


def shown() -> Shown:
    return Shown(rows(at_work(settings.NODE)[:SHOWN]), counts())


@dataclass(frozen=True, slots=True)
class Trouble:
    word: str
    text: str
    href: str
    action: str


def troubles() -> Iterator[Trouble]:
    failed = Engine.objects.here(settings.NODE).filter(state=states.FAILED)
    listed = failed.select_related("llama_model").order_by("-state_changed_at")
    for engine in listed.defer("llama_model__facts")[:NAMED]:
        text = f"{engine.llama_model.name} {engine.reason}. {engine.advice}".strip()
        href = reverse("engines:detail", args=[engine.pk])
        yield Trouble("engine failed", text, href, "See why")
    if (n_more := failed.count() - NAMED) > 0:
        text = f"{n_more} more engine{'s have' if n_more > 1 else ' has'} failed."
        yield Trouble("engine failed", text, reverse("engines:list"), "See which")
    if (missing := no_program()) is not None:
        text = " ".join(["Nothing here can run a model.", *missing.problems, *missing.remedies])
        yield Trouble("no engine program", text, reverse("engines:programs"), "See the programs")


@dataclass(frozen=True, slots=True)
class Held:
    """What an engine has of a device."""

    name: str
    hue: str
    n_bytes: float


def held(listed: Sequence[Row], values: Values) -> dict[str, list[Held]]:
    """By the key of the device, as far as it was measured. Of RAM without the pages of files: the
    machine's own figure of what is used leaves them out, too."""
    alive = [row for row in listed if row.engine.is_alive]
    measured = measured_memory(row.engine.pk for row in alive)
    found: defaultdict[str, list[Held]] = defaultdict(list)
    for row in alive:
        memory = measured.get(row.engine.pk, {})
        own = memory.get("rss_bytes", 0) - memory.get("file_bytes", 0)
        if own > 0:
            found[RAM].append(Held(row.name, row.hue, own))
        for key, n_bytes in on_gpus(row.engine, values).items():
            found[key].append(Held(row.name, row.hue, n_bytes))
    return dict(found)
