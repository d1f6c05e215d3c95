"""The very first start: known places of this machine, else the demo models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from models_app import known_places, roots
from models_app.core.demo_models import write_demo_models
from models_app.models import ModelRoot, RootSource


def find(*, demo: bool) -> Iterator[str]:
    """Adds folders to scan when there are none at all. Yields what was done, a line each."""
    if ModelRoot.objects.exists():
        return
    for root in known_places.add_found_roots():
        yield f"Found models in {root.path}."
    if demo and not ModelRoot.objects.exists():
        folder = Path(settings.DATA_DIR) / "demo-models"
        write_demo_models(folder)
        roots.add_root(str(folder), source=RootSource.DEMO)
        yield f"No models found on this machine: wrote demo models to {folder}."
        yield "To see your own: make run MODELS_DIR=/path/to/models"
