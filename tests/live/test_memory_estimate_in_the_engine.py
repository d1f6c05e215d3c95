"""The estimate beside what the real engine says it will allocate."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from models_app.core.gguf import read
from models_app.core.memory import MemoryEstimate, Options, estimate
from models_app.core.tensors import summarise
from tests.fakes.gguf_shapes import (
    experts_small,
    gemma2_small,
    lfm2_small,
    llama_small,
    mamba_small,
)
from tests.requirements_here import need

pytestmark = pytest.mark.engine

PROGRAM = Path(__file__).parents[1] / "fakes" / "engine_memory.py"
MIB = 1 << 20
SIZE = re.compile(r"(llama_kv_cache|llama_memory_recurrent): size = +([\d.]+) MiB")
COMPUTE = re.compile(r"compute buffer size = +([\d.]+) MiB")


def engine_says(model: Path, options: Options) -> dict[str, float]:
    """MiB by name; a model may have several caches."""
    need(importlib.util.find_spec("xllamacpp") is not None, "the engine is not installed")
    numbers = (options.ctx, options.parallel, options.unified)
    argv = [sys.executable, str(PROGRAM), str(model), *map(str, numbers)]
    found = {"llama_kv_cache": 0.0, "llama_memory_recurrent": 0.0}
    lines: list[str] = []
    with subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                lines.append(line)
                if size := SIZE.search(line):
                    found[size[1]] += float(size[2])
                if compute := COMPUTE.search(line):
                    return {**found, "compute": float(compute[1])}
        finally:
            process.kill()
    raise AssertionError("".join(lines[-20:]))


def ours(model: Path, options: Options) -> MemoryEstimate:
    header = read(model)
    return estimate(header.values, summarise(header.tensors), options)


@pytest.mark.parametrize(
    ("write", "options"),
    [
        (llama_small, Options(ctx=256)),
        (llama_small, Options(ctx=4096)),
        (llama_small, Options(ctx=32768, parallel=3)),
        (llama_small, Options(ctx=32768, parallel=4, unified=True)),
        (experts_small, Options(ctx=8192)),
        (gemma2_small, Options(ctx=8192)),
        (gemma2_small, Options(ctx=8192, parallel=4, unified=True)),
        (mamba_small, Options(ctx=4096, parallel=3)),
        (lfm2_small, Options(ctx=4096, parallel=3)),
    ],
)
def test_the_estimate_agrees_with_the_engine(
    tmp_path: Path, write: Callable[[Path], Path], options: Options
) -> None:
    model = write(tmp_path / "model.gguf")
    said, result = engine_says(model, options), ours(model, options)
    assert result.kv_bytes / MIB == pytest.approx(said["llama_kv_cache"], abs=0.011)
    assert result.recurrent_bytes / MIB == pytest.approx(said["llama_memory_recurrent"], abs=0.006)
    assert result.compute_bytes / MIB == pytest.approx(said["compute"], abs=1.5)
