"""What a model file says about itself, reduced to what lists, filters and pages show.

Nothing here raises and nothing guesses: a fact that the file does not state is None. Every text
comes from the file and stays hostile; it is only made fit for storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from models_app.core.cleaning import MAX_TEMPLATE, clean_line, clean_link, clean_text
from models_app.core.file_names import FileNameParts
from models_app.core.gguf import ArrayValue, Header
from models_app.core.kinds import ModelKind, kind_from_name, kind_of, pooling_of
from models_app.core.labels import Label, label_from_name, label_of
from models_app.core.templates import Capabilities, capabilities_of, chat_template
from models_app.core.tensors import MAX_SUM, TensorSummary

MAX_COUNT: Final = (1 << 31) - 1  # of layers, heads, tokens: llama.cpp reads 32 bits
MAX_ARCHITECTURE: Final = 64
MAX_TAGS: Final = 32
MAX_TAG: Final = 64
MAX_BASE_MODELS: Final = 16


@dataclass(frozen=True, slots=True)
class BaseModel:
    name: str | None
    organization: str | None
    repo_url: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    kind: ModelKind = "unknown"
    architecture: str | None = None
    name: str | None = None
    basename: str | None = None
    finetune: str | None = None
    version: str | None = None
    size_label: str | None = None  # as the maker wrote it: "8B", "8x7B"
    # -- size and quantization
    parameters: int | None = None
    quantization: Label = field(default_factory=Label)
    bits_per_weight: float | None = None
    mix: Mapping[str, float] = field(default_factory=dict)  # tensor type -> share of the bytes
    # -- shape
    context_length: int | None = None
    embedding_length: int | None = None
    layers: int | None = None
    heads: int | None = None  # the largest where layers differ
    kv_heads: int | None = None
    experts: int | None = None
    experts_used: int | None = None
    sliding_window: int | None = None
    vocabulary: int | None = None
    pooling: str | None = None
    # Of a projector: must equal the embedding_length of the text model it belongs to.
    projection_dim: int | None = None
    projector_type: str | None = None
    # -- text
    tokenizer_model: str | None = None
    tokenizer_pre: str | None = None
    chat_template: str | None = None
    chat_template_cut: bool = False
    capabilities: Capabilities = field(default_factory=Capabilities)
    # -- origin
    author: str | None = None
    organization: str | None = None
    description: str | None = None
    quantized_by: str | None = None
    repo_url: str | None = None
    licence_id: str | None = None
    licence_name: str | None = None
    licence_link: str | None = None
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    base_models: tuple[BaseModel, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values for a JSON column, without the template: it has up to 256 KiB."""
        return {name: value for name, value in asdict(self).items() if name != "chat_template"}


def derive(header: Header, summary: TensorSummary, parts: FileNameParts | None = None) -> Facts:
    """Facts of a model: the first shard's header, the tensors of all shards, the file's name.

    The name only adds what no metadata can say (the variant of a quantization) and the label when
    the file has none.
    """
    parts = parts or FileNameParts()
    architecture = clean_line(header.architecture, MAX_ARCHITECTURE)
    template = chat_template(header)
    parameters = summary.parameters if 0 < summary.parameters < MAX_SUM else None
    kind = kind_of(header, summary)
    return Facts(
        kind=kind,
        architecture=architecture,
        name=clean_line(header.text("general.name")),
        basename=clean_line(header.text("general.basename")),
        finetune=clean_line(header.text("general.finetune")),
        version=clean_line(header.text("general.version")),
        size_label=clean_line(header.text("general.size_label")),
        parameters=parameters,
        quantization=label_of(header, summary, parts),
        bits_per_weight=8 * summary.nbytes / parameters if parameters and summary.nbytes else None,
        mix=summary.mix(),
        context_length=_own(header, "context_length"),
        embedding_length=_own(header, "embedding_length"),
        layers=_own(header, "block_count"),
        heads=_own(header, "attention.head_count"),
        kv_heads=_own(header, "attention.head_count_kv"),
        experts=_own(header, "expert_count"),
        experts_used=_own(header, "expert_used_count"),
        sliding_window=_own(header, "attention.sliding_window"),
        vocabulary=_vocabulary(header, summary),
        pooling=pooling_of(header),
        projection_dim=_projection_dim(header),
        projector_type=clean_line(header.text("clip.projector_type")),
        tokenizer_model=clean_line(header.text("tokenizer.ggml.model")),
        tokenizer_pre=clean_line(header.text("tokenizer.ggml.pre")),
        chat_template=clean_text(template, MAX_TEMPLATE),
        chat_template_cut=template is not None and len(template) > MAX_TEMPLATE,
        capabilities=capabilities_of(header),
        author=clean_line(header.text("general.author")),
        organization=clean_line(header.text("general.organization")),
        description=clean_text(header.text("general.description")),
        quantized_by=clean_line(header.text("general.quantized_by")),
        repo_url=_link(header, "general.repo_url", "general.url", "general.source.repo_url"),
        licence_id=clean_line(header.text("general.license")),
        licence_name=clean_line(header.text("general.license.name")),
        licence_link=_link(header, "general.license.link"),
        tags=_texts(header, "general.tags"),
        languages=_texts(header, "general.languages"),
        base_models=_base_models(header),
    )


def from_file_name(parts: FileNameParts) -> Facts:
    """Facts of a file that cannot be read: what its name says, and nothing else."""
    return Facts(
        kind=kind_from_name(parts),
        basename=clean_line(parts.base),
        finetune=clean_line(parts.finetune),
        version=clean_line(parts.version),
        size_label=clean_line(parts.size),
        quantization=label_from_name(parts),
    )


def _own(header: Header, key: str) -> int | None:
    """A positive number under the architecture's prefix, the largest of a per-layer array."""
    if not header.architecture:
        return None  # whatever "None.context_length" may say
    full_key = f"{header.architecture}.{key}"
    array = header.array(full_key)
    numbers = [header.integer(full_key)] if array is None else array.items or []
    usable = [n for n in numbers if type(n) is int and 0 < n <= MAX_COUNT]
    return max(usable, default=None)


def _vocabulary(header: Header, summary: TensorSummary) -> int | None:
    tokens = header.array("tokenizer.ggml.tokens")
    if tokens is not None and tokens.count:
        return tokens.count
    return summary.vocabulary_rows or _own(header, "vocab_size")


def _projection_dim(header: Header) -> int | None:
    keys = ("clip.vision.projection_dim", "clip.audio.projection_dim", "clip.projection_dim")
    numbers = (header.integer(key) for key in keys)
    return next((n for n in numbers if n is not None and 0 < n <= MAX_COUNT), None)


def _link(header: Header, *keys: str) -> str | None:
    links = (clean_link(header.text(key)) for key in keys)
    return next((link for link in links if link), None)


def _texts(header: Header, key: str) -> tuple[str, ...]:
    array: ArrayValue | None = header.array(key)
    items = (array.items or []) if array else []
    texts = (clean_line(item, MAX_TAG) for item in items if isinstance(item, str))
    return tuple(dict.fromkeys(text for text in texts if text))[:MAX_TAGS]


def _base_models(header: Header) -> tuple[BaseModel, ...]:
    count = min(max(header.integer("general.base_model.count") or 0, 0), MAX_BASE_MODELS)
    found = (_base_model(header, f"general.base_model.{i}.") for i in range(count))
    return tuple(model for model in found if model != BaseModel(None, None, None))


def _base_model(header: Header, prefix: str) -> BaseModel:
    return BaseModel(
        name=clean_line(header.text(prefix + "name")),
        organization=clean_line(header.text(prefix + "organization")),
        repo_url=_link(header, prefix + "repo_url", prefix + "url"),
    )
