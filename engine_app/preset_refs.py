"""Draft models and adapters: other entries of the registry that an engine is given beside its
model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine_app.core.flag_kinds import Flag, FlagError, Value
from engine_app.core.option_texts import shown
from engine_app.core.registered import Named, Registered, files_in
from engine_app.model_matching import Registry
from engine_app.presets import allow_list
from models_app.models import FileState, LlamaModel, ModelFile, ModelKind

DRAFT: Final = "spec-draft-model"
ADAPTERS: Final = "lora"
KINDS: Final[Mapping[str, tuple[ModelKind, ...]]] = {
    DRAFT: (ModelKind.CHAT, ModelKind.UNKNOWN),
    ADAPTERS: (ModelKind.ADAPTER,),
}
MOST_CHOICES: Final = 500
_VOCABULARY: Final = ("tokenizer.ggml.model", "tokenizer.ggml.pre")
_TOKENS: Final = "tokenizer.ggml.tokens"


@dataclass(frozen=True, slots=True)
class Beside:
    """What an engine loads beside its model."""

    option: str
    label: str
    model: LlamaModel


def beside(options: Mapping[str, Value]) -> list[Beside]:
    """In the order of the options; those that the registry does not have are left out."""
    flags = allow_list().flags
    named = files_in(flags, options)
    rows = LlamaModel.objects.in_bulk({each.number for found in named.values() for each in found})
    return [
        Beside(option, flags[option].label, rows[each.number])
        for option, found in named.items()
        for each in found
        if each.number in rows
    ]


def paths(found: Iterable[Beside]) -> dict[int, Path]:
    return {each.model.pk: Path(each.model.path) for each in found}


def files(found: Iterable[Beside]) -> tuple[Path, ...]:
    """All of their shards."""
    rows = ModelFile.objects.filter(llama_model__in=[each.model for each in found])
    return tuple(Path(row.path) for row in rows.exclude(state=FileState.MISSING))


def size_bytes(found: Iterable[Beside]) -> int:
    return sum(each.model.size_bytes for each in found)


# ---------------------------------------------------------------- what is wrong with them
def problems(options: Mapping[str, Value]) -> dict[str, str]:
    """Option -> why it cannot be stored: it names nothing, or nothing of its kind."""
    flags = allow_list().flags
    wrong: dict[str, str] = {}
    for option, named in files_in(flags, options).items():
        flag = flags[option]
        kind = flag.kind if isinstance(flag, Registered) else option
        rows = LlamaModel.objects.in_bulk([each.number for each in named])
        for each in named:
            row = rows.get(each.number)
            if row is None:
                wrong[option] = f"The registry has no {kind} {each.number}."
            elif row.kind not in KINDS[option]:
                wrong[option] = f"{row.name} is no {kind}: {row.get_kind_display()}."
    return wrong


def unusable(found: Iterable[Beside]) -> str:
    """Why one of them cannot be loaded now; empty when all can."""
    for each in found:
        if each.model.state != FileState.OK:
            why = each.model.reason or each.model.get_state_display()
            return f"{each.model.name} cannot be loaded: {why}"
    return ""


def warnings(model: LlamaModel | None, options: Mapping[str, Value]) -> list[str]:
    """Sentences about what llama.cpp may refuse, or do for nothing."""
    found = beside(options)
    if model is None:
        return []
    said = [unusable([each]) for each in found]
    said += [_draft_warning(model, each.model) for each in found if each.option == DRAFT]
    said += [_adapter_warning(model, each.model) for each in found if each.option == ADAPTERS]
    return [f"{each.removesuffix('.')}." for each in said if each]


def _draft_warning(model: LlamaModel, draft: LlamaModel) -> str:
    if model.pk == draft.pk:
        return "The draft model is the model itself: it would guess no faster than it answers"
    mine, its = _vocabulary(model), _vocabulary(draft)
    if not (mine and its):
        return f"Whether the vocabulary of {draft.name} is that of the model is not known"
    if mine != its:
        return f"The vocabulary of {draft.name} is another one than the model's: no guess may count"
    return ""


def _adapter_warning(model: LlamaModel, adapter: LlamaModel) -> str:
    if model.architecture and adapter.architecture and model.architecture != adapter.architecture:
        return (
            f"{adapter.name} was made for {adapter.architecture}, and this is {model.architecture}"
        )
    return ""


def _vocabulary(model: LlamaModel) -> tuple[object, ...]:
    """Kind of tokenizer and number of tokens; empty where the file does not say."""
    first = model.files.first()
    metadata = first.metadata if first is not None else {}
    tokens = metadata.get(_TOKENS)
    count = tokens.get("count") if isinstance(tokens, dict) else None
    if count is None:
        return ()
    return (*(metadata.get(key) for key in _VOCABULARY), count)


# ---------------------------------------------------------------- names for people
def choices(option: str) -> list[LlamaModel]:
    present = LlamaModel.objects.filter(kind__in=KINDS[option], state=FileState.OK)
    return list(present.only("id", "name", "quantization", "size_bytes")[:MOST_CHOICES])


def with_names(flag: Flag, value: Value) -> str:
    """As people read it: names, where the option names models."""
    if not isinstance(flag, Registered):
        return shown(flag, value)
    named = flag.named(value)
    rows = LlamaModel.objects.in_bulk([each.number for each in named])
    return ", ".join(_with_name(each, rows) for each in named)


def _with_name(named: Named, rows: Mapping[int, LlamaModel]) -> str:
    row = rows.get(named.number)
    name = row.name if row is not None else f"{named.number} (gone)"
    return f"{name}:{named.scale}" if named.scale else name


def typed(flag: Registered, value: Value) -> str:
    """As its field has it: by name where that leads back to the same entry, else by number."""
    named = flag.named(value)
    rows = LlamaModel.objects.in_bulk([each.number for each in named])
    return ", ".join(_typed(flag, each, rows) for each in named)


def _typed(flag: Registered, named: Named, rows: Mapping[int, LlamaModel]) -> str:
    row, scale = rows.get(named.number), f":{named.scale}" if named.scale else ""
    if row is not None and row.name == row.name.strip() and "," not in row.name:
        name = f"{row.name}{scale}"
        if _with_number(flag, name) == f"{named.number}{scale}":
            return name
    return f"{named.number}{scale}"


def with_numbers(flag: Registered, text: str) -> str:
    """What somebody typed, with numbers in the place of names that only one entry has."""
    return ",".join(_with_number(flag, item.strip()) for item in text[:4096].split(","))


def _with_number(flag: Registered, item: str) -> str:
    candidates = [(item, "")]
    if flag.scaled and ":" in item:
        name, _, scale = item.rpartition(":")
        candidates.append((name.strip(), scale.strip()))
    of_its_kind = LlamaModel.objects.filter(kind__in=KINDS[flag.name])
    for name, scale in candidates:
        is_number = name.isascii() and name.isdecimal() and len(name) < 19
        if is_number and of_its_kind.filter(pk=int(name)).exists():
            continue  # what some model is called does not take another's number
        rows = of_its_kind.filter(name__iexact=name)[:2]
        if len(rows) == 1:
            return f"{rows[0].pk}:{scale}" if scale else str(rows[0].pk)
    return item


# ---------------------------------------------------------------- files of other programs
def as_paths(flag: Registered, value: Value) -> str:
    """For a file that others read. Raises NotRegistered."""
    named = flag.named(value)
    rows = LlamaModel.objects.in_bulk([each.number for each in named])
    return flag.located(value, {pk: Path(row.path) for pk, row in rows.items()})


def of_path(flag: Registered, path: str, registry: Registry) -> LlamaModel | None:
    """The entry that another program's file means, if it is of the right kind."""
    row = registry.find_path(path.strip())
    return row if row is not None and row.kind in KINDS[flag.name] else None


def from_paths(
    flag: Registered, text: str, registry: Registry, *, scaled: bool
) -> tuple[Value | None, list[str]]:
    """The value for paths of an imported file, and those paths that the registry does not have."""
    items = text.split(",") if flag.scaled else [text]
    found: list[str] = []
    missing: list[str] = []
    for item in items[:64]:
        path, colon, scale = item.rpartition(":") if scaled else (item, "", "")
        if scaled and not colon:
            path, scale = item, ""
        row = of_path(flag, path, registry)
        if row is None:
            missing.append(path.strip())
        else:
            found.append(f"{row.pk}:{scale.strip()}" if scale else str(row.pk))
    try:
        return (flag.parse(",".join(found)) if found else None), missing
    except FlagError:  # a scale that is none
        return None, [*missing, text]
