"""Commands that people paste."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.allow_list import AllowList
from engine_app.core.command_line import looks_like_command, read_arguments, read_command
from engine_app.core.imported import Imported, ImportedError

ALLOWED = AllowList()


def read(text: str, allowed: AllowList = ALLOWED) -> Imported:
    return read_command(text, allowed, "pasted")


def reasons(found: Imported) -> dict[str, str]:
    return {left.what: left.why for left in found.left_out}


def test_options_model_and_alias_are_found() -> None:
    found = read("llama-server -m '/srv/a model.gguf' -a one,two -c 8192 -ngl 99 --temp -1 -nkvo")
    assert found.model_path == "/srv/a model.gguf"
    assert found.alias == "one"
    assert found.options == {"ctx-size": 8192, "n-gpu-layers": 99, "kv-offload": False, "temp": -1}
    assert found.left_out == []


def test_lines_that_go_on_prompts_and_comments_are_understood() -> None:
    found = read("$ ./llama-server \\\n  --ctx-size 4096 \\\r\n  -fa on  # fast\n")
    assert found.options == {"ctx-size": 4096, "flash-attn": "on"}


def test_a_value_may_be_joined_by_an_equals_sign() -> None:
    assert read("llama-server --ctx-size=4096").options == {"ctx-size": 4096}


def test_flash_attention_without_a_value_is_on_as_in_older_builds() -> None:
    assert read("llama-server -fa -c 1024").options == {"ctx-size": 1024, "flash-attn": "on"}


def test_what_is_refused_is_left_out_with_its_values_and_the_reason() -> None:
    found = read("llama-server --tools all --api-key secret --host 0.0.0.0 -c 512 --bogus 1 2")
    assert found.options == {"ctx-size": 512}
    assert set(reasons(found)) == {"--tools", "--api-key", "--host", "--bogus"}
    assert "run programs" in reasons(found)["--tools"]
    assert "secret" not in str(found)


def test_wrong_and_missing_values_are_left_out_with_the_reason() -> None:
    found = read("llama-server -c many --temp --parallel 2 stray --jinja stray")
    assert found.options == {"parallel": 2, "jinja": True}
    assert "whole number" in reasons(found)["-c"]
    assert "missing" in reasons(found)["--temp"]
    assert "does not take" in reasons(found)["stray"]


def test_words_before_the_program_are_not_options() -> None:
    found = read("docker run --rm -p 8080:8080 -v /m:/m image /app/llama-server -c 512 -p 1")
    assert found.options == {"ctx-size": 512}
    assert set(reasons(found)) == {"-p"}


def test_variables_before_the_program_are_options_or_left_out() -> None:
    found = read("LLAMA_ARG_CTX_SIZE=2048 CUDA_VISIBLE_DEVICES=0 llama-server -t 4")
    assert found.options == {"ctx-size": 2048, "threads": 4}
    assert set(reasons(found)) == {"CUDA_VISIBLE_DEVICES"}


def test_what_is_for_the_shell_ends_the_command() -> None:
    found = read("llama-server -c 512 2>&1 | tee -a log --tools all")
    assert found.options == {"ctx-size": 512}
    assert any("shell" in why for why in reasons(found).values())


def test_a_permitted_flag_takes_one_value_or_none() -> None:
    allowed = AllowList(["ot", "brand-new"])
    found = read("llama-server -ot 'blk.*=CPU' --brand-new -c 512", allowed)
    wanted = {"ctx-size": 512, "override-tensor": "blk.*=CPU", "brand-new": True}
    assert found.options == wanted


def test_an_open_quote_and_too_many_words_are_no_command() -> None:
    with pytest.raises(ImportedError, match="not a command line"):
        read("llama-server -m 'open")
    with pytest.raises(ImportedError, match="words"):
        read("x " * 5000)
    with pytest.raises(ImportedError, match="KiB"):
        read("x" * 300_000)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("llama-server -c 1", True), ("-c 1", True), ("./bin/llama-server", True), ("[*]", False)],
)
def test_a_command_is_told_from_a_file(text: str, is_one: bool) -> None:
    assert looks_like_command(text) is is_one


@given(st.text())
def test_any_text_is_a_command_or_is_refused_with_words(text: str) -> None:
    try:
        found = read(text)
    except ImportedError as error:
        assert str(error)
    else:
        assert ALLOWED.check(found.options) == found.options


def test_of_a_field_for_arguments_no_sign_is_for_a_shell() -> None:
    allowed = AllowList(["ot", "brand-new"])
    found = read_arguments("-ot '|' --brand-new=false -c 512 # x", allowed)
    assert found.options == {"ctx-size": 512, "override-tensor": "|", "brand-new": False}
    assert [left.what for left in found.left_out] == ["#", "x"]
