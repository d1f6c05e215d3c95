"""Brings a process to its end, and finds out why it has ended."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Sequence
from typing import Final

from engine_app.core import reasons
from engine_app.core.verdict import Verdict, verdict
from engine_app.process import Exit
from engine_app.running.launching import Running, first_line
from engine_app.running.occupied import may_be_busy
from engine_app.running.patience import Patience
from logs_app.tail import last_lines

logger = logging.getLogger(__name__)
KEPT_LINES: Final = 50
READ_LINES: Final = 400  # the first complaint counts, and a usage text may stand behind it
LOOK_SECONDS: Final = 0.25  # how soon a hurry is noticed
SLOTS_SECONDS: Final = 2.0  # from one question for its requests to the next


async def end(running: Running, patience: Patience) -> None:
    """There is no process when this returns. One that no signal ends is waited for, and said."""
    child = running.child
    child.signal(signal.SIGTERM)
    if await child.wait(min(patience.second_term, patience.kill)):
        return
    child.signal(signal.SIGTERM)
    if await child.wait(max(0.0, patience.kill - patience.second_term)):
        return
    while not child.ended.is_set():
        child.kill_group()
        if not await child.wait(patience.kill):
            logger.error("process %s does not end even by SIGKILL: waits for a disk?", child.pid)


async def drain(running: Running, seconds: float, hurries: Callable[[], bool]) -> None:
    """Waits for the requests that are being answered; all the time for one that does not say."""
    asks_at = time.monotonic()
    deadline = asks_at + seconds
    while not hurries() and time.monotonic() < deadline:
        if time.monotonic() >= asks_at:
            if not await may_be_busy(running):
                return
            asks_at = time.monotonic() + SLOTS_SECONDS
        if await running.child.wait(LOOK_SECONDS):
            return


def last_words(source: str, running: Running) -> list[str]:
    """What this very process has printed, as far as it is not too much."""
    try:
        lines = last_lines(source, READ_LINES, running.since - 1)
    except OSError as error:
        logger.warning("the log of %s cannot be read: %s", source, error)
        return []
    begin = first_line(running.run_id)
    starts = [n for n, line in enumerate(lines) if line == begin]
    return lines[starts[-1] + 1 :] if starts else lines


BACKGROUND: Final = Verdict(
    reasons.BACKGROUND,
    "ended at once and left another process behind: it puts itself into the background",
    "Give the program itself, in the foreground: without setsid, nohup or an option like --daemon.",
)


def cause(ended: Exit, lines: Sequence[str], *, was_ready: bool, n_left_behind: int) -> Verdict:
    """`n_left_behind` processes of its own lived on when it had ended. Costs some CPU."""
    if ended.code == 0 and n_left_behind and not was_ready:
        return BACKGROUND
    return verdict(ended.code, ended.signal, lines)
