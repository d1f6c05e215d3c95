"""The worst files that are still accepted stay within 64 MB; the header of a real one within 10."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from models_app.core import gguf
from models_app.core.gguf_format import DEFAULT_LIMITS
from tests.fakes.gguf_models import llama_31_8b
from tests.fakes.gguf_writer import ARRAY, F64, STRING

MB = 1_000_000
MIB = 1 << 20
# One character outside the basic plane makes Python store the whole text at four bytes each.
WIDE = "😀".encode()

# VmHWM is the process's own peak; ru_maxrss would begin with the peak of its parent.
MEASURE = """
import sys
from models_app.core import gguf
def figure(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))
if sys.argv[2] == "numpy":
    import numpy
before = figure("VmRSS")
try:
    header = gguf.read(sys.argv[1], use_numpy=sys.argv[2] == "numpy")
    outcome = "ok"
except gguf.GGUFError as error:
    outcome = error.kind
print(outcome, figure("VmHWM") - before)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells a process's peak")


def _peak(path: Path, *, use_numpy: bool) -> tuple[str, int]:
    """What came of reading in a process of its own, and the bytes it took."""
    how = "numpy" if use_numpy else "plain"
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), how],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(gguf.__file__).parents[2],
    )
    outcome, peak_bytes = answer.stdout.split()
    return outcome, int(peak_bytes)


def _text(raw: bytes) -> bytes:
    return struct.pack("<Q", len(raw)) + raw


def _start(tensors: int = 0, values: int = 0) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, values)


def _tensors_with_wide_names() -> bytes:
    count = 8 * MIB // 320
    assert count <= DEFAULT_LIMITS.tensors
    infos = (
        _text(b"%d" % number + WIDE + b"a" * 240)
        + struct.pack("<IQQQQIQ", 4, 300 + number, 301, 302, 0, 0, (1 << 40) + 32 * number)
        for number in range(count)
    )
    return _start(tensors=count) + b"".join(infos)


def _wide_texts() -> bytes:
    values = (
        _text(b"k%d" % number) + struct.pack("<I", STRING) + _text(WIDE + b"a" * (MIB - 300))
        for number in range(8)
    )
    return _start(values=8) + b"".join(values)


def _many_short_arrays() -> bytes:
    count = 2000
    body = struct.pack("<IIQ", ARRAY, F64, 1024) + struct.pack("<1024d", *range(1024))
    return _start(values=count) + b"".join(_text(b"k%d" % n) + body for n in range(count))


def _most_strings() -> bytes:
    body = struct.pack("<IIQ", ARRAY, STRING, MIB) + _text(b"token") * MIB
    return _start(values=2) + b"".join(_text(b"k%d" % number) + body for number in range(2))


@pytest.mark.parametrize("use_numpy", [True, False], ids=["numpy", "plain"])
@pytest.mark.parametrize(
    "content", [_tensors_with_wide_names, _wide_texts, _many_short_arrays, _most_strings]
)
def test_the_worst_accepted_files_stay_within_64_mb(
    content: Callable[[], bytes], use_numpy: bool, tmp_path: Path
) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content())
    outcome, peak_bytes = _peak(path, use_numpy=use_numpy)
    path.unlink()
    assert outcome == "ok"
    assert peak_bytes < 64 * MB


def test_a_header_of_8_mb_takes_less_than_10_mb(tmp_path: Path) -> None:
    path = llama_31_8b(tmp_path / "x.gguf")
    outcome, peak_bytes = _peak(path, use_numpy=True)
    assert outcome == "ok"
    assert peak_bytes < 10 * MB
