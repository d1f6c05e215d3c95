from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine_app.core.self_description import (
    Device,
    Version,
    parse_devices,
    parse_version,
    printable,
)

DEVICES = """ggml_cuda_init: found 1 CUDA devices
Available devices:
  CUDA0: NVIDIA GeForce RTX 3090 (24268 MiB, 23791 MiB free)
  Vulkan0: AMD Radeon (RADV NAVI31) (16368 MiB)
  (none)
"""


def test_the_version_of_new_and_of_old_builds_is_read() -> None:
    new = "ggml: found devices\nversion: 0.5.0-dev (build 1, commit 0c1e570)\nbuilt with GNU"
    assert parse_version(new) == Version("0.5.0-dev", "b1", "0c1e570")
    old = "version: 6123 (79c1160b)\nbuilt with cc (Debian 12.2.0) for x86_64-linux-gnu\n"
    assert parse_version(old) == Version("6123", "b6123", "79c1160b")
    embedded = "version: 2026.10.11549 (build 11549, commit unknown)"
    assert parse_version(embedded) == Version("2026.10.11549", "b11549", "")


def test_a_program_that_says_no_version_has_none() -> None:
    assert parse_version("usage: something else") is None


def test_devices_are_read_with_their_names_and_sizes() -> None:
    assert parse_devices(DEVICES) == [
        Device("CUDA0", "NVIDIA GeForce RTX 3090", 24_268 << 20),
        Device("Vulkan0", "AMD Radeon (RADV NAVI31)", 16_368 << 20),
    ]


def test_a_version_holds_no_control_characters() -> None:
    found = parse_version("version: 1\x002\u202e3 (abc)")
    assert found == Version("1\ufffd2\ufffd3", "", "abc")


def test_lines_and_their_indents_stay_and_what_steers_goes() -> None:
    said = "  one\ttwo\r\n\x1b[1mthree\x1b[0m\x00\n"
    assert printable(said) == "  one\ttwo\nthree\ufffd\n"


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse_version(f"version: {text}")
    parse_devices(f"  X0: {text} (1 MiB)")
