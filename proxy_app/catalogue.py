"""Which model a request means: every name under which one can be asked for."""

from __future__ import annotations

import asyncio
import difflib
import heapq
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from django.db.models import Count, Max

from engine_app.control import NOT_ALONE
from engine_app.core.argv import safe_alias
from engine_app.models import Preset
from engine_app.models.engine import SHARD
from models_app.models import FileState, LlamaModel, ModelAlias, RegistryVersion
from proxy_app.fresh import Fresh
from proxy_app.rows import rows

FRESH_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 0.2
MOST_NEAR: Final = 3
MOST_COMPARED: Final = 200  # names; comparing one takes a fifth of a millisecond
MOST_TYPED: Final = 128  # characters of a name that is not known, of which others are found
MOST_ANSWERS: Final = 256
# Of its own: however many unknown names are asked for, they take turns.
_comparing: Final = ThreadPoolExecutor(1, "near names")


@dataclass(frozen=True, slots=True)
class Entry:
    """A model, or a model with a preset, under the id that lists show."""

    id: str
    model_id: int
    preset_id: int | None
    name: str
    aliases: tuple[str, ...]
    kind: str
    capabilities: tuple[str, ...]
    context_length: int | None
    size_bytes: int
    created: int  # seconds since the epoch
    architecture: str
    quantization: str
    parameters: int | None

    @property
    def target(self) -> str:
        return f"{self.model_id}/{self.preset_id or 0}"


@dataclass(frozen=True, slots=True)
class Names:
    entries: tuple[Entry, ...] = ()
    exact: dict[str, Entry] = field(default_factory=dict)
    folded: dict[str, Entry] = field(default_factory=dict)
    _near: Callable[[str], tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_near", lru_cache(MOST_ANSWERS)(partial(_near, self.folded)))

    def find(self, name: str) -> Entry | None:
        return self.exact.get(name) or self.folded.get(name.casefold())

    def near(self, name: str) -> list[str]:
        """Takes up to 0.1 s among 3,000 names: for the threads of pages."""
        return list(self._near(name[:MOST_TYPED].casefold()))

    async def soon_near(self, name: str) -> list[str]:
        return await asyncio.get_running_loop().run_in_executor(_comparing, self.near, name)


def _near(folded: Mapping[str, Entry], name: str) -> tuple[str, ...]:
    close = difflib.get_close_matches(name, _candidates(folded, name), n=9, cutoff=0.5)
    return tuple(dict.fromkeys(folded[each].id for each in close))[:MOST_NEAR]


def _candidates(folded: Mapping[str, Entry], name: str) -> list[str]:
    """Those that share most pairs of characters, which is much cheaper to find out."""
    pairs = {name[at : at + 2] for at in range(len(name) - 1)}

    def shared(other: str) -> tuple[int, int]:
        return sum(pair in other for pair in pairs), -abs(len(other) - len(name))

    return heapq.nlargest(MOST_COMPARED, folded, key=shared)


class Catalogue:
    """Read again when the registry or the presets have changed, asked once a second at most."""

    def __init__(self) -> None:
        self._version: object = None
        self._names = Fresh(self._read, Names())

    async def names(self) -> Names:
        if self._version is None:
            return await self._names.within(FRESH_SECONDS)
        return self._names.soon(FRESH_SECONDS)

    async def find(self, name: str) -> Entry | None:
        """A name that is not known may be of a moment ago: then what is there now is asked."""
        name = name.removesuffix(":latest")  # Ollama's clients add it
        found = (await self.names()).find(name)
        return found or (await self._names.within(AGAIN_SECONDS)).find(name)

    async def _read(self) -> Names:
        version = await rows(_version)
        if version == self._version:
            return self._names.value
        names = await rows(_read)
        self._version = version
        return names


def read_names() -> Names:
    """As the database has them now; for the threads of pages."""
    return _read()


def _version() -> object:
    presets = Preset.objects.aggregate(Count("id"), Max("updated_at"), Max("id"))
    return RegistryVersion.current(), tuple(presets.values())


def _read() -> Names:
    entries = list(_entries())
    exact: dict[str, Entry] = {}
    # Ids first: no alias of one model takes the id of another.
    for entry in entries:
        exact.setdefault(entry.id, entry)
    for entry in entries:
        for alias in entry.aliases:
            exact.setdefault(alias, entry)
    folded: dict[str, Entry] = {}
    for name, entry in exact.items():
        folded.setdefault(name.casefold(), entry)
    return Names(tuple(sorted(entries, key=lambda entry: entry.id)), exact, folded)


def _entries() -> Iterator[Entry]:
    aliases: dict[int, list[str]] = {}
    for name, model_id in ModelAlias.objects.values_list("name", "llama_model_id"):
        aliases.setdefault(model_id, []).append(name)
    presets: dict[int, list[tuple[int, str]]] = {}
    named = Preset.objects.named().exclude(llama_model=None)
    for pk, name, model_id in named.values_list("id", "name", "llama_model_id"):
        presets.setdefault(model_id or 0, []).append((pk, name))
    models = LlamaModel.objects.filter(state=FileState.OK).exclude(kind__in=NOT_ALONE)
    taken: set[str] = set()
    for row in models.order_by("id").values(*_COLUMNS):
        entry = _entry(row, aliases.get(row["id"], []), taken)
        taken.add(entry.id)
        yield entry
        for preset_id, name in presets.get(row["id"], []):
            yield _with_preset(entry, preset_id, name)


_COLUMNS: Final = (
    "id", "path", "name", "kind", "capabilities", "context_length", "size_bytes", "first_seen_at",
    "architecture", "quantization", "parameters",
)  # fmt: skip


def _entry(row: dict[str, Any], aliases: list[str], taken: set[str]) -> Entry:
    path = Path(row["path"])
    stem = safe_alias(SHARD.sub("", path.stem))
    # Files of one name in two folders: the later one is told apart by its number.
    shown = stem if stem not in taken else f"{stem}@{row['id']}"
    others = [*aliases, row["name"], path.name, stem]
    return Entry(
        id=shown,
        model_id=row["id"],
        preset_id=None,
        name=row["name"],
        aliases=tuple(dict.fromkeys(each for each in others if each and each != shown)),
        kind=row["kind"],
        capabilities=tuple(map(str, row["capabilities"])),
        context_length=row["context_length"],
        size_bytes=row["size_bytes"],
        created=int(row["first_seen_at"].timestamp()),
        architecture=row["architecture"] or "",
        quantization=row["quantization"] or "",
        parameters=row["parameters"],
    )


def _with_preset(entry: Entry, preset_id: int, name: str) -> Entry:
    return replace(
        entry,
        id=f"{entry.id}:{safe_alias(name)}",
        preset_id=preset_id,
        name=f"{entry.name}, {name}",
        aliases=(name,),
    )
