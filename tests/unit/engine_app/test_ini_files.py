"""Preset files of llama.cpp's router and of the dashboard before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.allow_list import AllowList
from engine_app.core.flag_kinds import FlagError, Value
from engine_app.core.flags import FLAGS
from engine_app.core.imported import ImportedError
from engine_app.core.ini_files import can_be_written, looks_like_ini, read_ini, write_ini
from engine_app.core.registered import Registered

ALLOWED = AllowList()
FILE = """\
; a comment
version = 1
stray = 1

[*]
c = 8192        ; for all
no-kv-offload = true

[ggml-org/model:Q4]
model = /srv/m.gguf
LLAMA_ARG_THREADS = 4
flash-attn = enabled
tools = all
load-on-startup = true
what is this
"""


def test_sections_become_presets_with_long_names_and_typed_values() -> None:
    defaults, model = read_ini(FILE, ALLOWED).presets
    assert defaults.is_defaults
    assert defaults.options == {"ctx-size": 8192, "kv-offload": False}
    assert (model.name, model.model_path) == ("ggml-org/model:Q4", "/srv/m.gguf")
    assert model.options == {"threads": 4, "flash-attn": "on"}


def test_nothing_is_dropped_without_a_word() -> None:
    file = read_ini(FILE, ALLOWED)
    assert {left.what for left in file.presets[1].left_out} == {"tools", "load-on-startup"}
    assert [(left.what, left.why) for left in file.left_out] == [
        ("stray", "Line 3 is outside any section."),
        ("what is this", "Line 15 is not “key = value”."),
    ]


def test_files_of_the_dashboard_before_are_read_and_their_own_parameters_reported() -> None:
    text = "LLAMA_CONFIG_VERSION = 1\n[*]\nctx-size = 4096\ndistractor = 3\nanti-prompt = x\n"
    file = read_ini(text, ALLOWED)
    assert file.presets[0].options == {"ctx-size": 4096}
    assert [left.what for left in file.presets[0].left_out] == ["distractor", "anti-prompt"]
    assert file.left_out == []


def test_a_section_that_comes_twice_is_one() -> None:
    (preset,) = read_ini("[a]\nc = 1024\n[a]\nc = 2048\nnp = 2\n", ALLOWED).presets
    assert preset.options == {"ctx-size": 2048, "parallel": 2}


def test_what_is_written_is_what_was_there() -> None:
    defaults: dict[str, Value] = {"ctx-size": 8192, "kv-offload": False, "temp": 0.25}
    model: dict[str, Value] = {"model": "/srv/a model.gguf", "jinja": True, "device": "CUDA0"}
    text = write_ini([("*", defaults), ("one/two:Q4", model)], "two\nlines")
    assert text.startswith("; two\n; lines\nversion = 1\n\n[*]\nctx-size = 8192\n")
    first, second = read_ini(text, ALLOWED).presets
    assert first.options == defaults
    assert second.model_path == "/srv/a model.gguf"
    assert second.options == {"device": "CUDA0", "jinja": True}


@given(st.data())
def test_any_options_survive_the_round_trip(data: st.DataObject) -> None:
    raw = st.one_of(st.integers(-1, 4096), st.floats(0, 1), st.booleans(), st.sampled_from(WORDS))
    options: dict[str, Value] = {}
    for name in data.draw(st.sets(st.sampled_from(IN_ONE_FILE), max_size=8)):
        try:
            options[name] = FLAGS[name].parse(data.draw(raw))
        except FlagError:
            continue
    (preset,) = read_ini(write_ini([("x", options)]), ALLOWED).presets
    assert preset.options == options
    assert preset.left_out == []


# Options that name files stand for numbers of the registry, and those are in no file.
IN_ONE_FILE = sorted(name for name, flag in FLAGS.items() if not isinstance(flag, Registered))
WORDS = ["on", "auto", "q8_0", "CUDA0", "1,2", "layer", "mean", "yarn", "top_k", "none"]


@pytest.mark.parametrize("value", ["a\nb", " a", "a ;b", "a;b", "a#b", "; a"])
def test_what_such_a_file_cannot_hold_is_known(value: str) -> None:
    assert not can_be_written(value)
    assert can_be_written("a: b\"c d'")


def test_files_that_are_too_large_are_refused() -> None:
    with pytest.raises(ImportedError, match="lines"):
        read_ini("\n" * 20_000, ALLOWED)
    with pytest.raises(ImportedError, match="sections"):
        read_ini("".join(f"[s{n}]\n" for n in range(600)), ALLOWED)
    with pytest.raises(ImportedError, match="KiB"):
        read_ini("x" * 300_000, ALLOWED)


def test_such_a_file_is_told_from_others() -> None:
    assert looks_like_ini(FILE.replace("stray = 1", ""))
    assert not looks_like_ini("models:\n  a:\n    cmd: llama-server\n")
    assert not looks_like_ini("llama-server -c 1")


@given(st.text(alphabet="[]=;#\n\r\t -acx1*\0\"'é"))
def test_any_text_is_read(text: str) -> None:
    for preset in read_ini(text, ALLOWED).presets:
        assert ALLOWED.check(preset.options) == preset.options
