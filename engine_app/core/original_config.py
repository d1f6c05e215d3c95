"""The exported configuration of the dashboard before this one: JSON, one set of options for all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from engine_app.core.allow_list import AllowList
from engine_app.core.imported import Imported, ImportedError

# Its keys, of both its versions -> the option meant.
_KEYS: Final = {
    "ctxSize": "ctx-size", "ctx_size": "ctx-size", "batchSize": "batch-size",
    "batch_size": "batch-size", "threads": "threads", "parallelSlots": "parallel",
    "gpuLayers": "n-gpu-layers", "temperature": "temp", "repeatPenalty": "repeat-penalty",
}  # fmt: skip
_ELSEWHERE: Final = {
    "modelsPath": "add the folder under Models, Folders",
    "baseModelsPath": "add the folder under Models, Folders",
    "serverPath": "set LLAMA_SERVER_BIN",
    "host": "engines listen on this machine only",
    "port": "llamadash chooses each engine's port",
    "maxModelsLoaded": "memory decides how many models are loaded",
    "autoStartOnLaunch": "set it on an engine's page",
    "metricsEnabled": "figures are always read",
}


def looks_like_original(data: object) -> bool:
    return isinstance(data, Mapping) and (
        "routerConfig" in data or bool(_KEYS.keys() & data.keys())
    )


def read_original(data: Mapping[str, Any], allowed: AllowList) -> list[Imported]:
    """Its options as defaults for all models."""
    router = data.get("routerConfig", data)
    if not isinstance(router, Mapping):
        raise ImportedError("routerConfig must be an object.")
    found = Imported("*", is_defaults=True)
    for key, value in router.items():
        if key in _KEYS:
            found.take(_KEYS[key], value, allowed)
        else:
            found.leave_out(str(key), _ELSEWHERE.get(str(key), "There is no option for it."))
    for key in (each for each in data if each != "routerConfig" and router is not data):
        found.leave_out(str(key), "Logs and other settings have pages of their own.")
    found.options = allowed.ordered(found.options)
    return [found]


def read_json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportedError(f"This is not valid JSON: {error}.") from error
