"""Counts the models that hold the same content."""

from __future__ import annotations

from collections import Counter

from models_app.models import FileState, LlamaModel, RegistryVersion
from models_app.scan.registering import in_transaction


def count_copies() -> bool:
    """Brings `copies` of all present models up to date; whether anything was different."""
    present = LlamaModel.objects.listed().exclude(state=FileState.MISSING).exclude(content_key="")
    rows = list(present.order_by().values_list("pk", "content_key", "copies"))
    counts = Counter(key for _, key, _ in rows)
    wrong: dict[int, list[int]] = {}
    for pk, key, copies in rows:
        if copies != counts[key]:
            wrong.setdefault(counts[key], []).append(pk)
    if wrong:
        in_transaction(lambda: _write(wrong))
    return bool(wrong)


def _write(wrong: dict[int, list[int]]) -> None:
    for copies, pks in wrong.items():
        for at in range(0, len(pks), 500):
            LlamaModel.objects.filter(pk__in=pks[at : at + 500]).update(copies=copies)
    RegistryVersion.raise_it()
