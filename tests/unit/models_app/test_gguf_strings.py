"""Crossing string arrays in bulk gives what a plain walk gives, on any bytes."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_app.core import gguf, gguf_strings
from models_app.core.gguf_format import GGUFError, Limits
from models_app.core.gguf_strings import cross_strings
from models_app.core.gguf_window import Window
from tests.fakes.gguf_writer import GGUFBuilder, strings

relaxed = settings(deadline=None, max_examples=150)

# Ordinary tokens, and what breaks the chain of proven lengths: nothing, NULs, zero words,
# lengths over one byte, and texts that look like length fields themselves.
token = st.binary(min_size=1, max_size=12)
odd = st.sampled_from(
    [b"", b"\0", bytes(7), bytes(40), b"a" * 256, b"b" * 1000, struct.pack("<Q", 5) * 3]
)
mixed = st.lists(st.one_of(token, token, token, token, odd), min_size=1, max_size=200)
mostly_tokens = st.tuples(st.lists(token, min_size=40, max_size=300), st.lists(odd, max_size=3))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strings") / "x.bin"


def _pack(texts: list[bytes]) -> bytes:
    return b"".join(struct.pack("<Q", len(text)) + text for text in texts)


def _cross(path: Path, start: int, count: int, *, use_numpy: bool, window_bytes: int) -> object:
    """The end of the array, or why there is none; bulk proofs begin at 8 strings here."""
    limits = Limits(
        string_bytes=2000, first_window_bytes=window_bytes, last_window_bytes=window_bytes
    )
    with path.open("rb") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(gguf_strings, "BULK_STRINGS", 8)
        patch.setattr(gguf_strings, "BULK_BYTES", 16)
        window = Window(file.fileno(), path.stat().st_size, limits)
        try:
            return cross_strings(window, start, count, "<", use_numpy)
        except GGUFError as error:
            return error.kind, error.offset


@relaxed
@given(
    texts=mixed | mostly_tokens.map(lambda pair: pair[0] + pair[1] + pair[0]),
    start=st.integers(0, 9),
    behind=st.binary(max_size=20),
    window_bytes=st.sampled_from([8, 64, 333, 4096, 1 << 20]),
)
def test_the_end_of_an_array_is_exact(
    scratch: Path, texts: list[bytes], start: int, behind: bytes, window_bytes: int
) -> None:
    packed = _pack(texts)
    scratch.write_bytes(b"x" * start + packed + behind)
    for use_numpy in (True, False):
        end = _cross(scratch, start, len(texts), use_numpy=use_numpy, window_bytes=window_bytes)
        assert end == start + len(packed)


@relaxed
@given(
    texts=mixed,
    edits=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=5),
    more=st.integers(0, 9),
)
def test_damaged_arrays_are_refused_or_crossed_alike(
    scratch: Path, texts: list[bytes], edits: list[tuple[int, int]], more: int
) -> None:
    content = bytearray(_pack(texts))
    for place, octet in edits:
        content[place % len(content)] = octet
    scratch.write_bytes(bytes(content))
    count = len(texts) + more
    bulk = _cross(scratch, 0, count, use_numpy=True, window_bytes=1 << 20)
    assert bulk == _cross(scratch, 0, count, use_numpy=False, window_bytes=1 << 20)
    assert bulk == _cross(scratch, 0, count, use_numpy=True, window_bytes=64)


def test_a_large_vocabulary_is_crossed_alike(scratch: Path) -> None:
    texts = [b"token %d" % number * (number % 40 == 0 or 1) for number in range(60_000)]
    texts[30_000:30_010] = [b"", b"\0" * 9, b"long" * 400] * 3 + [b""]
    packed = _pack(texts)
    scratch.write_bytes(packed)
    with scratch.open("rb") as file:
        for use_numpy in (True, False):
            window = Window(file.fileno(), len(packed), Limits())
            assert cross_strings(window, 0, len(texts), "<", use_numpy) == len(packed)


def test_without_numpy_the_plain_walk_does_it(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    packed = _pack([b"token"] * 5000)
    scratch.write_bytes(packed)
    assert _cross(scratch, 0, 5000, use_numpy=True, window_bytes=1 << 20) == len(packed)


def test_many_small_arrays_do_not_each_pay_for_a_window(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0
    chain = gguf_strings._chain

    def counted(numpy: Any, data: bytes, index: int, last: int, limit: int) -> Any:
        nonlocal looked_at
        looked_at += last - index
        return chain(numpy, data, index, last, limit)

    monkeypatch.setattr(gguf_strings, "_chain", counted)
    builder = GGUFBuilder()
    for number in range(100):
        builder.value(f"k{number}", strings([b"abc"] * 2000))
    builder.write(scratch)
    gguf.read(scratch)
    size = scratch.stat().st_size
    assert size // 2 < looked_at < 8 * size
