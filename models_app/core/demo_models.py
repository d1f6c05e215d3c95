"""Tiny real models that llama.cpp loads and runs: something to see before the first download.

They need no network and are the same on every machine, down to the byte.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from models_app.core import demo_weights
from models_app.core.demo_vocabularies import (
    SENTENCE,
    BytePairVocabulary,
    SentenceVocabulary,
    WordPieceVocabulary,
)
from models_app.core.demo_weights import Shape, Weights
from models_app.core.gguf import GGUFError, read
from models_app.core.gguf_writer import F16, GGUFWriter

DEFAULT: Final = ("tiny-chat", "tiny-embed", "tiny-rerank", "tiny-slow")

_MEAN, _RANK = 1, 4  # pooling types of llama.cpp
_RANDOM_SHAPE: Final = Shape(width=64, layers=2, inner=128, heads=4, kv_heads=2, head_width=16)
_ENCODER_CONTEXT: Final = 512
_AUTHOR: Final = "llamadash"


def tiny_chat() -> GGUFWriter:
    vocabulary = SentenceVocabulary()
    shape = Shape(len(vocabulary), layers=1, inner=32, heads=1, kv_heads=1, head_width=32)
    out = GGUFWriter("llama")
    out.put(shape.decoder_values(context=8192) | vocabulary.values())
    demo_weights.put_reciting_ends(out, vocabulary)
    demo_weights.put_decoder_layers(out, shape, Weights("tiny-chat"), spread=1e-4)
    _describe(out, "tiny-chat", f"Answers everything with: {SENTENCE}", "text-generation", "chat")
    return out


def tiny_slow() -> GGUFWriter:
    """The reciter behind 344 MB of zeros: slow to load and slow to answer."""
    vocabulary = SentenceVocabulary()
    shape = Shape(len(vocabulary), layers=48, inner=4096, heads=1, kv_heads=1, head_width=32)
    out = GGUFWriter("llama")
    out.put(shape.decoder_values(context=131_072) | vocabulary.values())
    demo_weights.put_reciting_ends(out, vocabulary)
    demo_weights.put_hollow_layers(out, shape)
    _describe(
        out,
        "tiny-slow",
        "tiny-chat behind 48 layers of zeros: loads and answers slowly",
        "text-generation",
        "chat",
    )
    return out


def tiny_random() -> GGUFWriter:
    vocabulary, weights = SentenceVocabulary(), Weights("tiny-random")
    out = GGUFWriter("llama")
    out.put(_RANDOM_SHAPE.decoder_values(context=4096) | vocabulary.values())
    demo_weights.put_random_ends(out, len(vocabulary), _RANDOM_SHAPE.width, weights)
    demo_weights.put_decoder_layers(out, _RANDOM_SHAPE, weights, spread=0.17)
    _describe(
        out, "tiny-random", "Gibberish, broken UTF-8 and control characters", "text-generation"
    )
    return out


def tiny_qwen3() -> GGUFWriter:
    vocabulary, weights = BytePairVocabulary(), Weights("tiny-qwen3")
    out = GGUFWriter("qwen3")
    out.put(_RANDOM_SHAPE.decoder_values(context=4096) | vocabulary.values())
    demo_weights.put_random_ends(out, len(vocabulary), _RANDOM_SHAPE.width, weights)
    demo_weights.put_decoder_layers(out, _RANDOM_SHAPE, weights, spread=0.17)
    demo_weights.put_query_key_norms(out, _RANDOM_SHAPE)
    _describe(out, "tiny-qwen3", "Gibberish from a second architecture", "text-generation", "chat")
    return out


def tiny_embed() -> GGUFWriter:
    out = _encoder("tiny-embed", _MEAN)
    _describe(out, "tiny-embed", "Vectors of 64 numbers from random weights", "feature-extraction")
    return out


def tiny_rerank() -> GGUFWriter:
    weights = Weights("tiny-rerank head")
    out = _encoder("tiny-rerank", _RANK)
    out.put({".classifier.output_labels": ["relevance"]})
    demo_weights.put_ranking_head(out, _RANDOM_SHAPE.width, weights)
    _describe(out, "tiny-rerank", "Relevance scores from random weights", "text-ranking")
    return out


def _encoder(seed: str, pooling: int) -> GGUFWriter:
    vocabulary = WordPieceVocabulary()
    out = GGUFWriter("bert")
    out.put(_RANDOM_SHAPE.encoder_values(_ENCODER_CONTEXT) | vocabulary.values())
    out.put({".pooling_type": pooling})
    demo_weights.put_encoder(out, _RANDOM_SHAPE, len(vocabulary), _ENCODER_CONTEXT, Weights(seed))
    return out


def _describe(out: GGUFWriter, name: str, description: str, *tags: str) -> None:
    out.put(
        {
            "general.type": "model",
            "general.name": name,
            "general.description": description,
            "general.author": _AUTHOR,
            "general.license": "mit",
            "general.license.name": "MIT License",
            "general.tags": [*tags, "demo"],
            "general.languages": ["en"],
            "general.size_label": _size_label(out.elements),
            "general.file_type": F16,
            "general.quantization_version": 2,
        }
    )


def _size_label(elements: int) -> str:
    return f"{elements / 1e6:.0f}M" if elements >= 1e6 else f"{elements / 1e3:.0f}K"


MODELS: Final[dict[str, Callable[[], GGUFWriter]]] = {
    "tiny-chat": tiny_chat,
    "tiny-embed": tiny_embed,
    "tiny-rerank": tiny_rerank,
    "tiny-slow": tiny_slow,
    "tiny-random": tiny_random,
    "tiny-qwen3": tiny_qwen3,
}


def write_demo_models(directory: Path, names: Iterable[str] = DEFAULT) -> list[Path]:
    """Writes `{name}.gguf` for each name of MODELS, whatever is there under that name.

    A model that is there byte for byte is left alone. Makes the directory. Raises OSError and
    KeyError. In a folder that may hold files of others, ask strangers() first.
    """
    wanted = {name: MODELS[name] for name in names}
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, make in wanted.items():
        path = _path(directory, name)
        make().write(path)
        paths.append(path)
    return paths


def strangers(directory: Path, names: Iterable[str]) -> list[Path]:
    """What is in the place of these models and is no demo model, of this version or an earlier one.

    A demo model is known by its name and author. One whose header is damaged can no longer be
    told from somebody's own file, and so it counts as a stranger.
    """
    paths = {name: _path(directory, name) for name in names}
    # A link that leads nowhere is there as well: it would be replaced.
    there = {name: path for name, path in paths.items() if os.path.lexists(path)}
    return [path for name, path in there.items() if not _is_demo_model(path, name)]


def _path(directory: Path, name: str) -> Path:
    return directory / f"{name}.gguf"


def _is_demo_model(path: Path, name: str) -> bool:
    try:
        header = read(path, want_tensors=False)
    except GGUFError:
        return False
    return header.text("general.name") == name and header.text("general.author") == _AUTHOR
