"""What the API takes and gives, as its documentation states it.

Answers are built as plain dictionaries and written by orjson; the schemas of answers are for the
documentation, and a test holds both together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema
from pydantic import ConfigDict, StrictBool, StrictInt, StrictStr

from models_app.lists.listing import CAPABILITIES, SORT_KEYS, STATES
from models_app.memory.room import PLACES
from models_app.models import ModelKind


class Memory(Schema):
    """An estimate at `context` tokens; every part null when it cannot be made."""

    context: int | None
    weights_bytes: int | None
    cache_bytes: int | None
    compute_bytes: int | None
    is_lower_bound: bool


class ModelRow(Schema):
    id: int
    name: str
    path: str
    root: int
    state: str
    reason: str
    parse_source: str
    kind: str
    architecture: str | None
    quantization: str | None
    parameters: int | None
    bits_per_weight: float | None
    size_bytes: int
    context_length: int | None
    capabilities: list[str]
    memory: Memory
    projector: int | None
    copies: int
    favourite: bool
    hidden: bool
    tags: list[str]
    aliases: list[str]
    use_count: int
    last_used_at: datetime | None
    first_seen_at: datetime
    missing_since: datetime | None


class ModelList(Schema):
    models: list[ModelRow]
    next: str | None = Field(description="`cursor` of the next page")
    total: int = Field(description="how many match, on all pages")


class FileRow(Schema):
    path: str
    shard_number: int | None
    shard_count: int | None
    size_bytes: int
    state: str
    error: str
    error_kind: str
    error_offset: int | None
    warnings: list[str]
    gguf_version: int | None
    sha256: str | None
    metadata: dict[str, Any]
    last_seen_at: datetime
    missing_since: datetime | None


class Copy(Schema):
    id: int
    name: str
    path: str


class ModelDetail(ModelRow):
    notes: str
    facts: dict[str, Any]
    files: list[FileRow]
    duplicates: list[Copy]


class ModelPatch(Schema):
    """Only these can be changed; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    favourite: StrictBool = False
    hidden: StrictBool = False
    notes: StrictStr = ""
    tags: list[StrictStr] = []
    aliases: list[StrictStr] = []


class MemoryPart(Schema):
    bytes: int
    how_known: str


class Device(Schema):
    key: str
    label: str
    name: str
    total_bytes: int | None
    free_bytes: int | None


class Load(Schema):
    device: str
    need_bytes: int
    free_bytes: int | None
    margin_bytes: int
    short_bytes: int | None


class MemoryAnswer(Schema):
    source: str = Field(description="estimate, or llama-fit-params where it is installed")
    options: dict[str, Any]
    weights: MemoryPart
    cache: MemoryPart
    compute: MemoryPart
    total_bytes: int
    device_bytes: int
    host_bytes: int
    bytes_per_token: int
    is_lower_bound: bool
    layers: int
    fits: bool | None = Field(description="null: not known")
    verdict: str
    warnings: list[str]
    largest_context: int | None
    layers_that_fit: int | None
    loads: list[Load]
    devices: list[Device]
    notes: list[str]


class ScanRequest(Schema):
    model_config = ConfigDict(extra="forbid")

    roots: list[StrictInt] | None = Field(None, description="ids; null is all that are enabled")
    force: StrictBool = Field(False, description="read every header again")


class ScanRow(Schema):
    id: int
    state: str
    trigger: str
    force: bool
    cancel_requested: bool
    message: str
    roots: list[int]
    files: int
    models: int
    added: int
    updated: int
    unchanged: int
    missing: int
    invalid: int
    incomplete: int
    to_read: int
    read: int
    current: str
    n_errors: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None


class ScanDetail(ScanRow):
    errors: list[dict[str, Any]]


class ScanList(Schema):
    scans: list[ScanRow]


class Refusal(Schema):
    code: str
    message: str
    detail: Any = None


class Refused(Schema):
    error: Refusal


def _parameter(name: str, schema: dict[str, Any], description: str = "") -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


LIST_PARAMETERS = [
    _parameter("q", {"type": "string"}, "words in name, architecture, quantization, tags, path"),
    _parameter("arch", {"type": "string"}),
    _parameter("quant", {"type": "string"}),
    _parameter("kind", {"type": "string", "enum": list(ModelKind.values)}),
    _parameter(
        "state",
        {"type": "string", "enum": list(STATES), "default": "usable"},
        "usable: ok and incomplete; problems: all but ok",
    ),
    _parameter("root", {"type": "integer"}),
    _parameter("fits", {"type": "string", "enum": list(PLACES)}, "where the model can be"),
    _parameter("can", {"type": "string", "enum": list(CAPABILITIES)}, "what it can do"),
    _parameter("min_params", {"type": "integer", "minimum": 1}, "parameters, at least"),
    _parameter("min_context", {"type": "integer", "minimum": 1}, "context trained, at least"),
    _parameter("hidden", {"type": "string", "enum": ["0", "1"]}, "1: hidden models too"),
    _parameter(
        "sort",
        {"type": "string", "default": "name"},
        f"{', '.join(SORT_KEYS)}; a - before it turns it round; favourites always come first",
    ),
    _parameter("cursor", {"type": "string"}, "`next` of the page before"),
    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}),
]
MEMORY_PARAMETERS = [
    _parameter("ctx", {"type": "integer"}, "tokens of all sequences together"),
    _parameter("parallel", {"type": "integer", "default": 1}),
    _parameter("cache_k", {"type": "string", "default": "f16"}),
    _parameter("cache_v", {"type": "string", "default": "f16"}),
    _parameter("gpu_layers", {"type": "integer"}, "left out: all"),
    _parameter("device", {"type": "string"}, "a key of `devices`; left out: the first"),
]
