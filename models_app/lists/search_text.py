"""The text that a search for models looks in."""

from __future__ import annotations

from models_app.models import LlamaModel


def search_text(model: LlamaModel) -> str:
    """Name, architecture, quantization, kind, tags and path in lower case, a line each."""
    parts = (
        model.name,
        model.architecture or "",
        model.quantization or "",
        model.kind,
        *(str(capability) for capability in model.capabilities),
        *(str(tag) for tag in model.tags),
        model.path,
    )
    return "\n".join(part.lower() for part in parts if part)
