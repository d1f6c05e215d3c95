"""Finds the projector that belongs to a text model."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from django.db.models.fields.json import KeyTransform

from models_app.core.file_names import parse_file_name
from models_app.models import FileState, LlamaModel, ModelFile, ModelKind, RegistryVersion
from models_app.scan.registering import in_transaction

VISION: Final = "vision"
# Of several equal projectors the one llama.cpp's own tools write comes first.
_PREFERRED: Final = ("F16", "BF16", "Q8_0", "F32")
_COLUMNS: Final = (
    "pk", "path", "name", "kind", "quantization", "projector_id", "capabilities",
    "facts__embedding_length", "facts__projection_dim", "facts__basename",
    "facts__capabilities__vision", "facts__store__projector", "state",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    hears_only: bool  # a projector for audio, which gives no eyes
    pk: int
    path: str
    name: str
    kind: str
    quantization: str | None
    projector_id: int | None
    capabilities: list[str]
    width: int | None  # of a text model
    projection: int | None  # of a projector: the width it was made for
    basename: str | None
    has_vision: bool | None  # by its own template
    named_projector: str | None  # path, where a store says which one belongs to it
    state: str

    @property
    def family(self) -> str:
        """What its quantizations, and its projector, have in common; for comparing only."""
        parts = parse_file_name(self.path)
        words = (self.basename, None) if self.basename else (parts.base, parts.size)
        return re.sub(r"[^a-z0-9]", "", "".join(word for word in words if word).lower())


def pair_projectors() -> bool:
    """Brings `projector` and the vision capability of all models up to date; whether it had to."""
    folders: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in _candidates():
        folders[_folder(candidate.path)].append(candidate)
    changes = [change for found in folders.values() for change in _changes(found)]
    if changes:
        in_transaction(lambda: _write(changes))
    return bool(changes)


def _candidates() -> list[Candidate]:
    """Models in folders with a projector, and those that have one so far."""
    present = LlamaModel.objects.exclude(state=FileState.MISSING).order_by("path")
    projectors = present.filter(kind=ModelKind.PROJECTOR).values_list("path", flat=True)
    folders = {_folder(path) for path in projectors}
    paired = LlamaModel.objects.exclude(projector=None).values_list("pk", flat=True)
    asked = set(paired)
    if folders:
        rows = present.values_list("pk", "path")
        asked |= {pk for pk, path in rows if _folder(path) in folders}
    hearing = _audio_only()
    return [
        Candidate(row[0] in hearing, *row)
        for pks in _chunks(sorted(asked))
        for row in present.filter(pk__in=pks).values_list(*_COLUMNS)
    ]


def _audio_only() -> set[int]:
    """Projectors without a vision encoder. Older files have no flags, and are for images."""
    files = ModelFile.objects.filter(llama_model__kind=ModelKind.PROJECTOR).order_by()
    flags = files.annotate(
        sees=KeyTransform("clip.has_vision_encoder", "metadata"),
        hears=KeyTransform("clip.has_audio_encoder", "metadata"),
    ).values_list("llama_model", "sees", "hears")
    return {pk for pk, sees, hears in flags if sees is False or (sees is None and hears is True)}


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _chunks(pks: Sequence[int]) -> Iterable[Sequence[int]]:
    return (pks[at : at + 500] for at in range(0, len(pks), 500))


Change = tuple[int, int | None, list[str]]  # model, projector, capabilities


def _changes(folder: list[Candidate]) -> list[Change]:
    projectors = [each for each in folder if each.kind == ModelKind.PROJECTOR]
    texts = [each for each in folder if each.kind != ModelKind.PROJECTOR]
    one_family = len({each.family for each in texts if each.kind == ModelKind.CHAT}) == 1
    changes = []
    for text in texts:
        projector = None
        if text.kind == ModelKind.CHAT:
            projector = projector_for(text, projectors, one_family=one_family)
        pk = projector.pk if projector else None
        words = [word for word in text.capabilities if word != VISION]
        if text.has_vision or (projector and not projector.hears_only):
            words.append(VISION)
        if pk != text.projector_id or set(words) != set(text.capabilities):
            changes.append((text.pk, pk, words))
    return changes


def projector_for(
    text: Candidate, projectors: Sequence[Candidate], *, one_family: bool
) -> Candidate | None:
    """The projector of a text model in the same folder, or None where that is not certain.

    Its width must be the model's where both are known; where one is not, it must be the only one.
    In a folder that holds different models the names must agree too: equal width alone would give
    a text model the eyes of another one. One that is not whole serves nobody.
    """
    usable = [each for each in projectors if each.state == FileState.OK]
    if text.named_projector is not None:
        return next((each for each in usable if each.path == text.named_projector), None)
    if any(each.named_projector for each in projectors) or _is_blob(text.path):
        return None
    fitting = [each for each in usable if _fits(text, each, alone=len(projectors) == 1)]
    if not one_family:
        fitting = [each for each in fitting if text.family and each.family == text.family]
    return min(fitting, key=_preference, default=None)


def _fits(text: Candidate, projector: Candidate, *, alone: bool) -> bool:
    if text.width is None or projector.projection is None:
        return alone
    return text.width == projector.projection


def _preference(projector: Candidate) -> tuple[int, str]:
    label = projector.quantization or ""
    return (_PREFERRED.index(label) if label in _PREFERRED else len(_PREFERRED)), projector.path


def _is_blob(path: str) -> bool:
    """In Ollama's store all blobs share a folder, which says nothing."""
    return PurePath(path).name.startswith("sha256-")


def _write(changes: Sequence[Change]) -> None:
    for model, projector, capabilities in changes:
        LlamaModel.objects.filter(pk=model).update(projector=projector, capabilities=capabilities)
    RegistryVersion.raise_it()
