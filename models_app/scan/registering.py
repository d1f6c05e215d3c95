"""The one writer of models and files: what the registry knew, and how it is brought up to date.

Everything is written in short transactions, whole models at a time, so that a scan that is killed
leaves a registry that is true as far as it goes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from django.db import OperationalError, transaction

from llamadash.perf import timed
from models_app.lists.search_text import search_text
from models_app.models import (
    FileState,
    LlamaModel,
    ModelFile,
    ModelRoot,
    ParseSource,
    RegistryVersion,
)
from models_app.scan.model_rows import ModelRows

logger = logging.getLogger(__name__)

BATCH_FILES: Final = 200  # of one transaction: the write lock is held for some tens of ms
_CHUNK: Final = 500  # keys in one statement; SQLite takes 999
_TRIES: Final = 3  # each waits for the database's busy timeout

# What belongs to the user, or to other parts of the program, is not among these.
_MODEL_COLUMNS: Final = (
    "root", "path", "name", "state", "reason", "parse_source", "kind", "architecture",
    "quantization", "parameters", "bits_per_weight", "size_bytes", "context_length", "facts",
    "capabilities", "memory_context", "weights_bytes", "cache_bytes", "compute_bytes",
    "memory_is_lower_bound", "content_key", "search_text", "last_seen_at", "missing_since",
)  # fmt: skip
_FILE_COLUMNS: Final = (
    "root", "llama_model", "path", "shard_number", "shard_count", "size_bytes", "scan_key",
    "state", "parse_source", "error_kind", "error_offset", "error", "warnings", "gguf_version",
    "metadata", "tensors", "content_key", "sha256", "last_seen_at", "missing_since",
)  # fmt: skip


class KnownFile(NamedTuple):
    pk: int
    path: str
    scan_key: str
    state: str
    model_id: int


class KnownModel(NamedTuple):
    pk: int
    path: str
    state: str
    reason: str
    parse_source: str


@dataclass(slots=True)
class Known:
    """What the registry has of one root, by path. A path is in one root only."""

    files: dict[str, KnownFile] = field(default_factory=dict)
    models: dict[str, KnownModel] = field(default_factory=dict)

    @classmethod
    def of(cls, root: ModelRoot) -> Known:
        files = ModelFile.objects.filter(root=root).values_list(
            "pk", "path", "scan_key", "state", "llama_model_id"
        )
        models = LlamaModel.objects.filter(root=root).values_list(
            "pk", "path", "state", "reason", "parse_source"
        )
        return cls(
            {row[1]: KnownFile(*row) for row in files.order_by()},
            {row[1]: KnownModel(*row) for row in models.order_by()},
        )


@dataclass(slots=True)
class Written:
    added: int = 0
    updated: int = 0
    unchanged: int = 0  # was read, and is as it was

    @property
    def anything(self) -> bool:
        return self.added + self.updated > 0


def write_models(batch: Sequence[ModelRows], known: Known, written: Written) -> None:
    """Adds new models and updates known ones; all of the batch or none of it."""
    kept = [rows for rows in batch if _keeps_facts(rows, known)]
    stored = [rows for rows in batch if not _keeps_facts(rows, known)]
    news = [rows for rows in stored if not _is_old_news(rows, known)]
    marked = [rows for rows in kept if not _is_old_news(rows, known)]
    written.unchanged += len(batch) - len(news) - len(marked)
    if not news and not marked:
        return

    def write() -> None:
        _upsert(news)
        for rows in marked:
            _mark_unreadable(rows, known)
        RegistryVersion.raise_it()

    in_transaction(write)
    for rows in news + marked:
        if rows.group.path in known.models:
            written.updated += 1
        else:
            written.added += 1


def _keeps_facts(rows: ModelRows, known: Known) -> bool:
    """A disk's error says nothing new about a model whose files were read before."""
    before = known.models.get(rows.group.path)
    good = before is not None and before.parse_source == ParseSource.HEADER
    return good and rows.unreadable is not None


def _is_old_news(rows: ModelRows, known: Known) -> bool:
    """Still unreadable for the same reason: every scan tries again, none writes it again."""
    before = known.models.get(rows.group.path)
    if before is None or rows.unreadable is None:
        return False
    return (before.state, before.reason) == (rows.model.state, rows.model.reason)


def _upsert(batch: Sequence[ModelRows]) -> None:
    """One INSERT … ON CONFLICT UPDATE for some rows at a time: an UPDATE with a CASE for each
    column, as bulk_update writes it, took several times as long."""
    models = [rows.model for rows in batch]
    # As they are at this moment: people may have changed them since the scan began.
    stored = LlamaModel.objects.filter(key__in=[model.key for model in models]).order_by()
    tags = dict(stored.values_list("key", "tags"))
    for model in models:
        model.tags = tags.get(model.key, [])
        model.search_text = search_text(model)
    LlamaModel.objects.bulk_create(
        models,
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=_MODEL_COLUMNS,
    )
    files: list[ModelFile] = []
    for rows in batch:
        for file in rows.files:
            file.llama_model = rows.model
            files.append(file)
    ModelFile.objects.bulk_create(
        files, update_conflicts=True, unique_fields=["key"], update_fields=_FILE_COLUMNS
    )


def _mark_unreadable(rows: ModelRows, known: Known) -> None:
    model = known.models[rows.group.path]
    LlamaModel.objects.filter(pk=model.pk).update(
        state=rows.model.state, reason=rows.model.reason, missing_since=None
    )
    for file in rows.files:
        if file.state == FileState.UNREADABLE and file.path in known.files:
            ModelFile.objects.filter(pk=known.files[file.path].pk).update(
                state=file.state, error_kind=file.error_kind, error=file.error, missing_since=None
            )


@dataclass(slots=True)
class Absence:
    """What a complete walk did not find, or saw but could not look at."""

    missing_models: list[int] = field(default_factory=list)
    missing_files: list[int] = field(default_factory=list)
    unreadable: dict[str, list[int]] = field(default_factory=dict)  # reason -> models

    @property
    def anything(self) -> bool:
        return bool(self.missing_models or self.missing_files or self.unreadable)


def write_absence(absence: Absence, seen_before: datetime | None, now: datetime) -> None:
    """Marks, never deletes. `seen_before` is when the last scan found them."""
    if not absence.anything:
        return
    gone: dict[str, object] = {"state": FileState.MISSING, "missing_since": now}

    def write() -> None:
        for pks in _chunks(absence.missing_files):
            ModelFile.objects.filter(pk__in=pks).update(**gone)
        for pks in _chunks(absence.missing_models):
            seen = {"last_seen_at": seen_before} if seen_before else {}
            LlamaModel.objects.filter(pk__in=pks).update(**gone, **seen, reason="", copies=1)
        for reason, models in absence.unreadable.items():
            for pks in _chunks(models):
                LlamaModel.objects.filter(pk__in=pks).update(
                    state=FileState.UNREADABLE, reason=reason
                )
                ModelFile.objects.filter(llama_model__in=pks).exclude(
                    state=FileState.MISSING
                ).update(state=FileState.UNREADABLE, error_kind="os_error", error=reason)
        RegistryVersion.raise_it()

    in_transaction(write)


def write_seen(pks: Sequence[int], now: datetime) -> None:
    """Unchanged files were there. Not a change of the registry: nobody's list gets stale by it."""
    for chunk in _chunks(pks):
        files = ModelFile.objects.filter(pk__in=chunk)
        in_transaction(partial(files.update, last_seen_at=now))


def in_transaction(write: Callable[[], object]) -> None:
    """Runs `write` in a transaction of its own, again when the database is busy."""
    for left in reversed(range(_TRIES)):
        try:
            with timed("scan.write", slow_seconds=1), transaction.atomic():
                write()
                return
        except OperationalError as error:
            if not left:
                raise
            logger.warning("the scan waits for the database: %s", error)
            time.sleep(0.2)


def _chunks(pks: Sequence[int]) -> Iterable[Sequence[int]]:
    return (pks[at : at + _CHUNK] for at in range(0, len(pks), _CHUNK))
