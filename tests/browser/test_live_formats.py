"""The browser writes figures as the server does: one table of vectors binds both."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from playwright.sync_api import Page

from llamadash import formats
from tests.browser.live_feed import Feed, module

pytestmark = pytest.mark.browser

VECTORS = json.loads((Path(__file__).parents[1] / "unit/llamadash/format_vectors.json").read_text())
WRITE = """([name, values]) => %s.then((m) => values.map((value) => m[name](value)))"""


@pytest.fixture(scope="module")
def halves() -> list[float]:
    """Values whose last digit is a half, where roundings differ, and many others."""
    dice = random.Random(5)
    found = [dice.randrange(8_000) / 8 for _ in range(500)]
    found += [dice.randrange(4_000) / 4 for _ in range(500)]
    found += [dice.randrange(2**30) / 2 for _ in range(500)]
    return found + [dice.random() * 10.0 ** dice.randrange(-4, 12) for _ in range(500)]


def test_figures_read_the_same_in_the_browser(page: Page, halves: list[float]) -> None:
    Feed(page)
    page.goto("/settings/scanning/")
    for name, pairs in VECTORS.items():
        values = [value for value, _ in pairs] + halves
        written = page.evaluate(WRITE % module("formats"), [name, values])
        expected = [text for _, text in pairs] + [getattr(formats, name)(v) for v in halves]
        different = [row for row in zip(values, expected, written, strict=True) if row[1] != row[2]]
        assert different == [], name


def test_what_is_no_number_is_a_dash_in_the_browser(page: Page) -> None:
    Feed(page)
    page.goto("/settings/scanning/")
    odd = "[NaN, Infinity, -Infinity, undefined, null, '7']"
    for name in VECTORS:
        written = page.evaluate(f"{module('formats')}.then((m) => {odd}.map(m.{name}))")
        assert written == ["-"] * 6, name


def test_every_unit_has_the_same_format_in_the_browser(page: Page) -> None:
    Feed(page)
    page.goto("/settings/scanning/")
    names = page.evaluate(
        f"{module('formats')}.then((m) => Object.entries(m.BY_UNIT).map(([k, f]) => [k, f.name]))"
    )
    assert dict(names) == formats.BY_UNIT
