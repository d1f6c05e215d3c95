from __future__ import annotations

import json
from typing import Any

from proxy_app.dialects.llamacpp import _differences

States = dict[str, dict[str, Any]]


def told(before: States, now: States) -> list[tuple[str, str]]:
    said = [json.loads(each.removeprefix(b"data: ")) for each in _differences(before, now)]
    return [(each["model"], each["event"]) for each in said]


def test_a_load_begins_with_a_model_status_and_goes_on_with_changes() -> None:
    stopped, ready = {"m": {"status": "unloaded"}}, {"m": {"status": "loaded"}}
    half = {"m": {"status": "loading", "progress": {"value": 0.5}}}
    more = {"m": {"status": "loading", "progress": {"value": 0.7}}}
    assert told(stopped, half) == [("m", "model_status")]
    assert told(half, more) == [("m", "status_change")]
    assert told(more, ready) == [("m", "status_change")]
    assert told(ready, ready) == []


def test_a_model_that_comes_or_goes_has_the_list_read_anew() -> None:
    one, none = {"m": {"status": "unloaded"}}, States()
    assert told(none, one) == [("*", "models_reload")]
    assert told(one, none) == [("m", "model_remove"), ("*", "models_reload")]
