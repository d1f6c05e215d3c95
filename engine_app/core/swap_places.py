"""Where in this program that is decided which a llama-swap configuration says and an import cannot
take over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

MEMORY: Final = "Which models run together follows from the memory there is."
_KEPT: Final = "What is kept, and for how long, is in the settings."
_LOGS: Final = "Logs have pages and settings of their own."
_NO_SETTING: Final = "There is no setting for it."

# Keys of a model; empty for what is taken, or said more exactly where it is read.
MODEL_PLACES: Final[Mapping[str, str]] = {
    "cmd": "", "name": "", "description": "", "aliases": "", "macros": "", "ttl": "", "env": "",
    "filters": "",
    "proxy": "Engines listen where llamadash puts them.",
    "cmdStop": "llamadash ends processes by itself.",
    "checkEndpoint": "Engines are asked for their health as llama-server answers it.",
    "healthCheckTimeout": "The longest start is in the settings, for all engines.",
    "unloadTimeout": "How long a stop waits for requests is in the settings, for all engines.",
    "concurrencyLimit": "An engine's slots (parallel) say how many requests it serves at a time.",
    "useModelName": "An engine is asked by the name that it was started with.",
    "unlisted": "Lists hold all models that can be served.",
    "metadata": "Lists show what the model's file says.",
    "capabilities": "Lists show what the model's file says.",
    "timeouts": _NO_SETTING,
    "compat": _NO_SETTING,
    "sendLoadingState": _NO_SETTING,
}  # fmt: skip

_PLACES: Final[Mapping[str, str]] = {
    "models": "", "macros": "", "globalTTL": "", "groups": "",
    "healthCheckTimeout": "Set “Longest start” in the settings.",
    "unloadTimeout": "Set “Finish requests” in the settings.",
    "logLevel": _LOGS, "logTimeFormat": _LOGS, "logToStdout": _LOGS,
    "store": _KEPT, "metricsMaxInMemory": _KEPT, "captureBuffer": _KEPT,
    "ui": _NO_SETTING, "performance": "Figures of the machine are always read.",
    "startPort": "Each engine gets a free port; LLAMADASH_PORT_RANGE is their range.",
    "sendLoadingState": _NO_SETTING, "includeAliasesInList": _NO_SETTING, "upstream": _NO_SETTING,
    "apiKeys": "Keys are not taken over: make new ones under API keys, or with manage.py "
    "createapikey, and give those to who uses these.",
}  # fmt: skip
# Keys that hold several things of one kind, each named by itself.
_SEVERAL: Final[Mapping[str, str]] = {
    "peers": "Attach it as a server, under Engines; its key is asked for there.",
    "profiles": "Profiles are made by hand, under Names and rewrites.",
    "selectors": "Such names are made by hand, under Names and rewrites.",
    "matrix": MEMORY,
    "routing": "",
}


def left_out_of(data: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """What of the file's own keys is not taken, and why. No value is repeated: some are secrets."""
    for key, value in data.items():
        name = key if isinstance(key, str) else "a key that is no text"
        if name == "routing":
            yield from _of_routing(value)
        elif name == "hooks":
            if not isinstance(value, Mapping):
                yield name, "It must hold names with values."
        elif name in _SEVERAL and isinstance(value, Mapping):
            yield from ((f"{name}.{each}", _SEVERAL[name]) for each in list(value)[:100])
        elif why := _PLACES.get(name, _SEVERAL.get(name, "There is no place for it.")):
            yield name, why


def _of_routing(routing: object) -> Iterator[tuple[str, str]]:
    if not isinstance(routing, Mapping):
        return
    for name, said in routing.items():
        settings = said.get("settings") if isinstance(said, Mapping) else None
        if name == "router":
            matrix = settings.get("matrix") if isinstance(settings, Mapping) else None
            if matrix is not None:
                yield "routing.router.matrix", MEMORY
        elif name == "scheduler":
            yield "routing.scheduler", "Who comes first is said by the API keys' priority here."
        else:
            yield f"routing.{name}", "There is no place for it."
