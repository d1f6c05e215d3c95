from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine_app.child_environment import environment
from engine_app.running.ports import free_port
from models_app.core.demo_models import MODELS, write_demo_models
from models_app.core.demo_vocabularies import SENTENCE
from tests.fakes.serving import wait_until
from tests.requirements_here import need

pytestmark = pytest.mark.engine

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
KEY = "for-this-test-only"
QUESTION = [{"role": "user", "content": "hi"}]


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need(
        importlib.util.find_spec("xllamacpp") is not None,
        "the engine is not installed (pip install 'llamadash[engine]')",
    )
    directory = tmp_path_factory.mktemp("models")
    write_demo_models(directory, MODELS)
    return directory


@contextmanager
def engine(model: Path, *flags: str) -> Iterator[str]:
    """The address of the engine that serves `model`."""
    port = free_port(range(30_000 + os.getpid() % 2000, 40_000), set())
    words = ["-m", str(model), "--port", str(port), "-c", "512", "-lv", "1", "--no-ui", *flags]
    # More threads only spin at barriers with matrices this small.
    with (
        (model.with_suffix(".log")).open("w+b") as log,
        subprocess.Popen(
            [sys.executable, "-m", "engine_app.embedded", *words, "-t", "1"],
            env=environment(library_path=False, embedded=True, key=KEY),
            stdin=subprocess.DEVNULL,
            stderr=log,
        ) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until(
                lambda: is_healthy(address) or process.poll() is not None, "the engine", seconds=60
            )
            log.seek(0)
            assert process.poll() is None, log.read().decode(errors="replace")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def is_healthy(address: str) -> bool:
    try:
        with OPENER.open(f"{address}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:  # nobody listens yet, or 503
        return False


def post(address: str, path: str, **body: Any) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the address is the engine's own
        address + path,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"},
    )
    with OPENER.open(request, timeout=60) as answer:
        return json.load(answer)


def chat(address: str, **options: Any) -> Any:
    answer = post(address, "/v1/chat/completions", messages=QUESTION, **options)
    return answer["choices"][0], answer["usage"]


def test_tiny_chat_recites_its_sentence_and_ends(models_dir: Path) -> None:
    with engine(models_dir / "tiny-chat.gguf") as address:
        choice, usage = chat(address, temperature=0.8)
    assert choice["message"]["content"] == SENTENCE
    assert choice["finish_reason"] == "stop"
    assert usage["completion_tokens"] == 18


def test_tiny_embed_gives_a_vector_of_64_numbers(models_dir: Path) -> None:
    with engine(models_dir / "tiny-embed.gguf", "--embeddings") as address:
        answer = post(address, "/v1/embeddings", input=["the cat", "the server"])
    cat, server = (entry["embedding"] for entry in answer["data"])
    assert len(cat) == len(server) == 64
    assert cat != server
    assert math.isclose(math.hypot(*cat), 1.0, rel_tol=1e-3)


def test_tiny_rerank_scores_every_document(models_dir: Path) -> None:
    documents = ["the cat", "a red server", "hello world"]
    with engine(models_dir / "tiny-rerank.gguf", "--reranking") as address:
        answer = post(address, "/v1/rerank", query="the dog", documents=documents)
    results = answer["results"]
    assert sorted(result["index"] for result in results) == [0, 1, 2]
    assert len({result["relevance_score"] for result in results}) == 3


def test_tiny_slow_answers_a_token(models_dir: Path) -> None:
    with engine(models_dir / "tiny-slow.gguf") as address:
        choice, usage = chat(address, max_tokens=1)
    assert choice["message"]["content"] == "Hello"
    assert usage["completion_tokens"] == 1


@pytest.mark.parametrize("name", ["tiny-random", "tiny-qwen3"])
def test_a_random_model_answers_something(models_dir: Path, name: str) -> None:
    with engine(models_dir / f"{name}.gguf") as address:
        _, usage = chat(address, max_tokens=8, ignore_eos=True)
    assert usage["completion_tokens"] == 8
