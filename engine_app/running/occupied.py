"""Whether an engine works on something."""

from __future__ import annotations

from typing import Final

from engine_app.health import busy_slots, is_sleeping
from engine_app.running.launching import Running

ANSWER_SECONDS: Final = 2.0


async def may_be_busy(running: Running) -> bool:
    """Also when it does not say. One that sleeps is not: asking for its slots would wake it."""
    if running.is_asleep:
        return False
    if running.sleeps_by_itself and await is_sleeping(
        running.port, running.key, seconds=ANSWER_SECONDS
    ):
        return False
    return await busy_slots(running.port, running.key, seconds=ANSWER_SECONDS) != 0
