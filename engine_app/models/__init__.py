from __future__ import annotations

from engine_app.models.engine import (
    BinaryKind,
    Desired,
    Engine,
    EngineBinary,
    EngineRun,
    EngineState,
)
from engine_app.models.preset import Preset

__all__ = ["BinaryKind", "Desired", "Engine", "EngineBinary", "EngineRun", "EngineState", "Preset"]
