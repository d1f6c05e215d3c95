"""Only what is on the list is taken, whatever it is called."""

from __future__ import annotations

import pytest

from engine_app.core.allow_list import AllowList, Refused, WrongOptions, bare
from engine_app.core.argv import words
from engine_app.core.flags import FLAGS
from engine_app.core.refused_flags import OURS_ALONE, REFUSED, RUNS

ALLOWED = AllowList()


def dashed(name: str) -> str:
    return f"-{name}" if len(name) < 5 else f"--{name}"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_dangerous_flag_is_refused_under_each_of_its_names(name: str) -> None:
    for spelling in (dashed(name), f"--{name}", name, f"--{name.replace('-', '_')}"):
        with pytest.raises(Refused):
            ALLOWED.find(spelling)


@pytest.mark.parametrize(
    "spelling", ["LLAMA_ARG_TOOLS", "LLAMA_ARG_STATIC_PATH", "LLAMA_ARG_MODEL", "LLAMA_API_KEY"]
)
def test_a_dangerous_flag_is_refused_under_its_variable(spelling: str) -> None:
    with pytest.raises(Refused):
        ALLOWED.find(spelling)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("-c", "ctx-size"),
        ("--ctx_size", "ctx-size"),
        ("c", "ctx-size"),
        ("LLAMA_ARG_CTX_SIZE", "ctx-size"),
        ("LLAMA_ARG_THINK", "reasoning-format"),
        ("-ngl", "n-gpu-layers"),
        ("--gpu-layers", "n-gpu-layers"),
        ("-nkvo", "kv-offload"),
    ],
)
def test_an_option_is_found_under_each_of_its_names(spelling: str, name: str) -> None:
    assert ALLOWED.find(spelling).flag.name == name


@pytest.mark.parametrize("spelling", ["", "-", "--", "---ctx-size", "-C", "--CTX-SIZE", "-- c"])
def test_what_llama_server_would_not_take_for_an_option_is_refused(spelling: str) -> None:
    with pytest.raises(Refused):
        ALLOWED.find(spelling)


def test_an_opposite_turns_the_value_around() -> None:
    assert ALLOWED.read("no-kv-offload", "true") == ("kv-offload", False)
    assert ALLOWED.read("--no-warmup", False) == ("warmup", True)
    with pytest.raises(WrongOptions):
        ALLOWED.read("no-warmup", "maybe")


def test_a_misspelt_option_is_answered_with_the_near_one() -> None:
    with pytest.raises(Refused, match="did you mean --swa-full"):
        ALLOWED.find("--swa-fulll")


def test_checked_options_are_in_the_fixed_order_under_their_long_names() -> None:
    given = {"temp": "0.5", "-c": "4096", "flash-attn": True}
    checked = ALLOWED.check(given)
    assert list(checked.items()) == [("ctx-size", 4096), ("flash-attn", "on"), ("temp", 0.5)]


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(WrongOptions) as caught:
        ALLOWED.check({"ctx-size": "x", "tools": "all", "temp": 0.5, "--temperature": 0.7})
    assert set(caught.value.problems) == {"ctx-size", "tools", "--temperature"}
    assert RUNS in caught.value.problems["tools"]


def test_too_many_options_are_refused() -> None:
    with pytest.raises(WrongOptions, match="More than"):
        ALLOWED.check({f"o{n}": 1 for n in range(300)})


def test_an_owner_may_permit_a_flag_under_any_of_its_names() -> None:
    allowed = AllowList(["ot", "brand-new-flag"])
    assert allowed.read("--override-tensor", "blk=CPU") == ("override-tensor", "blk=CPU")
    assert allowed.read("-ot", "blk=CPU") == ("override-tensor", "blk=CPU")
    assert allowed.read("--brand-new-flag", True) == ("brand-new-flag", True)
    with pytest.raises(Refused):
        allowed.find("--tools")


@pytest.mark.parametrize("name", sorted(OURS_ALONE))
def test_what_llamadash_sets_cannot_be_permitted(name: str) -> None:
    with pytest.raises(Refused):
        AllowList([name])


def test_no_listed_option_is_a_refused_one() -> None:
    listed = {bare(s) for flag in FLAGS.values() for s in (*flag.spellings, *flag.opposites)}
    assert not listed & REFUSED.keys()


def test_the_opposite_of_a_permitted_flag_switches_it_off() -> None:
    allowed = AllowList(["no-mmproj", "props"])
    assert allowed.read("--no-props", True) == ("props", False)
    assert allowed.read("no-mmproj", "true") == ("mmproj-auto", False)
    flags = allowed.flags
    assert words(flags["mmproj-auto"], False, lambda flag: True) == ["--no-mmproj"]
    assert words(flags["props"], False, lambda flag: True) == ["--no-props"]


def test_the_words_for_on_and_off_are_that_for_a_permitted_flag_wherever_they_come_from() -> None:
    allowed = AllowList(["brand-new"])
    for raw, value in ((True, True), ("true", True), ("false", False), (5, "5"), ("on", "on")):
        assert allowed.read("brand-new", raw) == ("brand-new", value)
    assert words(allowed.flags["brand-new"], False, lambda flag: True) == []


def test_a_sparing_list_looks_for_few_near_names_and_changes_no_other() -> None:
    spared = ALLOWED.sparing(1)
    for looked, list_ in ((True, spared), (False, spared), (True, ALLOWED), (True, ALLOWED)):
        with pytest.raises(Refused) as caught:
            list_.find("--swa-fulll")
        assert ("did you mean" in str(caught.value)) is looked
