from __future__ import annotations

import pytest

from tests.requirements_here import need


def test_what_is_there_is_used() -> None:
    need(True, "nothing is missing")


def test_what_is_missing_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLAMADASH_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no browser here"):
        need(False, "no browser here")


def test_where_all_is_required_what_is_missing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMADASH_REQUIRE", "all")
    with pytest.raises(pytest.fail.Exception, match="no browser here"):
        need(False, "no browser here")
