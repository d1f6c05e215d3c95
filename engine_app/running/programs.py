"""Finds out which programs can run models; one of them that hangs does not hold up every start."""

from __future__ import annotations

import asyncio
import logging
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from engine_app import discovery
from engine_app.discovery import Question
from engine_app.models import BinaryKind
from engine_app.probing import Probe
from engine_app.running.rows import rows

logger = logging.getLogger(__name__)
# While another works, one that is silent is waited for so long: a first answer may take the time to
# read libraries from a slow disk, one that did not work before is not worth much.
SILENCE_SECONDS: Final = 8.0
FAILED_BEFORE_SECONDS: Final = 1.0
NOT_YET: Final = "It has not answered yet."

Answers = Mapping[Question, "asyncio.Task[Probe | None]"]


@dataclass(slots=True)
class Programs:
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _seen: list[discovery.Candidate] | None = None
    _late: set[asyncio.Task[None]] = field(default_factory=set)

    async def find(self) -> None:
        """Brings the rows to what there is. Cheap when nothing has changed since the last time."""
        async with self._looking:
            found = await asyncio.to_thread(discovery.candidates)
            if found == self._seen:
                return
            asked = await rows(discovery.questions, found)
            answers = {
                each: asyncio.create_task(asyncio.to_thread(discovery.answer, each))
                for each in asked
            }
            await _enough(answers)
            said = [(each, _said(each, answer)) for each, answer in answers.items()]
            await rows(discovery.register, said)
            works = all(answer is None or not answer.problem for _, answer in said)
            self._seen = found if works else None
            self._expect({each: answer for each, answer in answers.items() if not answer.done()})

    def _expect(self, silent: Answers) -> None:
        if silent:
            names = ", ".join(shlex.join(each.candidate.words) for each in silent)
            logger.warning("not waited for any longer, others are used until it answers: %s", names)
            task = asyncio.create_task(_take_late(silent), name="programs that answer late")
            self._late.add(task)
            task.add_done_callback(self._late.discard)


async def _enough(answers: Answers) -> None:
    """Returns when all have answered, or when what has answered will do."""
    began = time.monotonic()
    while pending := {each: answer for each, answer in answers.items() if not answer.done()}:
        left: float | None = None
        if _is_enough(answers):
            left = began + max(map(_patience, pending)) - time.monotonic()
            if left <= 0:
                return
        await asyncio.wait(pending.values(), timeout=left, return_when=asyncio.FIRST_COMPLETED)


def _is_enough(answers: Answers) -> bool:
    """Not without the one that the operator has named: no other is taken in its place."""
    named = [each for each in answers if each.candidate.kind == BinaryKind.CONFIGURED]
    if any(not answers[each].done() for each in named):
        return False
    return any(answer.done() and _works(each, answer.result()) for each, answer in answers.items())


def _works(question: Question, answer: Probe | None) -> bool:
    if not question.is_enabled:
        return False
    return question.worked is True if answer is None else not answer.problem


def _patience(question: Question) -> float:
    return FAILED_BEFORE_SECONDS if question.worked is False else SILENCE_SECONDS


def _said(question: Question, answer: asyncio.Task[Probe | None]) -> Probe | None:
    if answer.done():
        return answer.result()
    return None if question.worked is False else Probe(NOT_YET)


async def _take_late(silent: Answers) -> None:
    for question, answer in silent.items():
        await rows(discovery.register_late, question, await answer)
