"""Reading a header: ours, the gguf package's GGUFReader and a naive walk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gguf import GGUFReader

from models_app.core import gguf
from tests.bench.measuring import MILLI, paired, peak_megabytes
from tests.bench.naive_reader import read_header
from tests.bench.row import Row
from tests.fakes.gguf_models import llama_31_8b

NAME: Final = "gguf_reader"

_OURS: Final = "from models_app.core.gguf import read"
_THEIRS: Final = "from gguf import GGUFReader"


def run(quick: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = llama_31_8b(Path(folder) / "model.gguf")
        rows = [*_times(path, "header, 128,256 tokens", quick), *_memory(path)]
    return [*rows, *_given_files(quick)]


def _times(path: Path, what: str, quick: bool) -> Iterator[Row]:
    def ours() -> object:
        return gguf.read(path)

    rounds = 1 if quick else 5
    mine, theirs = paired(ours, lambda: GGUFReader(path), rounds=rounds, calls=20)
    yield _row(what, mine, "GGUFReader", theirs, ratio_budget=500)
    mine, theirs = paired(ours, lambda: read_header(path), rounds=2 * rounds, calls=20)
    yield _row(what, mine, "naive walk", theirs)


def _row(
    what: str, ours: float, other: str, theirs: float, ratio_budget: float | None = None
) -> Row:
    return Row(
        what,
        ours * MILLI,
        "ms",
        compared_with=other,
        theirs=theirs * MILLI,
        ratio_budget=ratio_budget,
    )


def _memory(path: Path) -> Iterator[Row]:
    arguments = (str(path),)
    theirs = peak_megabytes("GGUFReader(sys.argv[1])", before=_THEIRS, arguments=arguments)
    for before, note in ((f"import numpy; {_OURS}", "numpy loaded before"), (_OURS, "with numpy")):
        ours = peak_megabytes("read(sys.argv[1])", before=before, arguments=arguments)
        yield Row(
            "extra memory, 128,256 tokens",
            ours,
            "MB",
            budget=10 if "before" in note else None,
            compared_with="GGUFReader",
            theirs=theirs,
            note=note,
        )


def _given_files(quick: bool) -> Iterator[Row]:
    """Real files, from the folder that LLAMADASH_BENCH_GGUF_DIR names."""
    folder = os.environ.get("LLAMADASH_BENCH_GGUF_DIR")
    for path in sorted(Path(folder).glob("*.gguf")) if folder else ():
        yield from _times(path, path.name, quick)
