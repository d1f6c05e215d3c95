"""The command line of an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.allow_list import LaunchError
from engine_app.core.argv import UnknownToEngine, launch_argv, safe_alias

MODEL = Path("/srv/models/a model.gguf")


def argv(**over: Any) -> list[str]:
    given: dict[str, Any] = {
        "model_path": MODEL,
        "alias": "a-model",
        "port": 41_000,
        "options": {},
        "mmproj_path": None,
        "knows": lambda flag: True,
    }
    return launch_argv(over.pop("program", ["llama-server"]), **(given | over))


def test_ours_come_first_then_the_options_in_their_order() -> None:
    options = {"temp": 0.5, "ctx-size": 8192, "kv-offload": False, "swa-full": True}
    assert argv(program=["python", "-m", "engine"], options=options) == [
        *("python", "-m", "engine"),
        *("-m", str(MODEL), "--alias", "a-model", "--host", "127.0.0.1", "--port", "41000"),
        *("--metrics", "--slots", "--sse-ping-interval", "1", "--cors-origins", "localhost"),
        *("--no-cors-credentials", "--offline", "--no-ui"),
        *("--ctx-size", "8192", "--swa-full", "--no-kv-offload", "--temp", "0.5"),
    ]


def test_of_ours_only_what_the_build_knows_is_given() -> None:
    known = {"--metrics", "--no-webui"}
    words = argv(knows=known.__contains__)
    assert words[9:] == ["--metrics", "--no-webui"]


def test_a_projector_follows_its_model() -> None:
    assert argv(mmproj_path=Path("/srv/mmproj.gguf"))[3:5] == ["--mmproj", "/srv/mmproj.gguf"]


def test_an_option_goes_by_the_name_that_the_build_knows() -> None:
    words = argv(options={"n-gpu-layers": 9}, knows=lambda flag: flag == "--gpu-layers")
    assert words[-2:] == ["--gpu-layers", "9"]


def test_an_option_the_build_does_not_know_is_refused_with_the_near_one() -> None:
    known = {"--spec-draft-n-max"}
    with pytest.raises(UnknownToEngine, match="know --spec-draft-n-min.*mean --spec-draft-n-max"):
        argv(options={"spec-draft-n-min": 1}, knows=known.__contains__)


def test_a_switch_without_an_opposite_is_off_by_not_being_given() -> None:
    assert "--swa-full" not in argv(options={"swa-full": False}, knows=lambda flag: False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": {"tools": "all"}},
        {"options": {"ctx-size": "many"}},
        {"options": {"ctx-size": 8192, "-c": 4096}},
        {"options": {"cache-type-v": "q8_0", "flash-attn": "off"}},
        {"options": {"override-tensor": "x=CPU"}},
        {"model_path": Path("relative.gguf")},
        {"model_path": Path("/with\0nul")},
        {"mmproj_path": Path("-m")},
        {"alias": "--tools"},
        {"alias": "one,two"},
        {"alias": ""},
        {"port": 0},
        {"port": 70_000},
    ],
)
def test_what_is_not_allowed_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(LaunchError):
        argv(**wrong)


def test_a_permitted_flag_is_given_last() -> None:
    words = argv(options={"override-tensor": "x=CPU", "temp": 1}, extra=["ot"])
    assert words[-4:] == ["--temp", "1", "--override-tensor", "x=CPU"]


@given(st.text())
def test_any_name_becomes_an_alias_that_is_taken(name: str) -> None:
    alias = safe_alias(name)
    assert argv(alias=alias)[4] == alias
