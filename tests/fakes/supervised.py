"""A supervisor, its rows and its processes, as tests of engines use them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import psutil
from django.conf import settings

from engine_app import control, discovery
from engine_app.child_environment import owner
from engine_app.models import Engine, EngineRun
from engine_app.probing import Probe, probe
from engine_app.running.around import Around, Follow, follow_nothing
from engine_app.running.identity import marked
from engine_app.running.patience import Patience
from engine_app.running.rows import rows
from engine_app.supervisor import Supervisor
from models_app.core.demo_models import write_demo_models
from models_app.models import LlamaModel
from tests.factories import make_model, make_root

PROGRAM: Final = Path(__file__).with_name("misbehaving_engine.py")
# The order of things is what is tested: only the waiting is shorter than in earnest.
HASTY: Final = Patience(
    drain=5.0, live_every=0.1, live_answer=0.3, second_term=0.3, kill=0.8, slowest_look=0.1
)


class Orders:
    """What the misbehaving engine reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.give()

    def give(self, *lines: str) -> None:
        aside = self.path.with_suffix(".new")
        aside.write_text("".join(f"{line}\n" for line in lines))
        aside.replace(self.path)

    @property
    def program(self) -> str:
        return f"{sys.executable} {PROGRAM} {self.path}"


def demo_model(folder: Path, name: str = "tiny-chat") -> LlamaModel:
    """A model that llama.cpp loads, and its row."""
    path = next(iter(write_demo_models(folder, [name])))
    root = make_root(str(folder))
    return make_model(name, root=root, path=str(path), size_bytes=path.stat().st_size)


class Supervised:
    """Steps the supervisor as the agent does, and waits for rows to say what they should."""

    def __init__(self, patience: Patience, follow: Follow = follow_nothing) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.around = Around(settings.NODE, settings.PORT_RANGE, self._told, follow)
        self.patience = patience
        self.supervisor = Supervisor(self.around, lambda: self.patience)

    def _told(self, topic: str, name: str, data: dict[str, Any]) -> None:
        self.events.append((topic, name, data))

    async def step(self) -> None:
        self.supervisor.changed.clear()
        await self.supervisor.step()

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
        """Steps until `condition`, which may ask the database, holds; gives what it gave."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            await self.step()
            if found := await rows(condition):
                return found
            now = asyncio.get_running_loop().time()
            assert now < end, f"waited {seconds:.0f} s in vain for: {what}"
            with suppress(TimeoutError):
                await asyncio.wait_for(self.supervisor.changed.wait(), 0.05)

    async def until_state(self, engine: Engine, state: str) -> Engine:
        def reached() -> Engine | None:
            return Engine.objects.filter(pk=engine.pk, state=state).first()

        found: Engine = await self.until(reached, f"engine to be {state}")
        return found

    async def start(self, model: LlamaModel, state: str = "ready") -> Engine:
        engine = await rows(control.start, model)
        return await self.until_state(engine, state)

    async def stop(self, engine: Engine) -> Engine:
        await rows(control.stop, engine)
        return await self.until_state(engine, "stopped")

    async def last_run(self, engine: Engine) -> EngineRun:
        return await rows(lambda: EngineRun.objects.filter(engine=engine).latest("id"))


@cache
def _embedded_says(words: tuple[str, ...]) -> Probe:
    """It does not change between tests, and says it in half a second."""
    return probe(words, embedded=True)


def _discover() -> None:
    questions = discovery.questions(discovery.candidates())
    discovery.register(
        [
            (each, _embedded_says(each.candidate.words))
            if each.candidate.is_embedded
            else (each, discovery.answer(each))
            for each in questions
        ]
    )


@asynccontextmanager
async def supervised(
    patience: Patience = HASTY, *, keep: bool = False, follow: Follow = follow_nothing
) -> AsyncIterator[Supervised]:
    """Begins as the agent does. At the end all engines are stopped, unless they are to be kept."""
    found = Supervised(patience, follow)
    await rows(_discover)
    await found.supervisor.begin()
    try:
        yield found
    finally:
        await found.supervisor.end(keep=keep)


def processes_of_engines() -> list[psutil.Process]:
    """All that carry the mark of this installation."""
    return [psutil.Process(pid) for pid, _ in marked(owner())]
