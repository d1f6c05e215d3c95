"""Recognizes a model whose files were moved or renamed, so that it keeps what people gave it."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Final

from django.db.models import Count, QuerySet

from models_app.lists.search_text import search_text
from models_app.models import FileState, LlamaModel, ModelFile, RegistryVersion
from models_app.scan.registering import in_transaction

# What a scan found out; the rest of a row belongs to the model wherever its files are.
_MOVED_COLUMNS: Final = (
    "root", "path", "name", "state", "reason", "parse_source", "kind", "architecture",
    "quantization", "parameters", "bits_per_weight", "size_bytes", "context_length", "facts",
    "capabilities", "memory_context", "weights_bytes", "cache_bytes", "compute_bytes",
    "memory_is_lower_bound", "content_key", "copies", "last_seen_at", "missing_since",
)  # fmt: skip


def follow_moves() -> int:
    """Joins each vanished model with the one new model of the same content. Returns how many.

    Only where there is no doubt: one vanished, and of those with its content one alone was first
    seen after it was last seen, and nobody has touched that one yet. It depends on stored rows
    alone, so that a scan after one that was killed does it as well.
    """
    moved = [pair for pair in _pairs() if _is_untouched(pair[1])]
    for old, new in moved:
        in_transaction(partial(_join, old, new))
    return len(moved)


def _pairs() -> list[tuple[LlamaModel, LlamaModel]]:
    gone = _by_content(LlamaModel.objects.filter(state=FileState.MISSING))
    if not gone:
        return []
    there = LlamaModel.objects.exclude(state=FileState.MISSING).filter(content_key__in=list(gone))
    there = there.annotate(n_aliases=Count("aliases"))
    new = _by_content(there)
    pairs = []
    for key in gone.keys() & new.keys():
        newer = [each for each in new[key] if each.first_seen_at > gone[key][0].last_seen_at]
        if len(gone[key]) == len(newer) == 1:
            pairs.append((gone[key][0], newer[0]))
    return pairs


def _by_content(models: QuerySet[LlamaModel]) -> dict[str, list[LlamaModel]]:
    found: dict[str, list[LlamaModel]] = defaultdict(list)
    for model in models.exclude(content_key=""):
        found[model.content_key].append(model)
    return found


def _is_untouched(new: LlamaModel) -> bool:
    touched = new.favourite or new.hidden or new.notes or new.tags or new.use_count
    aliases = getattr(new, "n_aliases", 0)
    return not (touched or aliases)


def _join(old: LlamaModel, new: LlamaModel) -> None:
    """The old row stays, with its identity and all that refers to it, and gets the new facts."""
    for column in ("key", *_MOVED_COLUMNS):
        setattr(old, column, getattr(new, column))
    old.search_text = search_text(old)
    ModelFile.objects.filter(llama_model=old).delete()
    ModelFile.objects.filter(llama_model=new).update(llama_model=old)
    LlamaModel.objects.filter(projector=new).update(projector=old)
    LlamaModel.objects.filter(pk=new.pk).delete()  # its key is free now
    old.save(update_fields=["key", *_MOVED_COLUMNS, "search_text"])
    RegistryVersion.raise_it()
