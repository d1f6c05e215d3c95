"""A folder of small model files for the pages: good ones, a broken one, one that means harm."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from tests.fakes.gguf_models import llama_like

HOSTILE: Final = (
    "<img src=x onerror=alert(1)><script>alert(2)</script>\"'><svg/onload=alert(3)>"
    "{{ 7|add:7 }}{% now 'Y' %}"
)
# Without slashes, which a scan takes for the converter's folder.
HOSTILE_NAME: Final = "Hostile <img src=x onerror=alert(4)>"
PLENTY: Final = 55


def write_models(folder: Path) -> None:
    folder.mkdir()
    llama_like(folder / "alpha-8b.gguf", name="Alpha 8B", context=8192, layers=4)
    llama_like(folder / "beta.gguf", name="Beta", arch="qwen3", file_type=7, embedding=512)
    llama_like(
        folder / "hostile<b>.gguf",
        name=HOSTILE_NAME,
        template=HOSTILE,
        values={"general.license": HOSTILE, "general.description": HOSTILE, "x.y": HOSTILE},
    )
    (folder / "web page.gguf").write_text(f"<!DOCTYPE html>{HOSTILE}")
    for n in range(PLENTY):
        llama_like(folder / f"many-{n:02}.gguf", name=f"Many {n:02}")
    past = time.time() - 60  # as if nobody had written to them for a minute
    for path in folder.iterdir():
        os.utime(path, (past, past))
