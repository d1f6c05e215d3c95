"""The memory figures of lists, kept true when the context they are for is changed."""

from __future__ import annotations

from functools import partial, reduce
from typing import Final

from django.db.models import Value
from django.db.models.functions import Coalesce, Least

from models_app.core.tensors import TensorSummary, merge
from models_app.models import LlamaModel, RegistryVersion
from models_app.scan.model_rows import set_memory
from models_app.scan.registering import in_transaction

BATCH: Final = 100
_COLUMNS: Final = (
    "memory_context", "weights_bytes", "cache_bytes", "compute_bytes", "memory_is_lower_bound",
)  # fmt: skip


def refresh_memory(memory_context: int) -> int:
    """Estimates anew, from what is stored, where a model's figures are for another context."""
    wanted = Value(memory_context)
    right = Least(Coalesce("context_length", wanted), wanted)
    stale = LlamaModel.objects.exclude(memory_context=None).exclude(memory_context=right)
    pks = list(stale.order_by().values_list("pk", flat=True))
    for at in range(0, len(pks), BATCH):
        models = LlamaModel.objects.filter(pk__in=pks[at : at + BATCH]).prefetch_related("files")
        for model in (found := list(models)):
            _estimate(model, memory_context)
        in_transaction(partial(_write, found))
    return len(pks)


def _estimate(model: LlamaModel, memory_context: int) -> None:
    """Leaves no figures where not enough is stored for an estimate."""
    files = list(model.files.all())
    model.memory_context = None
    model.weights_bytes = model.cache_bytes = model.compute_bytes = None
    try:
        summaries = [TensorSummary.from_json(file.tensors) for file in files]
    except ValueError:
        return
    if files:
        set_memory(model, files[0].metadata, reduce(merge, summaries), memory_context)


def _write(models: list[LlamaModel]) -> None:
    LlamaModel.objects.bulk_update(models, _COLUMNS)
    RegistryVersion.raise_it()
