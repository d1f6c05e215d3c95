"""What this machine cannot offer is skipped with the reason, or fails where all is required."""

from __future__ import annotations

import os

import pytest


def need(condition: bool, what: str) -> None:
    """Skips the test unless `condition` holds; fails it when LLAMADASH_REQUIRE is "all"."""
    if condition:
        return
    if os.environ.get("LLAMADASH_REQUIRE") == "all":
        pytest.fail(f"LLAMADASH_REQUIRE=all, but {what}")
    pytest.skip(what)
