from __future__ import annotations

from engine_app.models.attached import (
    AttachedModel,
    AttachedServer,
    ModelState,
    Role,
    ServerState,
)
from engine_app.models.engine import (
    BinaryKind,
    Desired,
    Engine,
    EngineBinary,
    EngineRun,
    EngineState,
)
from engine_app.models.memory import MeasuredMemory, MemorySource
from engine_app.models.own_router import OwnRouter
from engine_app.models.preset import Preset

__all__ = [
    "AttachedModel",
    "AttachedServer",
    "BinaryKind",
    "Desired",
    "Engine",
    "EngineBinary",
    "EngineRun",
    "EngineState",
    "MeasuredMemory",
    "MemorySource",
    "ModelState",
    "OwnRouter",
    "Preset",
    "Role",
    "ServerState",
]
