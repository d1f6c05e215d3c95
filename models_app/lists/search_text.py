"""The text that a search for models looks in."""

from __future__ import annotations

from models_app.models import LlamaModel


def tag_words(model: LlamaModel) -> list[str]:
    """Its tags as texts, whatever an older program or a hand in the database left there."""
    return [str(tag) for tag in model.tags] if isinstance(model.tags, list) else []


def search_text(model: LlamaModel) -> str:
    """Name, architecture, quantization, kind, tags and path in lower case, a line each."""
    parts = (
        model.name,
        model.architecture or "",
        model.quantization or "",
        model.kind,
        *(str(capability) for capability in model.capabilities),
        *tag_words(model),
        model.path,
    )
    return "\n".join(part.lower() for part in parts if part)
