"""What llama-server really printed, and what is made of it."""

from __future__ import annotations

import signal
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.verdict import verdict

BIND = "couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 18100"


@pytest.mark.parametrize(
    ("line", "code", "word"),
    [
        (f"0.00.007.000 E srv  start: {BIND}", "port_taken", "port"),
        (
            "0.00.014.863 E gguf_init_from_file: failed to open GGUF file '/m/a.gguf' "
            "(No such file or directory)",
            "missing_file",
            "find",
        ),
        (
            "0.00.001.000 E gguf_init_from_file_ptr: invalid magic characters: 'hell', "
            "expected 'GGUF'",
            "not_gguf",
            "GGUF",
        ),
        (
            "0.00.001.000 E gguf_init: this GGUF file is version 9 but this software only "
            "supports up to version 3",
            "newer_format",
            "version 9",
        ),
        (
            "0.00.001.000 E llama_model_load: error loading model: tensor 'output.weight' data is "
            "not within the file bounds, model is corrupted or incomplete",
            "truncated",
            "cut short",
        ),
        ("error: invalid argument: --nonsense", "bad_flag", "--nonsense"),
        ('error while handling argument "--port": stoi', "bad_value", "--port"),
        (
            "0.00.001.000 E llama_model_load: error loading model: unknown model architecture: "
            "'glm9'",
            "unknown_architecture",
            "glm9",
        ),
        (
            "0.01.000.000 E ggml_backend_cuda_buffer_type_alloc_buffer: allocating 5000.00 MiB on "
            "device 0: cudaMalloc failed: out of memory",
            "out_of_memory",
            "memory",
        ),
        ("terminate called after throwing an instance of 'std::bad_alloc'", "out_of_memory", "ran"),
        (
            "llama-server: error while loading shared libraries: libgomp.so.1: cannot open shared "
            "object file: No such file or directory",
            "missing_library",
            "libgomp.so.1",
        ),
        ("/src/ggml.c:1: GGML_ASSERT(a->ne[0] == b) failed", "assertion", "a->ne[0] == b"),
    ],
)
def test_what_it_printed_is_understood(line: str, code: str, word: str) -> None:
    found = verdict(1, None, ["0.00.000.001 I srv  init: initializing ...", line])
    assert found.code == code
    assert word in found.sentence


def test_the_first_complaint_is_the_cause_and_not_the_last() -> None:
    found = verdict(
        1,
        None,
        [
            "0.00.001.000 E gguf_init_from_file: failed to open GGUF file '/a' (No such file or …)",
            "0.00.002.000 E llama_model_load: tensor is not within the file bounds",
            "0.00.003.000 E srv  llama_server: exiting due to model loading error",
        ],
    )
    assert found.code == "missing_file"


def test_a_complaint_comes_before_what_was_said_in_passing() -> None:
    found = verdict(
        1,
        None,
        [
            "0.00.001.000 W srv  init: not enough memory for a second copy, going on",
            "0.00.002.000 E gguf_init: invalid magic characters: 'x'",
        ],
    )
    assert found.code == "not_gguf"


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGKILL, "killed_hard", "SIGKILL"),
        (signal.SIGSEGV, "crashed", "SIGSEGV"),
        (signal.SIGILL, "illegal", "CPU"),
        (signal.SIGTERM, "terminated", "outside"),
        (signal.SIGUSR1, "killed", "SIGUSR1"),
        (99, "killed", "signal 99"),
    ],
)
def test_a_signal_is_named(number: int, code: str, word: str) -> None:
    found = verdict(None, number, [])
    assert found.code == code and word in found.sentence


def test_what_is_not_understood_is_quoted() -> None:
    found = verdict(7, None, ["0.00.001.000 E srv  the flux is broken", "0.00.001.001 E and more"])
    assert found.code == "exited"
    assert "code 7" in found.sentence and "the flux is broken" in found.sentence


def test_an_end_that_nobody_asked_for_is_no_clean_stop() -> None:
    assert verdict(0, None, []).code == "ended"
    assert verdict(None, None, []).code == "ended_unseen"


def test_only_what_cannot_change_by_itself_is_permanent() -> None:
    assert verdict(1, None, ["error: invalid argument: --x"]).is_permanent
    assert not verdict(1, None, [f"0.00.007.000 E srv  start: {BIND}"]).is_permanent
    assert not verdict(None, signal.SIGKILL, []).is_permanent


def test_the_lines_of_json_logs_and_of_router_children_are_read_as_well() -> None:
    jsonl = '{"type":"log","time":1,"level":"error","msg":"unknown model architecture: \'x\'"}'
    assert verdict(1, None, [jsonl]).code == "unknown_architecture"
    child = "[8081] 0.00.001.000 E gguf_init: invalid magic characters: 'x'"
    assert verdict(1, None, [child]).code == "not_gguf"


def test_the_end_of_a_long_line_counts_as_its_beginning_does() -> None:
    path = "/models" + "/very-long-name" * 200
    line = (
        f"0.00.001.000 E gguf_init: failed to open GGUF file '{path}' (No such file or directory)"
    )
    assert verdict(1, None, [line]).code == "missing_file"


@pytest.mark.parametrize(
    "line",
    [
        "lib.so" * 1300,
        "lib" * 2600 + ": cannot open shared object fil",
        ": cannot open shared object file" + "lib.so" * 1300,
        "failed to open " * 540,
        "Permission denied No such file" + "failed to open " * 540,
        "GGML_ASSERT(" * 680,
        " " * 8192,
        "out of memor" * 680,
        "0.00.000.001 E " + "lib.so" * 1300,
    ],
)
def test_no_line_makes_the_judgement_slow(line: str) -> None:
    """Some took 10 seconds when the rules saw all of each line."""
    started = time.process_time()
    verdict(1, None, [line] * 400)
    assert time.process_time() - started < 2


def test_of_many_lines_the_last_count() -> None:
    lines = ["error: invalid argument: --old", *["nothing of note"] * 400]
    assert verdict(1, None, lines).code == "exited"


@given(
    st.one_of(st.none(), st.integers(0, 255)),
    st.one_of(st.none(), st.integers(1, 64)),
    st.lists(st.text(), max_size=20),
)
def test_any_words_give_one_short_line(
    code: int | None, number: int | None, lines: list[str]
) -> None:
    found = verdict(code, number, [*lines, *(f"error: {line}" for line in lines)])
    assert found.code and 0 < len(found.sentence) < 600
    assert "\n" not in found.sentence and "\x1b" not in found.sentence
