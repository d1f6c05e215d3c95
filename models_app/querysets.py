from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Cast

if TYPE_CHECKING:
    from models_app.models import LlamaModel, ModelFile, ModelRoot, ScanRun

PROBLEM_STATES = ("invalid", "incomplete", "unreadable", "missing")


class ModelRootQuerySet(models.QuerySet["ModelRoot"]):
    def enabled(self) -> ModelRootQuerySet:
        return self.filter(enabled=True)

    def with_counts(self) -> Any:
        """Adds n_models, n_problems and size_bytes of the models in each root."""
        present = ~Q(llama_models__state="missing")
        return self.annotate(
            n_models=Count("llama_models", filter=present),
            n_problems=Count("llama_models", filter=Q(llama_models__state__in=PROBLEM_STATES)),
            size_bytes=models.Sum("llama_models__size_bytes", filter=present),
        )


class LlamaModelQuerySet(models.QuerySet["LlamaModel"]):
    def listed(self) -> LlamaModelQuerySet:
        """What lists show: roots that are switched off do not count."""
        return self.filter(root__enabled=True)

    def present(self) -> LlamaModelQuerySet:
        return self.filter(state="ok")

    def problems(self) -> LlamaModelQuerySet:
        return self.filter(state__in=PROBLEM_STATES)

    def able_to(self, capability: str) -> LlamaModelQuerySet:
        """Those whose list of capabilities names this one."""
        # As text: SQLite's JSON has no `contains`. The quotes keep "a" from finding "ab".
        listed = Cast("capabilities", models.TextField())
        return self.annotate(listed=listed).filter(listed__contains=f'"{capability}"')

    def matching(self, text: str) -> LlamaModelQuerySet:
        """All words of `text` somewhere in name, architecture, quantization, tags or path."""
        found = self
        for word in text.lower().split()[:8]:
            found = found.filter(search_text__contains=word)
        return found


class ModelFileQuerySet(models.QuerySet["ModelFile"]):
    def present(self) -> ModelFileQuerySet:
        return self.exclude(state="missing")


class ScanRunQuerySet(models.QuerySet["ScanRun"]):
    def open(self) -> ScanRunQuerySet:
        return self.filter(state__in=("queued", "running"))

    def queued(self) -> ScanRunQuerySet:
        return self.filter(state="queued")

    def ended(self) -> ScanRunQuerySet:
        return self.exclude(state__in=("queued", "running"))
