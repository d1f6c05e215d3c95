from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models_app.core import gguf
from tests.fakes.gguf_hostile import HOSTILE, Hostile
from tests.fakes.gguf_writer import GGUFBuilder


def _outcome(path: Path, *, use_numpy: bool) -> str:
    try:
        header = gguf.read(path, use_numpy=use_numpy)
    except gguf.GGUFError as error:
        return error.kind
    return "incomplete" if header.incomplete else "ok"


@pytest.mark.parametrize("case", HOSTILE, ids=[case.name for case in HOSTILE])
def test_a_hostile_file_has_its_outcome(case: Hostile, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    case.write(path)
    assert _outcome(path, use_numpy=True) == case.outcome
    assert _outcome(path, use_numpy=False) == case.outcome
    path.unlink()  # pytest keeps temporary folders of three runs


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"PK\x03\x04" + bytes(99), "zip archive"),
        (b"\n <!DOCTYPE html>", "HTML page"),
        (b"<HTML><body>", "HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
        (b"\x40\0\0\0\0\0\0\0" + b'{"weight":{"dtype":"F16"}}', "safetensors"),
        (b'{"error":"not found"}', "JSON"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\x80\x02}q\0", "pickle"),
        (bytes(4096), "zeros"),
        (b"lmgg" + bytes(99), "unversioned ggml"),
        (b"fmgg" + bytes(99), "ggmf"),
        (b"tjgg" + bytes(99), "ggjt"),
        (b"FUGG" + bytes(99), "byte-swapped"),
        (b"GGUF\x01\0\0\0" + bytes(99), "version 1"),
        (b"GGU", "shorter than the four bytes"),
    ],
)
def test_the_message_says_what_the_file_is(content: bytes, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(gguf.GGUFError, match=hint):
        gguf.read(path)


def test_an_unknown_beginning_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"\x07weights of some kind")
    with pytest.raises(gguf.GGUFError) as caught:
        gguf.read(path)
    assert caught.value.message == "not a GGUF file"
    assert caught.value.offset == 0


def test_a_refusal_shows_control_codes_escaped(tmp_path: Path) -> None:
    builder = GGUFBuilder().value("a\x1b[31m\n", 1).value("a\x1b[31m\n", 2)
    with pytest.raises(gguf.GGUFError) as caught:
        gguf.read(builder.write(tmp_path / "x.gguf"))
    assert str(caught.value) == "the key 'a\\x1b[31m\\n' is there twice (at byte 47)"


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        (gguf.Limits(header_bytes=64), "too_large"),
        (gguf.Limits(kept_bytes=64), "too_large"),
        (gguf.Limits(seconds=-1.0), "too_large"),
        (gguf.Limits(key_values=1), "bad_count"),
        (gguf.Limits(tensors=0), "bad_count"),
        (gguf.Limits(tensor_name_bytes=3), "bad_tensor"),
    ],
)
def test_a_limit_is_kept(limits: gguf.Limits, kind: str, tmp_path: Path) -> None:
    builder = GGUFBuilder().value("general.architecture", "llama").value("general.name", "x")
    path = builder.tensor("norm", (8,)).write(tmp_path / "x.gguf")
    with pytest.raises(gguf.GGUFError) as caught:
        gguf.read(path, limits=limits)
    assert caught.value.kind == kind


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("windows", [(8, 8), (64, 256), (65_536, 1 << 20)])
def test_every_prefix_of_a_good_file_is_told(
    windows: tuple[int, int], big_endian: bool, tmp_path: Path
) -> None:
    builder = GGUFBuilder(big_endian=big_endian).value("general.architecture", "llama")
    builder.value("a", True).value("list", [1, 2, 3]).value("tokens", ["x"] * 70)
    whole = builder.tensor("one", (32, 2), "Q8_0").tensor("two", (8,))
    content = whole.write(tmp_path / "whole.gguf").read_bytes()
    limits = gguf.Limits(first_window_bytes=windows[0], last_window_bytes=windows[1])
    path = tmp_path / "cut.gguf"
    header_bytes = len(whole.header())
    for size in range(len(content)):
        path.write_bytes(content[:size])
        assert _told(lambda: gguf.read(path, limits=limits)) == _expected(size, header_bytes), size


def _told(read: Callable[[], gguf.Header]) -> str:
    try:
        header = read()
    except gguf.GGUFError as error:
        return error.kind
    return "incomplete" if header.incomplete else "ok"


def _expected(size: int, header_bytes: int) -> str:
    if size == 0:
        return "empty"
    if size < 4:
        return "bad_magic"
    return "incomplete" if size >= header_bytes else "truncated"
