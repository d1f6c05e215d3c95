"""Charts of the Monitoring page, with figures that the tests make up."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.live_feed import Feed, wait_for_charts

QUERY = re.compile(r"/api/metrics/query/")
CPU = "live-chart:has(#h-cpu)"


class Figures:
    """What the API answers: `value(key, index)` for each of 60 steps."""

    def __init__(self, page: Page, value: Callable[[str, int], float | None]) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self._value = value
        page.route(QUERY, self._answer)

    def _answer(self, route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)
        self.asked.append(asked)
        if self.status != 200:
            error = {"error": {"code": "busy", "message": "The database is busy.", "detail": None}}
            route.fulfill(status=self.status, json=error, headers=self.headers)
            return
        start, end = float(asked["start"][0]), float(asked["end"][0])
        step = max(1, round((end - start) / 60))
        series, summary = {}, {}
        for key in asked["series"]:
            avg = [self._value(key, index) for index in range(60)]
            series[key] = {"avg": avg, "min": avg, "max": avg}
            summary[key] = {"now": avg[-1], "min": 0.1, "avg": 0.2, "max": 0.3, "p95": None}
        route.fulfill(json={
            "start": round(start), "step": step, "tier": "x", "series": series, "summary": summary
        })  # fmt: skip


def wave(key: str, index: int) -> float | None:
    return None if 20 <= index < 25 else 0.2 + index / 100


def cut_off(page: Page) -> None:
    """All charts follow, and what they show has ended long ago: they ask for it in every tick."""
    feed = Feed(page)
    wait_for_charts(page, "/monitoring/?range=5m")
    expect(page.locator(f"{CPU} canvas")).to_be_visible()
    feed.wait_for("sub")
    at = page.evaluate("Date.now() / 1000")
    feed.schema("host", "host/cpu_ratio", "host/uptime_seconds")
    feed.send(op="snap", topic="host", seq=1, t=at + 100, v=[0.77, 5])


def opened(page: Page) -> Page:
    wait_for_charts(page, "/monitoring/?range=1h")
    expect(page.locator(f"{CPU} canvas")).to_be_visible()
    return page


def cell(page: Page, part: str) -> Locator:
    return page.locator(f"{CPU} tr[data-series='host/cpu_ratio'] [data-part={part}]")


def drag(page: Page, start: float, end: float) -> None:
    """Over the drawing of the CPU, from one part of its width to another."""
    box = page.locator(f"{CPU} .u-over").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, y, steps=4)
    page.mouse.up()
