"""What a GGUF file is for, decided by what it states, never by how its name sounds.

The first rule that holds wins:

1. general.type says adapter, mmproj, imatrix or vocab.
2. Architecture clip is a projector, adapter.type an adapter, imatrix.chunk_count an imatrix.
3. A tokenizer without any tensor is a vocabulary (unless it is one part of a split model).
4. Rank pooling or a classifier head: a reranker, which is how llama-server serves it.
5. Mean, cls or last pooling, an encoder-only architecture, or attention that is not causal: an
   embedding model. Text diffusion models are not causal either, yet produce text by a way that
   llama-server does not offer: unknown. So are models that turn one text into another (T5): they
   have a tokenizer and layers like those of rule 6, but llama-server does not run their encoder.
6. Repeated layers and a tokenizer: it generates text, so it is a chat model. Without a template
   it still is one; its capabilities then say that no template was found.
7. Anything else is unknown: audio decoders, draft heads, files of another purpose.
"""

from __future__ import annotations

from typing import Final, Literal

from models_app.core.architectures import DIFFUSION, ENCODER_DECODERS, ENCODERS
from models_app.core.file_names import FileNameParts
from models_app.core.gguf import Header
from models_app.core.tensors import TensorSummary

ModelKind = Literal[
    "chat",
    "embedding",
    "reranker",
    "projector",
    "adapter",
    "vocabulary",
    "imatrix",
    "unknown",
]

_STATED: Final[dict[str, ModelKind]] = {
    "adapter": "adapter",
    "mmproj": "projector",
    "imatrix": "imatrix",
    "vocab": "vocabulary",
}
_POOLING: Final = {0: "none", 1: "mean", 2: "cls", 3: "last", 4: "rank"}


def kind_of(header: Header, summary: TensorSummary) -> ModelKind:
    return (
        _STATED.get(header.text("general.type") or "")
        or _companion(header, summary)
        or _by_pooling(header, summary)
        or ("chat" if _generates(header, summary) else "unknown")
    )


def kind_from_name(parts: FileNameParts) -> ModelKind:
    """The name of an unreadable file tells companions apart from models, nothing more."""
    if parts.sidecar == "mmproj":
        return "projector"
    named: dict[str | None, ModelKind] = {"LoRA": "adapter", "vocab": "vocabulary"}
    return named.get(parts.kind, "unknown")


def pooling_of(header: Header) -> str | None:
    if not header.architecture:
        return None
    number = header.integer(f"{header.architecture}.pooling_type")
    return None if number is None else _POOLING.get(number)


def is_part(header: Header) -> bool:
    """One shard of several: what it lacks may stand in another."""
    return (header.integer("split.count") or 0) > 1


def _companion(header: Header, summary: TensorSummary) -> ModelKind | None:
    if header.architecture == "clip":
        return "projector"
    if header.text("adapter.type") is not None:
        return "adapter"
    if header.integer("imatrix.chunk_count") is not None:
        return "imatrix"
    if not summary.count and not is_part(header) and _has_tokenizer(header):
        return "vocabulary"
    return None


def _by_pooling(header: Header, summary: TensorSummary) -> ModelKind | None:
    architecture = header.architecture or ""
    pooling = pooling_of(header)
    if pooling == "rank" or summary.has_classifier:
        return "reranker"
    if pooling in ("mean", "cls", "last") or architecture in ENCODERS:
        return "embedding"
    if not architecture or architecture in DIFFUSION | ENCODER_DECODERS:
        return "unknown"
    causal = header.boolean(f"{architecture}.attention.causal")
    return "embedding" if causal is False else None


def _generates(header: Header, summary: TensorSummary) -> bool:
    if not header.architecture:
        return False
    layers = header.integer(f"{header.architecture}.block_count") or 0
    return layers > 0 and _has_tokenizer(header) and (bool(summary.layers) or is_part(header))


def _has_tokenizer(header: Header) -> bool:
    # `no_vocab` is what converters write for a model that takes embeddings instead of text.
    return header.text("tokenizer.ggml.model") not in (None, "", "no_vocab", "none")
