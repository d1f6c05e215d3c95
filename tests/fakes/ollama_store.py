"""Ollama's store, as it is on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.fakes.gguf_models import llama_like
from tests.fakes.gguf_writer import GGUFBuilder


class OllamaFolder:
    def __init__(self, top: Path) -> None:
        self.top = top
        (top / "blobs").mkdir(parents=True)
        (top / "manifests").mkdir()

    def blob(self, path: Path) -> str:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        path.rename(self.top / "blobs" / f"sha256-{digest}")
        return f"sha256:{digest}"

    def model(self, **changes: Any) -> str:
        return self.blob(llama_like(self.top / "new", **changes))

    def projector(self) -> str:
        builder = GGUFBuilder().value("general.architecture", "clip")
        builder.value("clip.vision.projection_dim", 256)
        return self.blob(builder.tensor("mm.0.weight", (64, 64), "F16").write(self.top / "new"))

    def text(self, text: str) -> str:
        path = self.top / "new"
        path.write_text(text)
        return self.blob(path)

    def manifest(self, name: str, **layers: str) -> Path:
        path = self.top / "manifests" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        media = "application/vnd.ollama.image."
        entries = [{"mediaType": media + kind, "digest": d} for kind, d in layers.items()]
        path.write_text(json.dumps({"schemaVersion": 2, "layers": entries}))
        return path
