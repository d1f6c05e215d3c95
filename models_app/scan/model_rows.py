"""From what was read of a model's files to the rows that are stored. Writes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from functools import reduce
from typing import Final

from llamadash.formats import size
from models_app.core.cleaning import clean_line, clean_text
from models_app.core.facts import Facts, derive, from_file_name
from models_app.core.file_names import FileNameParts, display_name, parse_file_name
from models_app.core.gguf import GGUFError, Header
from models_app.core.memory import EstimateError, Options, estimate
from models_app.core.tensors import TensorSummary, merge
from models_app.disk.content_key import combined
from models_app.disk.file_reading import Reading
from models_app.disk.found import StoreEntry
from models_app.disk.grouping import Group
from models_app.models import FileState, LlamaModel, ModelFile, ModelRoot, ParseSource, path_key

_SMALLEST_CONTEXT: Final = 1
# The chat template is in the file's metadata, and long.
_NESTED_FACTS: Final = ("chat_template", "quantization", "capabilities", "base_models")
_PLAIN_FACTS: Final = [each.name for each in fields(Facts) if each.name not in _NESTED_FACTS]
_ABSURD_BYTES: Final = 1 << 50  # no disk holds a file of a PiB
# What converters write when nobody gave them a name.
_NO_NAMES: Final = frozenset(
    {
        "", "checkpoint", "ggml-model", "gguf", "hf", "llama", "llama v2", "merged", "model",
        "models", "n/a", "none", "null", "output", "snapshot", "test", "tmp", "unknown", "untitled",
    }
)  # fmt: skip
_NO_NAME: Final = re.compile(r"^(?:[./~\\].*|.*[/\\].*[/\\].*|[0-9a-f]{32,64}|[\W\d_]+)$")
_LLAMA_CPP_PREFIX: Final = re.compile(r"^[^_]+_.+?-GGUF_(?=.)", re.IGNORECASE)


class ModelRows:
    """One model and its files as they are now. `readings` are by shard number."""

    def __init__(
        self,
        root: ModelRoot,
        group: Group,
        readings: dict[int, Reading],
        now: datetime,
        memory_context: int,
    ) -> None:
        self.root = root
        self.group = group
        self.readings = readings
        self.now = now
        self.memory_context = memory_context
        self.parts = parse_file_name(group.path)
        self.store = self._first.found.store
        self.files = [self._file(number, reading) for number, reading in readings.items()]
        self.model = self._model()

    @property
    def _first(self) -> Reading:
        return self.readings[min(self.readings)]

    @property
    def unreadable(self) -> GGUFError | None:
        """The disk's error, when that is why there is no result."""
        errors = (reading.error for reading in self.readings.values())
        return next((each for each in errors if each is not None and each.kind == "os_error"), None)

    # -- files
    def _file(self, number: int, reading: Reading) -> ModelFile:
        found, header, error = reading.found, reading.header, reading.error
        return ModelFile(
            key=path_key(found.path),
            root=self.root,
            path=found.path,
            shard_number=number if self.group.total else None,
            shard_count=self.group.total,
            size_bytes=found.size_bytes,
            scan_key=found.scan_key,
            state=_file_state(reading),
            parse_source=ParseSource.NAME if header is None else ParseSource.HEADER,
            error_kind=error.kind if error else "",
            error_offset=error.offset if error else None,
            error=(clean_text(error.message) or "") if error else "",
            warnings=[clean_line(warning) for warning in reading.warnings],
            gguf_version=header.version if header else None,
            metadata=reading.metadata,
            tensors=reading.summary.to_json() if header else None,
            content_key=reading.content_key if header else "",  # broken files have no copies
            sha256=found.sha256,
            first_seen_at=self.now,
            last_seen_at=self.now,
        )

    # -- the model
    def _model(self) -> LlamaModel:
        header, facts = self._facts()
        state, reason = self._state()
        model = LlamaModel(
            key=path_key(self.group.path),
            root=self.root,
            path=self.group.path,
            name=self._name(facts),
            state=state,
            reason=reason,
            parse_source=ParseSource.NAME if header is None else ParseSource.HEADER,
            kind=facts.kind,
            architecture=clean_line(facts.architecture, 64),
            quantization=clean_line(facts.quantization.text, 32),
            parameters=facts.parameters,
            bits_per_weight=facts.bits_per_weight,
            size_bytes=sum(reading.found.size_bytes for reading in self.readings.values()),
            context_length=facts.context_length,
            facts=_stored_facts(facts, self.store),
            capabilities=capability_words(facts),
            content_key=combined(file.content_key for file in self._files_in_order()),
            first_seen_at=self.now,
            last_seen_at=self.now,
        )
        if header is not None:
            set_memory(model, header.values, self._summary(), self.memory_context)
        return model

    def _in_order(self) -> list[Reading]:
        return [self.readings[number] for number in sorted(self.readings)]

    def _files_in_order(self) -> list[ModelFile]:
        return sorted(self.files, key=lambda file: file.shard_number or 0)

    def _summary(self) -> TensorSummary:
        return reduce(merge, (reading.summary for reading in self._in_order()))

    def _facts(self) -> tuple[Header | None, Facts]:
        """Facts are the first shard's; without it only the name says something."""
        first = self.readings.get(1)
        if first is None or first.header is None:
            return None, from_file_name(self.parts)
        return first.header, derive(first.header, self._summary(), self.parts)

    def _name(self, facts: Facts) -> str:
        if self.store is not None and self.store.name:
            return self.store.name[:255]
        if is_meaningful(facts.name):
            return str(facts.name)[:255]
        return name_from_file(self.group.path, self.parts)[:255]

    # -- the worst that is true of any part
    def _state(self) -> tuple[str, str]:
        return (
            self._invalid()
            or self._unreadable()
            or self._absent()
            or self._misnamed()
            or self._half()
            or (FileState.OK, "")
        )

    def _of_shard(self, number: int) -> str:
        return f"Shard {number} of {self.group.total}: " if self.group.total else ""

    def _invalid(self) -> tuple[str, str] | None:
        for number, reading in self.readings.items():
            error = reading.error
            if error is not None and error.kind != "os_error":
                return FileState.INVALID, self._of_shard(number) + sentence(error)
        return None

    def _unreadable(self) -> tuple[str, str] | None:
        for number, reading in self.readings.items():
            if reading.error is not None:
                return FileState.UNREADABLE, self._of_shard(number) + sentence(reading.error)
        return None

    def _absent(self) -> tuple[str, str] | None:
        absent, total = self.group.absent, self.group.total
        if not absent:
            return None
        shown = ", ".join(map(str, absent[:10])) + (" …" if len(absent) > 10 else "")
        if len(absent) == 1:
            return FileState.INCOMPLETE, f"Shard {shown} of {total} is missing."
        return FileState.INCOMPLETE, f"Shards {shown} of {total} are missing."

    def _misnamed(self) -> tuple[str, str] | None:
        """llama.cpp finds shards by name and checks their numbers: both must agree."""
        for number, reading in self.readings.items():
            header = reading.header
            count = header.integer("split.count") if header else None
            if header is None or count is None or (count <= 1 and not self.group.total):
                continue
            if self.group.total is None:
                reason = f"It is one of {count} shards, but its name does not say which."
                return FileState.INCOMPLETE, reason
            inside = header.integer("split.no")
            if count != self.group.total or inside != number - 1:
                at = "?" if inside is None else inside + 1
                reason = f"{self._of_shard(number)}the file itself says shard {at} of {count}."
                return FileState.INVALID, reason
        return None

    def _half(self) -> tuple[str, str] | None:
        for number, reading in self.readings.items():
            if _is_half(reading):
                return FileState.INCOMPLETE, self._of_shard(number) + _half_reason(reading)
        return None


def _file_state(reading: Reading) -> str:
    if reading.error is not None:
        return FileState.UNREADABLE if reading.error.kind == "os_error" else FileState.INVALID
    return FileState.INCOMPLETE if _is_half(reading) else FileState.OK


def _is_half(reading: Reading) -> bool:
    header = reading.header
    return header is not None and (header.incomplete or reading.found.downloading)


def _half_reason(reading: Reading) -> str:
    there, needed = reading.found.size_bytes, reading.needed_bytes
    if needed <= there:
        return "It is still being downloaded."
    if needed > _ABSURD_BYTES:
        return "Its tensors are said to lie far behind the end of the file."
    return f"{size(there)} of {size(needed)} are there."


def sentence(error: GGUFError) -> str:
    """The reader's words with the place, as a sentence."""
    text = clean_line(str(error), 1000) or error.kind
    return f"{text[0].upper()}{text[1:]}."


def is_meaningful(name: str | None) -> bool:
    """Whether general.name names the model and not the converter's folder."""
    text = (name or "").strip()
    return text.lower() not in _NO_NAMES and not _NO_NAME.match(text)


def name_from_file(path: str, parts: FileNameParts) -> str:
    if parts.base is not None and (short := _LLAMA_CPP_PREFIX.sub("", parts.base)) != parts.base:
        parts = parse_file_name(_LLAMA_CPP_PREFIX.sub("", path.rpartition("/")[2]))
        return display_name(parts) or short
    return clean_line(display_name(parts)) or path.rpartition("/")[2]


def capability_words(facts: Facts) -> list[str]:
    """Those the model is known to have."""
    words = ("tools", "thinking", "vision", "system")
    return [word for word in words if getattr(facts.capabilities, word)]


def _stored_facts(facts: Facts, store: StoreEntry | None) -> dict[str, object]:
    """As asdict() would have it, at a third of its price: that copies every leaf."""
    stored: dict[str, object] = {name: getattr(facts, name) for name in _PLAIN_FACTS}
    stored["quantization"] = asdict(facts.quantization)
    stored["capabilities"] = asdict(facts.capabilities)
    stored["base_models"] = [asdict(model) for model in facts.base_models]
    if store is not None:
        said = store._asdict()
        stored["store"] = {key: value for key, value in said.items() if value}
    return stored


def set_memory(
    model: LlamaModel, values: Mapping[str, object], summary: TensorSummary, memory_context: int
) -> None:
    """The memory columns: at the context of the option, or the model's own if that is smaller."""
    context = min(memory_context, model.context_length or memory_context)
    try:
        found = estimate(values, summary, Options(ctx=max(_SMALLEST_CONTEXT, context)))
    except EstimateError:
        return
    model.memory_context = context
    model.weights_bytes = found.weights_bytes
    model.cache_bytes = found.kv_bytes + found.recurrent_bytes
    model.compute_bytes = found.compute_bytes
    model.memory_is_lower_bound = found.lower_bound
