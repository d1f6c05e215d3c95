from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PROGRAM = """
import json, sys
import llamadash.asgi
import agent_app.management.commands.serve
from django.urls import get_resolver
get_resolver().url_patterns
from django.test import Client
print(json.dumps(sorted(sys.modules)))
"""
HEAVY = {"numpy", "gguf", "pynvml", "redis", "psycopg", "celery", "xllamacpp", "twisted", "daphne"}


def test_serve_starts_without_the_heavy_libraries(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=CHECKOUT,
        env={**os.environ, "LLAMADASH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in json.loads(answer.stdout)}
    assert loaded & HEAVY == set()
