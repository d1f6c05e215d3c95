"""A model's facts as lines of a page. All text comes from files and is shown as text only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from llamadash import formats
from models_app.models import LlamaModel, ModelFile, ModelKind

MOST_LINES: Final = 500
MAX_VALUE: Final = 400
TEMPLATE_KEYS: Final = ("tokenizer.chat_template", "tokenizer.chat_template.default")
LABEL_SOURCES: Final = {
    "file_type": "the file states it and its tensors agree",
    "tensors": "counted from the tensors",
    "name": "the file name says so",
}
CAPABILITY_WORDS: Final = {
    "tools": "tool calls",
    "thinking": "thinking",
    "vision": "pictures",
    "system": "a system message",
}


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    value: str  # empty: not known
    note: str = ""  # where it is from, or its exact form
    is_mono: bool = False
    copy: str = ""  # what a copy button takes
    url: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    text: str
    size: str
    is_cut: bool


def _text(facts: dict[str, Any], *keys: str) -> str:
    found: Any = facts
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return "" if found is None or isinstance(found, dict | list) else str(found)


def _number(facts: dict[str, Any], key: str) -> str:
    value = facts.get(key)
    return formats.grouped(value) if type(value) is int else ""


def _list(facts: dict[str, Any], key: str) -> str:
    value = facts.get(key)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else ""


def rail(model: LlamaModel, files: Sequence[ModelFile]) -> dict[str, list[Line]]:
    """The two short tables beside every tab."""
    sha256 = files[0].sha256 if len(files) == 1 else ""
    file = [
        Line("Name", model.file_name, is_mono=True, copy=model.path),
        Line("Folder", model.folder, is_mono=True),
        Line("Size", formats.size(model.size_bytes), f"{model.size_bytes:,} bytes"),
    ]
    if len(files) > 1:
        file.append(Line("Shards", str(len(files))))
    if model.projector:
        text = f"{model.projector.file_name}, {formats.size(model.projector.size_bytes)}"
        file.append(Line("Projector", text, is_mono=True, url=model.projector.get_absolute_url()))
    short = f"{sha256[:8]}…{sha256[-4:]}" if sha256 else ""
    note = sha256 or "only known where the store that holds the file says it"
    file.append(Line("SHA-256", short, note, is_mono=True, copy=sha256))
    return {"file": file, "model": list(_model_lines(model))}


def _model_lines(model: LlamaModel) -> Iterator[Line]:
    facts = model.facts
    yield Line("Architecture", model.architecture or "")
    exact = formats.grouped(model.parameters) if model.parameters else ""
    yield Line("Parameters", formats.count(model.parameters) if model.parameters else "", exact)
    yield Line("Quantization", _quantization(model))
    yield Line("Layers", _number(facts, "layers"))
    yield Line("Heads", _heads(facts))
    yield Line("Context", formats.grouped(model.context_length) if model.context_length else "")
    yield Line("Tokenizer", _tokenizer(facts))
    yield Line("Can", ", ".join(_can(model)))
    yield Line("Licence", _text(facts, "licence_id") or _text(facts, "licence_name"))


def _quantization(model: LlamaModel) -> str:
    if not model.quantization:
        return ""
    bits = model.bits_per_weight
    return model.quantization if bits is None else f"{model.quantization}, {bits:.1f} bits a weight"


def _heads(facts: dict[str, Any]) -> str:
    heads, for_kv = _number(facts, "heads"), _number(facts, "kv_heads")
    return f"{heads}, {for_kv} for KV" if heads and for_kv else heads


def _tokenizer(facts: dict[str, Any]) -> str:
    kind = _text(facts, "tokenizer_pre") or _text(facts, "tokenizer_model")
    return ", ".join(part for part in (kind, _number(facts, "vocabulary")) if part)


def _can(model: LlamaModel) -> list[str]:
    words = (str(word) for word in model.capabilities)
    return [CAPABILITY_WORDS.get(word, word) for word in words]


def fact_groups(model: LlamaModel, files: Sequence[ModelFile]) -> list[tuple[str, list[Line]]]:
    """All that is known, with where it is from."""
    facts = model.facts
    return [
        ("What it is", list(_identity(model, facts))),
        ("Size and shape", list(_shape(model, facts))),
        ("Where it comes from", list(_origin(facts))),
        ("In the registry", list(_registry(model, files))),
    ]


def _identity(model: LlamaModel, facts: dict[str, Any]) -> Iterator[Line]:
    yield Line("Kind", dict(ModelKind.choices).get(model.kind, model.kind))
    yield Line("Architecture", model.architecture or "")
    yield Line("Name in the file", _text(facts, "name"))
    yield Line("Base", _text(facts, "basename"))
    yield Line("Fine-tune", _text(facts, "finetune"))
    yield Line("Version", _text(facts, "version"))
    yield Line("Description", _text(facts, "description"))
    note = "found by looking for words in the chat template, which is never run here"
    yield Line("Can", ", ".join(_can(model)), note if model.capabilities else "")
    yield Line("Tags in the file", _list(facts, "tags"))
    yield Line("Languages", _list(facts, "languages"))


def _shape(model: LlamaModel, facts: dict[str, Any]) -> Iterator[Line]:
    parameters = formats.grouped(model.parameters) if model.parameters else ""
    label = _text(facts, "size_label")
    yield Line("Parameters", parameters, f"the maker says {label}" if label else "")
    source = LABEL_SOURCES.get(_text(facts, "quantization", "source"), "")
    yield Line("Quantization", model.quantization or "", source if model.quantization else "")
    yield Line("Variant", _text(facts, "quantization", "variant"))
    bits = "" if model.bits_per_weight is None else f"{model.bits_per_weight:.3f}"
    yield Line("Bits per weight", bits)
    yield Line("Tensor types", _mix(facts), "shares of the bytes")
    yield Line("Context trained", _number(facts, "context_length"))
    for label, key in (
        ("Layers", "layers"),
        ("Embedding", "embedding_length"),
        ("Heads", "heads"),
        ("Heads for KV", "kv_heads"),
        ("Experts", "experts"),
        ("Experts used", "experts_used"),
        ("Sliding window", "sliding_window"),
        ("Vocabulary", "vocabulary"),
        ("Projects to", "projection_dim"),
    ):
        yield Line(label, _number(facts, key))
    yield Line("Pooling", _text(facts, "pooling"))
    yield Line("Tokenizer", _tokenizer(facts))


def _mix(facts: dict[str, Any]) -> str:
    mix = facts.get("mix")
    if not isinstance(mix, dict):
        return ""
    shares = [(str(name), share) for name, share in mix.items() if isinstance(share, int | float)]
    return ", ".join(f"{name} {formats.percent(share)}" for name, share in shares[:12])


def _origin(facts: dict[str, Any]) -> Iterator[Line]:
    yield Line("Author", _text(facts, "author"))
    yield Line("Organization", _text(facts, "organization"))
    yield Line("Quantized by", _text(facts, "quantized_by"))
    yield Line("Repository", _text(facts, "repo_url"))
    yield Line("Licence", _text(facts, "licence_id") or _text(facts, "licence_name"))
    yield Line("Licence text", _text(facts, "licence_link"))
    bases = facts.get("base_models")
    for base in bases if isinstance(bases, list) else []:
        if isinstance(base, dict):
            name = " / ".join(filter(None, (_text(base, "organization"), _text(base, "name"))))
            yield Line("Base model", name or _text(base, "repo_url"), _text(base, "repo_url"))


def _registry(model: LlamaModel, files: Sequence[ModelFile]) -> Iterator[Line]:
    yield Line("Facts", model.get_parse_source_display())
    yield Line("Path", model.path, is_mono=True, copy=model.path)
    yield Line("Folder scanned", model.root.path, model.root.get_kind_display(), is_mono=True)
    versions = sorted({str(file.gguf_version) for file in files if file.gguf_version})
    yield Line("GGUF version", ", ".join(versions))
    yield Line("Copies", str(model.copies) if model.copies > 1 else "none other")


def chat_template(model: LlamaModel, files: Sequence[ModelFile]) -> Template | None:
    metadata = _metadata(files)
    found = next((metadata[key] for key in TEMPLATE_KEYS if metadata.get(key)), None)
    if not isinstance(found, str):
        return None
    size = formats.size(len(found.encode("utf-8", "replace")))
    return Template(found, size, model.facts.get("chat_template_cut") is True)


def _metadata(files: Sequence[ModelFile]) -> dict[str, Any]:
    """Of the first shard, which holds what all of them have in common."""
    first = next((file for file in files if file.metadata), None)
    return first.metadata if first else {}


@dataclass(frozen=True, slots=True)
class Metadata:
    lines: list[Line]
    total: int

    @property
    def is_cut(self) -> bool:
        return len(self.lines) == MOST_LINES


def metadata_lines(files: Sequence[ModelFile], find: str) -> Metadata:
    """The file's key-values as they stand in it, those that hold `find` in key or value."""
    metadata = _metadata(files)
    wanted = find.lower().strip()
    lines: list[Line] = []
    for key, value in metadata.items():
        if wanted and wanted not in key.lower() and wanted not in str(value).lower():
            continue
        if len(lines) == MOST_LINES:
            break
        lines.append(Line(key, _shown(value), _type(value)))
    return Metadata(lines, len(metadata))


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        items, count = value.get("items"), value.get("count")
        text = "" if items is None else ", ".join(map(str, items))
        text = text or f"{formats.grouped(count) if type(count) is int else '?'} items"
    else:
        text = str(value)
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}… ({len(text):,} characters)"


def _type(value: Any) -> str:
    if isinstance(value, dict):
        return "list"
    return {bool: "flag", int: "number", float: "number", str: "text"}.get(type(value), "")
