"""Loaded before anything else: the tests never see the user's data, settings or models."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_KEEP = ("LLAMADASH_REQUIRE", "LLAMADASH_BENCH_GGUF_DIR")
for name in list(os.environ):
    if name.startswith(("LLAMADASH_", "LLAMA_", "HF_", "OLLAMA_")) and name not in _KEEP:
        del os.environ[name]
if "DATABASE_URL" in os.environ and os.environ.get("LLAMADASH_TEST_DATABASE") is None:
    del os.environ["DATABASE_URL"]

folder = tempfile.mkdtemp(prefix="llamadash-tests-")
atexit.register(shutil.rmtree, folder, ignore_errors=True)
os.environ["LLAMADASH_DATA_DIR"] = folder
os.environ["LLAMADASH_STATIC_DIR"] = f"{folder}/static"  # collected once for all servers
os.environ["LLAMADASH_IGNORE_DOTENV"] = "1"
os.environ["HOME"] = folder  # known places of models are below it
if os.environ.pop("PYTHONDONTWRITEBYTECODE", "") and "PYTHONPYCACHEPREFIX" not in os.environ:
    # Else each of the hundred programs that the tests start compiles all modules anew.
    os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/bytecode"
