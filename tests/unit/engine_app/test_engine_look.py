from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from engine_app.core import states
from engine_app.pages.engine_look import look

VECTORS = json.loads(Path(__file__).with_name("engine_look_vectors.json").read_text())


@pytest.mark.parametrize(("given", "expected"), VECTORS, ids=lambda each: "-".join(map(str, each)))
def test_a_state_reads_as_glyph_and_word(given: list[Any], expected: list[str]) -> None:
    assert list(astuple(look(*given))) == expected


def test_every_state_is_among_the_vectors() -> None:
    """The browser is held to the same ones."""
    assert {given[0] for given, _ in VECTORS} == set(states.STATES)
