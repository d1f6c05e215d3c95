"""Registry rows for tests, as a scan would leave them; each raises the registry's version."""

from __future__ import annotations

import itertools
from typing import Any, Final

from models_app.core.tensors import TensorSummary
from models_app.lists.search_text import search_text
from models_app.models import (
    LlamaModel,
    ModelFile,
    ModelRoot,
    RegistryVersion,
    path_key,
)

GIB: Final = 1 << 30
_numbers = itertools.count(1)

LAYERS: Final = 32
# Llama 3.1 8B: 1024 MiB of KV cache at 8,192 tokens, a known figure.
METADATA: Final[dict[str, Any]] = {
    "general.architecture": "llama",
    "general.name": "Llama 3.1 8B",
    "llama.block_count": LAYERS,
    "llama.context_length": 131_072,
    "llama.embedding_length": 4096,
    "llama.attention.head_count": 32,
    "llama.attention.head_count_kv": 8,
    "llama.feed_forward_length": 14_336,
    "llama.vocab_size": 128_256,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": {"type": "string", "count": 128_256, "items": None},
    "tokenizer.chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}",
}


def summary(size_bytes: int = 4 * GIB) -> TensorSummary:
    """A plausible split of this many bytes over the layers, embedding and output."""
    outside = size_bytes // 20
    layer = (size_bytes - 2 * outside) // LAYERS
    return TensorSummary(
        count=9 * LAYERS + 3,
        parameters=size_bytes * 8 // 5,
        nbytes=layer * LAYERS + 2 * outside,
        types={12: (9 * LAYERS, layer * LAYERS), 14: (3, 2 * outside)},
        matrices={12: 7 * LAYERS, 14: 2},
        layers=(layer,) * LAYERS,
        experts=(0,) * LAYERS,
        embedding=outside,
        output=outside,
        has_output_matrix=True,
        vocabulary_rows=128_256,
    )


def make_root(path: str = "/srv/models", **over: Any) -> ModelRoot:
    root, _ = ModelRoot.objects.update_or_create(
        key=path_key(path), defaults={"path": path, **over}
    )
    RegistryVersion.raise_it()
    return root


def make_model(name: str | None = None, *, files: bool = True, **over: Any) -> LlamaModel:
    """A present chat model of 4 GiB that needs 5.3 GiB; `files=False` leaves out its file row."""
    number = next(_numbers)
    name = name or f"Model {number:04d}"
    root = over.pop("root", None) or make_root()
    path = over.pop("path", f"{root.path}/{number:04d}-{name.replace('/', '_')}.gguf")
    facts: dict[str, Any] = {
        "state": "ok",
        "kind": "chat",
        "architecture": "llama",
        "quantization": "Q4_K_M",
        "parameters": 8_030_261_312,
        "bits_per_weight": 4.894,
        "size_bytes": 4 * GIB,
        "context_length": 131_072,
        "capabilities": ["tools"],
        "memory_context": 8192,
        "weights_bytes": 4 * GIB,
        "cache_bytes": GIB,
        "compute_bytes": 280 << 20,
        "facts": {"kind": "chat", "architecture": "llama", "layers": LAYERS},
        **over,
    }
    model = LlamaModel(key=path_key(path), root=root, path=path, name=name, **facts)
    model.search_text = search_text(model)
    model.save()
    if files:
        make_file(model)
    RegistryVersion.raise_it()
    return model


def make_file(model: LlamaModel, **over: Any) -> ModelFile:
    path = over.pop("path", model.path)
    facts: dict[str, Any] = {
        "size_bytes": model.size_bytes,
        "scan_key": f"1:{next(_numbers)}:{model.size_bytes}:0:0:1",
        "state": model.state,
        "gguf_version": 3,
        "metadata": {**METADATA, "general.name": model.name},
        "tensors": summary(model.size_bytes or GIB).to_json(),
        **over,
    }
    return ModelFile.objects.create(
        key=path_key(path), root=model.root, llama_model=model, path=path, **facts
    )
