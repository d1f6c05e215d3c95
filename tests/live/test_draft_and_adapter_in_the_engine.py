"""A draft model and an adapter of the registry in the real llama.cpp."""

from __future__ import annotations

import importlib.util
import json
import shutil
import struct
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from engine_app import control
from engine_app.preset_editing import create
from engine_app.running import key_files
from engine_app.running.rows import rows
from models_app.models import LlamaModel
from tests.factories import make_model
from tests.fakes.gguf_writer import F32, GGUFBuilder, Typed
from tests.fakes.supervised import Supervised, demo_model, supervised
from tests.requirements_here import need

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]
RANK, WIDTH, HEADS = 2, 288, 32  # of the demo models' attention


@pytest.fixture(autouse=True)
def _engine() -> None:
    need(
        importlib.util.find_spec("xllamacpp") is not None,
        "the engine is not installed (pip install 'llamadash[engine]')",
    )


def entry(model: LlamaModel, name: str, path: Path, **facts: Any) -> LlamaModel:
    return make_model(
        name, root=model.root, path=str(path), size_bytes=path.stat().st_size, **facts
    )


def write_adapter(path: Path, heads: int = HEADS) -> Path:
    """Of zeros: it changes nothing, and the engine loads it all the same."""
    adapter = GGUFBuilder()
    adapter.value("general.architecture", "llama").value("general.type", "adapter")
    adapter.value("adapter.type", "lora").value("adapter.lora.alpha", Typed(F32, 1.0))
    adapter.tensor("blk.0.attn_q.weight.lora_a", (WIDTH, RANK), "F32")
    adapter.tensor("blk.0.attn_q.weight.lora_b", (RANK, heads), "F32")
    adapter.write(path)
    return path


async def started(here: Supervised, model: LlamaModel, options: dict[str, Any]) -> tuple[int, str]:
    """Port and key of an engine with these options."""
    wanted = {"name": "with", "llama_model": model, "options": {"ctx-size": 512, **options}}
    preset = await rows(create, wanted)
    engine = await rows(control.start, model, preset)
    engine = await here.until_state(engine, "ready")
    assert engine.port is not None
    return engine.port, key_files.key_of(engine.pk)


def asked(port: int, key: str, path: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


async def test_a_draft_model_guesses_ahead(tmp_path: Path) -> None:
    chat = await rows(demo_model, tmp_path)
    path = Path(shutil.copy(chat.path, tmp_path / "small.gguf"))
    draft = await rows(entry, chat, "small", path)
    async with supervised() as here:
        options = {"spec-draft-model": draft.pk, "parallel": 1, "threads": 1}
        port, key = await started(here, chat, options)
        body = {"prompt": "hi", "n_predict": 16, "temperature": 0, "ignore_eos": True}
        told = await rows(asked, port, key, "/completion", body)
    assert told["timings"]["draft_n"] > 0
    assert told["timings"]["draft_n_accepted"] > 0


async def test_an_adapter_is_loaded_with_its_scale(tmp_path: Path) -> None:
    chat = await rows(demo_model, tmp_path)
    path = write_adapter(tmp_path / "pirate.gguf")
    adapter = await rows(entry, chat, "pirate", path, kind="adapter")
    async with supervised() as here:
        port, key = await started(here, chat, {"lora": f"{adapter.pk}:0.5"})
        told = await rows(asked, port, key, "/lora-adapters")
    assert [(each["path"], each["scale"]) for each in told] == [(str(path), 0.5)]


async def test_an_adapter_of_another_model_is_said_to_be_the_cause(tmp_path: Path) -> None:
    chat = await rows(demo_model, tmp_path)
    path = write_adapter(tmp_path / "pirate.gguf", heads=64)
    adapter = await rows(entry, chat, "pirate", path, kind="adapter")
    options = {"lora": str(adapter.pk)}
    preset = await rows(create, {"name": "with", "llama_model": chat, "options": options})
    async with supervised() as here:
        engine = await rows(control.start, chat, preset)
        engine = await here.until_state(engine, "failed")
    assert (engine.reason_code, engine.retry_at) == ("bad_adapter", None)


async def test_an_adapter_that_was_cut_is_refused_before_the_start(tmp_path: Path) -> None:
    chat = await rows(demo_model, tmp_path)
    path = write_adapter(tmp_path / "pirate.gguf")
    adapter = await rows(entry, chat, "pirate", path, kind="adapter")
    preset = await rows(
        create, {"name": "with", "llama_model": chat, "options": {"lora": str(adapter.pk)}}
    )
    path.write_bytes(path.read_bytes()[: -struct.calcsize("64f")])
    async with supervised() as here:
        engine = await rows(control.start, chat, preset)
        engine = await here.until_state(engine, "failed")
    assert "pirate.gguf" in engine.reason
