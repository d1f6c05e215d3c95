"""Options that name files: numbers of the registry, never paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.allow_list import AllowList, LaunchError, WrongOptions
from engine_app.core.argv import launch_argv
from engine_app.core.command_line import read_command
from engine_app.core.flag_kinds import FlagError, Value
from engine_app.core.flags import FLAGS
from engine_app.core.registered import NotRegistered, Registered

FILES = {12: Path("/models/draft.gguf"), 14: Path("/models/a.gguf"), 15: Path("/models/b.gguf")}


def registered(name: str) -> Registered:
    flag = FLAGS[name]
    assert isinstance(flag, Registered)
    return flag


DRAFT, LORA = registered("spec-draft-model"), registered("lora")


def argv(options: dict[str, Value], known: tuple[str, ...] | None = None, **over: Any) -> list[str]:
    given: dict[str, Any] = {
        "model_path": Path("/models/m.gguf"), "alias": "m", "port": 18100, "mmproj_path": None,
        "knows": (lambda flag: True) if known is None else known.__contains__, "files": FILES,
    }  # fmt: skip
    return launch_argv(["llama-server"], options=options, **(given | over))


@pytest.mark.parametrize(
    ("flag", "raw", "value"),
    [
        (DRAFT, 12, 12),
        (DRAFT, " 12 ", 12),
        (LORA, 14, "14"),
        (LORA, "14, 15", "14,15"),
        (LORA, "14:0.5,15:-1", "14:0.5,15:-1"),
    ],
)
def test_numbers_are_taken(flag: Registered, raw: object, value: Value) -> None:
    assert flag.parse(raw) == value
    assert type(flag.parse(raw)) is type(value)


@pytest.mark.parametrize(
    ("flag", "raw"),
    [
        (DRAFT, "/etc/passwd"),
        (DRAFT, "12,13"),
        (DRAFT, "12:0.5"),
        (DRAFT, "-12"),
        (DRAFT, True),
        (DRAFT, 1.5),
        (DRAFT, None),
        (DRAFT, ["12"]),
        (DRAFT, ""),
        (DRAFT, "9" * 30),
        (DRAFT, "१२"),
        (LORA, "14,/etc/passwd"),
        (LORA, "14:0.5:0.5"),
        (LORA, "14:nan"),
        (LORA, "14,14"),
        (LORA, "14,,15"),
        (LORA, ",".join(map(str, range(1, 100)))),
        (LORA, "--tools"),
    ],
)
def test_nothing_else_is_taken(flag: Registered, raw: object) -> None:
    with pytest.raises(FlagError):
        flag.parse(raw)


@given(st.text(max_size=40))
def test_no_text_becomes_a_path(text: str) -> None:
    try:
        value = LORA.parse(text)
    except FlagError:
        return
    assert set(str(value)) <= set("0123456789,:.-")


def test_paths_stand_on_the_command_line() -> None:
    words = argv({"spec-draft-model": 12, "lora": "14,15"})
    assert words[words.index("--spec-draft-model") + 1] == "/models/draft.gguf"
    assert words[words.index("--lora") + 1] == "/models/a.gguf,/models/b.gguf"


def test_scales_have_an_option_of_their_own() -> None:
    words = argv({"lora": "14:0.5,15"})
    assert "--lora" not in words
    assert words[words.index("--lora-scaled") + 1] == "/models/a.gguf:0.5,/models/b.gguf:1.0"


def test_an_older_build_is_given_its_own_spelling() -> None:
    assert "--model-draft" in argv({"spec-draft-model": 12}, known=("--model-draft", "-md"))


def test_a_draft_model_is_also_used() -> None:
    words = argv({"spec-draft-model": 12})
    assert words[words.index("--spec-type") + 1] == "draft-simple"
    words = argv({"spec-draft-model": 12, "spec-type": "draft-eagle3"})
    assert words.count("--spec-type") == 1
    assert "draft-simple" not in words
    assert "--spec-type" not in argv({"spec-draft-model": 12}, known=("--spec-draft-model",))


def test_one_that_is_gone_is_said_and_not_left_out() -> None:
    with pytest.raises(LaunchError, match="Draft model: .* 99 is not in the registry any more"):
        argv({"spec-draft-model": 99})


@pytest.mark.parametrize("path", ["/models/a,b.gguf", "/models/a:b.gguf"])
def test_a_path_that_would_be_cut_is_refused(path: str) -> None:
    with pytest.raises(NotRegistered, match="rename"):
        LORA.located("14", {14: Path(path)})
    assert DRAFT.located(12, {12: Path(path)}) == path


@pytest.mark.parametrize("option", ["lora", "lora-scaled", "spec-draft-model", "md", "model-draft"])
def test_a_path_is_refused_under_every_name(option: str) -> None:
    with pytest.raises(WrongOptions, match="a path is not taken"):
        AllowList().check({option: "/etc/passwd"})


def test_a_pasted_command_keeps_its_paths_for_whoever_knows_the_registry() -> None:
    found = read_command(
        "llama-server -m /m.gguf -md /d.gguf --lora-scaled /a.gguf:0.5", AllowList()
    )
    assert not found.options
    draft, lora = found.files["spec-draft-model"], found.files["lora"]
    assert (draft.text, draft.has_scales) == ("/d.gguf", False)
    assert (lora.text, lora.has_scales) == ("/a.gguf:0.5", True)
