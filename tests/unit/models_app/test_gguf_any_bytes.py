"""Whatever the bytes are: a header or a GGUFError, the same with numpy and without."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_app.core import gguf
from tests.fakes.gguf_writer import ARRAY, F32, STRING, GGUFBuilder, array, strings

relaxed = settings(deadline=None, max_examples=150)
window_sizes = st.sampled_from([8, 13, 24, 64, 1000, 65_536])


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gguf") / "x.gguf"


def _read(path: Path, content: bytes, window_bytes: int, *, use_numpy: bool) -> str:
    path.write_bytes(content)
    limits = gguf.Limits(first_window_bytes=window_bytes, last_window_bytes=window_bytes)
    try:
        header = gguf.read(path, limits=limits, use_numpy=use_numpy)
    except gguf.GGUFError as error:
        assert error.offset is None or 0 <= error.offset <= max(len(content), 24)
        return f"{error.kind}: {error}"
    header.reads = header.bytes_read = 0  # what is found may not depend on how it is read
    return repr(header)


def _good(*, big_endian: bool = False) -> bytes:
    builder = GGUFBuilder(big_endian=big_endian).value("general.architecture", "llama")
    builder.value("tokens", strings([b"t%d" % i for i in range(80)])).value("rate", 0.5)
    builder.value("scores", array(F32, [0.5] * 20)).value("yes", True).value("names", ["a", "b"])
    return builder.tensor("one", (256, 2), "Q4_K").tensor("two", (4, 3, 2)).header()


GOOD = (_good(), _good(big_endian=True))


@relaxed
@given(content=st.binary(max_size=300), window_bytes=window_sizes)
def test_any_bytes(scratch: Path, content: bytes, window_bytes: int) -> None:
    _read(scratch, content, window_bytes, use_numpy=True)


@relaxed
@given(
    body=st.binary(max_size=300),
    counts=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    version=st.sampled_from([2, 3]),
    order=st.sampled_from("<>"),
    window_bytes=window_sizes,
)
def test_any_bytes_behind_a_good_beginning(
    scratch: Path,
    body: bytes,
    counts: tuple[int, int],
    version: int,
    order: str,
    window_bytes: int,
) -> None:
    content = b"GGUF" + struct.pack(f"{order}IQQ", version, *counts) + body
    plain = _read(scratch, content, window_bytes, use_numpy=False)
    assert plain == _read(scratch, content, 1 << 20, use_numpy=True)


@relaxed
@given(
    big_endian=st.booleans(),
    edits=st.lists(st.tuples(st.integers(4, len(GOOD[0]) - 1), st.integers(0, 255)), max_size=6),
    cut=st.none() | st.integers(0, len(GOOD[0])),
    window_bytes=window_sizes,
)
def test_a_good_file_with_some_bytes_changed(
    scratch: Path,
    big_endian: bool,
    edits: list[tuple[int, int]],
    cut: int | None,
    window_bytes: int,
) -> None:
    content = bytearray(GOOD[big_endian])
    for place, octet in edits:
        content[place] = octet
    changed = bytes(content[:cut])
    plain = _read(scratch, changed, window_bytes, use_numpy=False)
    assert plain == _read(scratch, changed, 1 << 20, use_numpy=True)


@relaxed
@given(value=st.integers(0, (1 << 64) - 1), place=st.sampled_from([8, 16, 24]))
def test_any_count_or_length(scratch: Path, value: int, place: int) -> None:
    content = GOOD[0][:place] + struct.pack("<Q", value) + GOOD[0][place + 8 :]
    _read(scratch, content, 64, use_numpy=True)


@relaxed
@given(
    count=st.integers(0, (1 << 64) - 1) | st.integers(0, 5_000),
    item_type=st.integers(0, 14),
    size_bytes=st.integers(0, 1 << 20),
)
def test_any_array_claim_in_a_file_of_zeros(
    scratch: Path, count: int, item_type: int, size_bytes: int
) -> None:
    key = struct.pack("<Q", 1) + b"k"
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + key
    scratch.write_bytes(head + struct.pack("<IIQ", ARRAY, item_type, count))
    os.truncate(scratch, scratch.stat().st_size + size_bytes)
    try:
        header = gguf.read(scratch)
    except gguf.GGUFError:
        return
    found = header.array("k")
    assert found is not None and found.count == count
    assert count * (8 if item_type == STRING else 1) <= size_bytes
