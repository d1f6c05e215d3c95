from __future__ import annotations

from engine_app.pages.engine_command import HIDDEN, shown, without_secrets


def test_flags_stand_with_their_values_below_the_program() -> None:
    found = shown(["/opt/python", "-m", "embedded", "--ctx-size", "8192", "--metrics"], 3)
    assert found.program == "/opt/python -m embedded"
    assert found.lines == (("--ctx-size", "8192"), ("--metrics", ""))
    assert found.text == "/opt/python -m embedded --ctx-size 8192 --metrics"


def test_a_negative_number_is_a_value() -> None:
    assert shown(["llama-server", "--seed", "-1"], 1).lines == (("--seed", "-1"),)


def test_what_looks_like_a_key_is_hidden_everywhere() -> None:
    argv = ["llama-server", "--api-key", "abc", "--hf-token=def", "--api-key-file", "/k"]
    found = shown(argv, 1)
    assert found.lines == (
        ("--api-key", HIDDEN),
        ("--hf-token", HIDDEN),
        ("--api-key-file", "/k"),
    )
    assert "abc" not in found.text and "def" not in found.text


def test_words_with_blanks_can_be_copied() -> None:
    found = shown(["/my tools/llama-server", "-m", "/my models/a.gguf"], 1)
    assert found.text == "'/my tools/llama-server' -m '/my models/a.gguf'"


def test_the_words_of_a_command_stay_as_they_are_but_for_what_looks_like_a_key() -> None:
    argv = ["x", "--hf-token", "abc", "--api-key=def", "--seed", "-1", "-m", "/a b.gguf"]
    assert without_secrets(argv) == [
        *("x", "--hf-token", HIDDEN, f"--api-key={HIDDEN}"),
        *("--seed", "-1", "-m", "/a b.gguf"),
    ]
