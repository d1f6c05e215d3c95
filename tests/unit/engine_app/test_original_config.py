"""What the dashboard before this one, and this one, export as JSON."""

from __future__ import annotations

import json

import pytest

from engine_app.core.allow_list import AllowList
from engine_app.core.imported import ImportedError
from engine_app.core.original_config import looks_like_original, read_json, read_original
from engine_app.core.presets_json import read_presets

ALLOWED = AllowList()


def test_its_settings_become_the_defaults() -> None:
    router = {"ctxSize": 4096, "gpuLayers": 99, "temperature": 0.7, "modelsPath": "/srv"}
    data = {"routerConfig": router | {"odd": 1}, "loggingConfig": {"level": "info"}}
    (found,) = read_original(data, ALLOWED)
    assert found.is_defaults
    assert found.options == {"ctx-size": 4096, "n-gpu-layers": 99, "temp": 0.7}
    assert {left.what for left in found.left_out} == {"modelsPath", "odd", "loggingConfig"}


def test_its_older_keys_without_a_frame_are_known_too() -> None:
    data = {"ctx_size": "2048", "batch_size": 512, "threads": 4}
    assert looks_like_original(data)
    (found,) = read_original(data, ALLOWED)
    assert found.options == {"ctx-size": 2048, "batch-size": 512, "threads": 4}


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"a": }'])
def test_what_is_no_json_is_refused_with_words(text: str) -> None:
    with pytest.raises(ImportedError, match="not valid JSON"):
        read_json(text)


def test_exported_presets_are_read_back() -> None:
    data = [
        {"name": "*", "model": None, "is_default": True, "options": {"ctx-size": 4096}},
        {"name": "a", "model": "/m.gguf", "is_default": True, "options": {}, "notes": "mine"},
    ]
    first, second = read_presets(json.loads(json.dumps(data)), ALLOWED)
    assert (first.is_defaults, first.is_default) == (True, False)
    assert (second.model_path, second.is_default, second.notes) == ("/m.gguf", True, "mine")


@pytest.mark.parametrize("data", [[1], [{}], [{"options": []}], [{"options": {}}] * 600])
def test_other_lists_are_refused_with_words(data: list[object]) -> None:
    with pytest.raises(ImportedError):
        read_presets(data, ALLOWED)
