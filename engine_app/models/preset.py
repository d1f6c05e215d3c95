"""Named launch options."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from models_app.models import LlamaModel

DEFAULTS_NAME: Final = "*"  # as the section for all models in llama.cpp's preset files
MAX_NAME: Final = 100
MAX_NOTES: Final = 20_000


class PresetQuerySet(models.QuerySet["Preset"]):
    def named(self) -> PresetQuerySet:
        """Those one can choose: not what others inherit."""
        return self.filter(is_default=False)

    def global_defaults(self) -> Preset | None:
        return self.filter(is_default=True, llama_model=None).first()

    def default_of(self, model: LlamaModel) -> Preset | None:
        return self.filter(is_default=True, llama_model=model).first()

    def fitting(self, model: LlamaModel) -> PresetQuerySet:
        """Those a model can be started with: its own, and those of any model."""
        return self.named().filter(Q(llama_model=model) | Q(llama_model=None))


class Preset(models.Model):
    """Launch options under a name. Three layers, each over the one before: the defaults (one row),
    a model's default (at most one), a named preset.
    """

    name = models.CharField(max_length=MAX_NAME)
    llama_model = models.ForeignKey(
        LlamaModel, null=True, blank=True, on_delete=models.CASCADE, related_name="presets"
    )
    is_default = models.BooleanField(default=False)
    options = models.JSONField(default=dict, blank=True)  # checked by core.allow_list, long names
    binary_key = models.CharField(max_length=32, blank=True)  # EngineBinary.key; "": the usual one
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    last_success_at = models.DateTimeField(null=True, blank=True)  # when it last became ready

    objects = PresetQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            # Found by name in commands, files and the API, in whatever case.
            models.UniqueConstraint(Lower("name"), name="preset_name_once"),
            models.UniqueConstraint(
                fields=["llama_model"], condition=Q(is_default=True), name="preset_default_once"
            ),
            # NULLs are not equal: the row for all models needs a rule of its own.
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True, llama_model=None),
                name="preset_defaults_once",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def get_absolute_url(self) -> str:
        return reverse("presets:change", args=[self.pk])

    @property
    def is_global(self) -> bool:
        return self.is_default and self.llama_model_id is None

    def is_for(self, model: LlamaModel) -> bool:
        """Whether engines of that model may run with it."""
        return self.llama_model_id in (None, model.pk)

    @property
    def label(self) -> str:
        return "Defaults" if self.is_global else self.name
