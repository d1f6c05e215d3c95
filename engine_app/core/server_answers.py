"""What servers of others tell, made of whatever they sent. Nothing here raises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

ROUTER: Final = "router"
SINGLE: Final = "single"
UNKNOWN: Final = "unknown"

UNLOADED: Final = "unloaded"
LOADING: Final = "loading"
LOADED: Final = "loaded"
SLEEPING: Final = "sleeping"
DOWNLOADING: Final = "downloading"
FAILED: Final = "failed"
_STATES: Final = {
    "unloaded": UNLOADED,
    "downloaded": UNLOADED,
    "loading": LOADING,
    "loaded": LOADED,
    "sleeping": SLEEPING,
    "downloading": DOWNLOADING,
}

MOST_MODELS: Final = 2_000
MAX_ID: Final = 255
MAX_TEXT: Final = 200
MAX_PATH: Final = 4096
MOST_ALIASES: Final = 16
MOST_WORDS: Final = 256
MOST_ARGS_CHARACTERS: Final = 8192
_LARGEST: Final = 2**62
_SECRET: Final = frozenset({"--api-key", "--hf-token", "-hft", "--api-key-file"})
_HIDDEN: Final = "(hidden)"
_LISTED: Final = ("text", "image", "audio", "video", "embeddings", "vision")


@dataclass(frozen=True, slots=True)
class Props:
    role: str = UNKNOWN
    build: str = ""
    alias: str = ""
    model_path: str = ""
    n_slots: int | None = None
    context: int | None = None  # of a slot
    modalities: tuple[str, ...] = ()
    is_sleeping: bool = False
    most_loaded: int | None = None  # of a router; 0: as many as there are
    loads_by_itself: bool | None = None  # of a router: with the first request


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One that a server offers, as the server calls it. None and "" are what it does not say."""

    model_id: str
    state: str
    aliases: tuple[str, ...] = ()
    progress: float | None = None  # of loading, 0 to 1
    exit_code: int | None = None
    args: tuple[str, ...] = ()
    path: str = ""
    port: int | None = None  # where a router's child listens
    context: int | None = None
    size_bytes: int | None = None
    modalities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    models: tuple[FoundModel, ...]
    n_left_out: int = 0  # beyond what is listed here, or without a name one can ask for


@dataclass(frozen=True, slots=True)
class News:
    """Of a router's feed. Only `progress` is taken from it: the rest is looked at."""

    model_id: str
    progress: float | None = None


def read_props(answer: object) -> Props | None:
    """None when this is no llama-server's answer to `/props`."""
    if not isinstance(answer, dict):
        return None
    build = text(answer.get("build_info"))
    if answer.get("role") == ROUTER:
        return Props(
            role=ROUTER,
            build=build,
            most_loaded=whole(answer.get("max_instances")),
            loads_by_itself=_flag(answer.get("models_autoload")),
        )
    generation = answer.get("default_generation_settings")
    if not isinstance(generation, dict):
        return None
    found = answer.get("modalities")
    modalities = found if isinstance(found, dict) else {}
    return Props(
        role=SINGLE,
        build=build,
        alias=text(answer.get("model_alias")),
        model_path=text(answer.get("model_path"), MAX_PATH),
        n_slots=whole(answer.get("total_slots")),
        context=whole(generation.get("n_ctx")),
        modalities=tuple(each for each in _LISTED if modalities.get(each) is True),
        is_sleeping=answer.get("is_sleeping") is True,
    )


def read_models(answer: object) -> Offer | None:
    """None when this is no list of models."""
    listed = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        return None
    found: dict[str, FoundModel] = {}
    for entry in listed[:MOST_MODELS]:
        model = _model(entry)
        if model is not None:
            found.setdefault(model.model_id, model)
    return Offer(tuple(found.values()), len(listed) - len(found))


def read_news(answer: object) -> News | None:
    """None when it tells nothing of a model."""
    if not isinstance(answer, dict) or not isinstance(answer.get("model"), str):
        return None
    data = _dict(answer.get("data"))
    return News(answer["model"][:MAX_ID], _progress(data.get("progress")))


def single_model(props: Props, offer: Offer) -> FoundModel:
    """The one model of a server that has one: its state is what the server does."""
    listed = offer.models[0] if offer.models else None
    name = (listed.model_id if listed else "") or props.alias or "model"
    model = listed or FoundModel(name, LOADED)
    return replace(
        model,
        model_id=name,
        state=SLEEPING if props.is_sleeping else LOADED,
        path=props.model_path,
        context=props.context or model.context,
        modalities=tuple(dict.fromkeys((*model.modalities, *props.modalities))),
    )


def _model(entry: object) -> FoundModel | None:
    if not isinstance(entry, dict) or not _can_be_asked_for(entry.get("id")):
        return None
    status = _dict(entry.get("status"))
    meta, architecture = _dict(entry.get("meta")), _dict(entry.get("architecture"))
    args = _args(status.get("args"))
    has_failed = status.get("failed") is True
    state = _STATES.get(str(status.get("value")), UNKNOWN)
    return FoundModel(
        model_id=entry["id"],
        state=FAILED if has_failed and state == UNLOADED else state,
        aliases=_texts(entry.get("aliases"), MOST_ALIASES, entry["id"]),
        progress=_progress(status.get("progress")) if state == LOADING else None,
        exit_code=_exit_code(status.get("exit_code")) if has_failed else None,
        args=args,
        path=_after(args, "--model", "-m"),
        port=_port(_after(args, "--port")),
        context=whole(meta.get("n_ctx")) or whole_text(_after(args, "--ctx-size", "-c")),
        size_bytes=whole(meta.get("size")),
        modalities=tuple(
            each for each in _LISTED if each in _words(architecture.get("input_modalities"))
        ),
    )


def _can_be_asked_for(model_id: object) -> bool:
    """Cleaned, it would be another one's name."""
    return isinstance(model_id, str) and 0 < len(model_id) <= MAX_ID and model_id.isprintable()


# ---------------------------------------------------------------- values of unknown kinds
def text(value: object, most: int = MAX_TEXT) -> str:
    """Without what is no text to look at."""
    if not isinstance(value, str):
        return ""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value[:most])


def whole(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def whole_text(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 16 else None


def _port(value: str) -> int | None:
    number = whole_text(value)
    return number if number is not None and 0 < number < 65_536 else None


def _exit_code(value: object) -> int | None:
    return value if type(value) is int and abs(value) < 2**31 else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: object) -> list[object]:
    return value[:MOST_WORDS] if isinstance(value, list) else []


def _texts(value: object, most: int, besides: str) -> tuple[str, ...]:
    found = (text(each) for each in _words(value) if isinstance(each, str) and each != besides)
    return tuple(dict.fromkeys(each for each in found if each))[:most]


def _progress(value: object) -> float | None:
    """As a number, or as `{"value": 0.4}`."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value <= 1 else None


def _args(value: object) -> tuple[str, ...]:
    """A command line, less what is secret in it."""
    found: list[str] = []
    left = MOST_ARGS_CHARACTERS
    hides = False
    for each in _words(value):
        word = _HIDDEN if hides else text(each, MAX_PATH)
        name, equals, _ = word.partition("=")
        hides = not hides and word in _SECRET
        if equals and name in _SECRET:
            word = f"{name}={_HIDDEN}"
        left -= len(word)
        if left < 0:
            break
        found.append(word)
    return tuple(found)


def _after(args: tuple[str, ...], *flags: str) -> str:
    """What stands behind the last of these flags."""
    for at in reversed(range(len(args) - 1)):
        if args[at] in flags:
            return args[at + 1]
    return ""
