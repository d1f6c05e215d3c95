"""What a llama-server says of its flags."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.help_text import MAX_FLAGS, MAX_HELP, parse_help

# Facts as a late-2026 build words them.
HELP = """----- common params -----

-h,    --help, --usage                  print usage and exit
-c,    --ctx-size N                     size of the prompt context (default: 0, 0 = loaded from model)
                                        (env: LLAMA_ARG_CTX_SIZE)
-tb,   --threads-batch N                number of threads to use during batch and prompt processing (default:
                                        same as --threads)
-fa,   --flash-attn [on|off|auto]       set Flash Attention use ('on', 'off', or 'auto', default: 'auto')
                                        (env: LLAMA_ARG_FLASH_ATTN)
-kvo,  --kv-offload, -nkvo, --no-kv-offload
                                        whether to enable KV cache offloading (default: enabled)
                                        (env: LLAMA_ARG_KV_OFFLOAD)
-ctk,  --cache-type-k TYPE              KV cache data type for K
                                        allowed values: f32, f16, q8_0
                                        (default: f16)
-lm,   --load-mode MODE                 model loading mode (default: auto)
                                        - auto: mmap, unless a device does not support it
                                        - none: no special loading mode
-ot,   --override-tensor <tensor name pattern>=<buffer type>,...
                                        override tensor buffer type


----- sampling params -----

--samplers SAMPLERS                     samplers, separated by ';'
                                        (default:
                                        penalties;dry;top_k)
--sleep-idle-seconds SECONDS            number of seconds of idleness (default: -1; -1 = disabled)
--swa-full                              use full-size SWA cache (default: false)
                                        [(more
                                        info)](https://example.invalid/13194#issuecomment)
"""  # noqa: E501
ARGPARSE = """usage: engine [-h] [-m FILE]

options:
  -h, --help            show this help message and exit
  -m FILE, --model FILE
  -c N, --ctx-size N    tokens (default: 4096)
  --metrics
  --pooling {none,mean}
"""


def test_every_spelling_leads_to_what_is_said() -> None:
    known = parse_help(HELP)
    assert known["-c"] is known["--ctx-size"]
    assert known["--no-kv-offload"].names == ("-kvo", "--kv-offload", "-nkvo", "--no-kv-offload")
    assert "--tools" not in known


def test_hint_help_default_and_variable_are_told_apart() -> None:
    flag = parse_help(HELP)["--ctx-size"]
    assert (flag.hint, flag.default, flag.env) == ("N", "0", "LLAMA_ARG_CTX_SIZE")
    assert flag.help == "size of the prompt context (default: 0, 0 = loaded from model)"


def test_defaults_are_read_in_the_ways_they_are_written() -> None:
    known = parse_help(HELP)
    assert known["--threads-batch"].default == "same as --threads"
    assert known["--flash-attn"].default == "auto"
    assert known["--samplers"].default == "penalties;dry;top_k"
    assert known["--sleep-idle-seconds"].default == "-1"
    assert known["--override-tensor"].default == ""


def test_choices_are_read_in_the_ways_they_are_written() -> None:
    known = parse_help(HELP)
    assert known["--flash-attn"].choices == ("on", "off", "auto")
    assert known["--cache-type-k"].choices == ("f32", "f16", "q8_0")
    assert known["--load-mode"].choices == ("auto", "none")


def test_a_hint_with_blanks_is_no_help() -> None:
    flag = parse_help(HELP)["-ot"]
    assert flag.hint == "<tensor name pattern>=<buffer type>,..."
    assert flag.help == "override tensor buffer type"


def test_links_are_left_out() -> None:
    assert parse_help(HELP)["--swa-full"].help == "use full-size SWA cache (default: false)"


def test_the_layout_of_argparse_is_read_too() -> None:
    known = parse_help(ARGPARSE)
    assert known["--model"].names == ("-m", "--model")
    assert known["-c"].hint == "N"
    assert known["-c"].default == "4096"
    assert known["--metrics"].hint == ""
    assert known["--pooling"].choices == ("none", "mean")


def test_long_help_and_many_flags_are_cut() -> None:
    assert len(parse_help("--one  " + "x" * 5000)["--one"].help) == MAX_HELP
    many = parse_help("\n".join(f"--flag-{n}  help" for n in range(MAX_FLAGS + 100)))
    assert len(many) == MAX_FLAGS


@pytest.mark.parametrize(
    "text",
    [
        "-a, " * 100_000,
        "-m FILE, " * 50_000,
        "--x  " + "[(" * 200_000,
        "--x  y\n" + "      default: a;\n" * 25_000,
        "--x  allowed values: " + "a, " * 130_000,
    ],
)
def test_no_help_takes_long_to_read(text: str) -> None:
    """The first took 10 seconds."""
    started = time.process_time()
    assert parse_help(text)
    assert time.process_time() - started < 1


def test_help_is_read_without_what_steers_a_terminal() -> None:
    flag = parse_help("--one  \x1b[31mred\x1b[0m \x00 and \u202eturned (default: \x07b)")["--one"]
    assert flag.help == "red \ufffd and \ufffdturned (default: \ufffdb)"


@given(st.text(alphabet="-ab c,N[]()<>|:;'\n\t{}=."))
def test_any_text_is_read(text: str) -> None:
    for spelling, flag in parse_help(text).items():
        assert spelling in flag.names
        assert spelling.startswith("-")
