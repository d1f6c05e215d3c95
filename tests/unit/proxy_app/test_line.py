"""The line's own memory of starts, of failures and of what others took."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from proxy_app import line as line_module
from proxy_app.engines import Address, Seen
from proxy_app.fresh import Fresh
from proxy_app.holders import NOBODY
from proxy_app.line import Line
from proxy_app.options import Values

TARGET = "1/0"
STOPPED = Seen(
    engine_id=7, model_id=1, preset_id=None, state="stopped", is_wanted=False, generation=0,
    observed_generation=0, port=None, ready_at=None, retry_at=None,
    changed_at=datetime(2026, 1, 1, tzinfo=UTC), reason_code="", reason="", advice="", phase="",
    progress=None,
)  # fmt: skip


class Engines:
    """What rows would say: a test writes them."""

    def __init__(self) -> None:
        self.seen = {TARGET: STOPPED}

    def say(self, **what: Any) -> None:
        self.seen[TARGET] = replace(self.seen[TARGET], **what)

    async def be_fresh(self, seconds: float = 1.0) -> None:
        await asyncio.sleep(0)

    def is_stale(self, seconds: float) -> bool:
        return False

    def forget(self) -> None:
        pass

    def address(self, target: str) -> Address | None:
        seen = self.seen[target]
        return Address(7, 1, "", 1, (1, None)) if seen.state == "ready" else None


class Entry:
    id, target, model_id, preset_id = "tiny", TARGET, 1, None


ENTRY: Any = Entry()


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Generations of the starts that were asked for."""
    asked: list[int] = []

    async def rows(function: Any, *given: Any) -> Any:
        if getattr(function, "__name__", "") == "start_rows":
            asked.append(10 * len(asked) + 10)
            return asked[-1]
        return None

    for name in ("rows", "written"):
        if hasattr(line_module, name):
            monkeypatch.setattr(line_module, name, rows)
    monkeypatch.setattr(line_module, "FRESH_SECONDS", 0.02)
    monkeypatch.setattr(line_module, "WATCHED_SECONDS", 0.02)
    return asked


def made() -> tuple[Line, Engines]:
    engines: Any = Engines()

    async def values() -> Values:
        return Values()

    return Line(engines, Fresh(values, Values())), engines


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_a_model_whose_client_left_while_it_loaded_can_be_asked_for_again(
    starts: list[int],
) -> None:
    line, engines = made()
    first = asyncio.ensure_future(line.place(NOBODY, ENTRY))
    await until(lambda: starts == [10])
    engines.say(state="starting", is_wanted=True, generation=10, observed_generation=10)
    first.cancel()
    await asyncio.sleep(0.1)
    engines.say(state="ready", ready_at=datetime.now(UTC))
    await asyncio.sleep(0.1)
    engines.say(state="stopped", is_wanted=False, generation=11, observed_generation=11)
    await asyncio.sleep(0.1)
    second = asyncio.ensure_future(line.place(NOBODY, ENTRY))
    await until(lambda: starts == [10, 20])
    engines.say(state="ready", is_wanted=True, generation=20, observed_generation=20)
    ticket, address = await asyncio.wait_for(second, 10)
    assert address.engine_id == 7
    line.leave(ticket)
    await line.close()


@pytest.mark.asyncio
async def test_a_load_is_timed_by_the_moment_it_was_ready(starts: list[int]) -> None:
    line, engines = made()
    work = asyncio.ensure_future(line.place(NOBODY, ENTRY))
    await until(lambda: starts == [10])
    use = line._use(TARGET)
    assert use.asked_at is not None
    use.asked_at -= 600  # ten minutes ago
    ready_at = datetime.now(UTC) - timedelta(seconds=598)
    engines.say(
        state="ready", ready_at=ready_at, is_wanted=True, generation=10, observed_generation=10
    )
    ticket, _ = await asyncio.wait_for(work, 10)
    assert use.load_seconds < 10
    line.leave(ticket)
    await line.close()


@pytest.mark.asyncio
async def test_a_failure_is_told_for_a_while_and_then_tried_again(starts: list[int]) -> None:
    line, engines = made()
    work = asyncio.ensure_future(line.place(NOBODY, ENTRY))
    await until(lambda: starts == [10])
    engines.say(
        state="failed", is_wanted=True, generation=10, observed_generation=10,
        changed_at=datetime.now(UTC), reason="was not started: no", reason_code="bad_flag",
    )  # fmt: skip
    with pytest.raises(Exception, match="no"):
        await asyncio.wait_for(work, 10)
    line._use(TARGET).failed_at -= 60
    engines.say(changed_at=datetime.now(UTC) - timedelta(seconds=60))
    again = asyncio.ensure_future(line.place(NOBODY, ENTRY))
    await until(lambda: starts == [10, 20])
    again.cancel()
    await line.close()
