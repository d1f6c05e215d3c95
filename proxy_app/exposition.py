"""What `/metrics` tells of the gateway of this process, since it was started."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from engine_app.core.argv import safe_alias
from engine_app.models.engine import SHARD
from metrics_app.core.exposition import Family
from models_app.models import LlamaModel
from proxy_app.figures import BOUNDS, Counted, figures
from proxy_app.figures_source import in_flight

_GONE: Final = "gone"  # the model of a request that the registry has no more
_NEVER: Final = "none"  # the status of one that was never answered


class Labels(NamedTuple):
    """As many as there are models, dialects and classes; nothing that a client can make up."""

    dialect: str
    model: str  # empty: no model that is known was asked for
    status: str = ""


def families() -> Iterator[Family]:
    flying = in_flight()
    running = Family("llamadash_gateway_running", "gauge", "Requests that engines answer now.")
    running.add(flying.running)
    waiting = Family("llamadash_gateway_waiting", "gauge", "Requests that wait for an engine.")
    waiting.add(flying.waiting)
    yield from (running, waiting)
    counted = _by_labels()
    requests = Family("llamadash_gateway_requests_total", "counter", "Requests that have ended.")
    for labels, each in counted.items():
        requests.add(each.requests, **labels._asdict())
    yield requests
    whole = _of_all_statuses(counted)
    yield _tokens("prompt", whole, lambda each: each.prompt_tokens)
    yield _tokens("generated", whole, lambda each: each.generated_tokens)
    yield _histogram(
        "llamadash_gateway_request_seconds",
        "From arrival to the end of the answer.",
        {labels: (each.by_seconds, each.seconds) for labels, each in whole.items()},
    )
    yield _histogram(
        "llamadash_gateway_first_byte_seconds",
        "From arrival to the first byte of an answer that is no error.",
        {labels: (each.by_first_byte, each.first_byte_seconds) for labels, each in whole.items()},
    )


def _by_labels() -> dict[Labels, Counted]:
    counted = figures.counted
    names = _names({model_id for _, model_id, _ in counted if model_id is not None})
    found: dict[Labels, Counted] = {}
    for (dialect, model_id, status_class), each in counted.items():
        model = "" if model_id is None else names.get(model_id, _GONE)
        status = f"{status_class}xx" if status_class else _NEVER
        labels = Labels(dialect, model, status)
        found[labels] = found.get(labels, Counted()) + each
    return found


def _of_all_statuses(counted: Mapping[Labels, Counted]) -> dict[Labels, Counted]:
    found: dict[Labels, Counted] = {}
    for labels, each in counted.items():
        of_all = labels._replace(status="")
        found[of_all] = found.get(of_all, Counted()) + each
    return found


def _names(model_ids: set[int]) -> dict[int, str]:
    """As engines' figures have them. Files of one name in two folders share theirs."""
    rows = LlamaModel.objects.filter(pk__in=model_ids).values_list("pk", "path")
    return {pk: safe_alias(SHARD.sub("", Path(path).stem)) for pk, path in rows}


def _tokens(
    what: str, counted: Mapping[Labels, Counted], number: Callable[[Counted], int]
) -> Family:
    name = f"llamadash_gateway_{what}_tokens_total"
    family = Family(name, "counter", f"Tokens of ended requests, {what}, where the engine said.")
    for labels, each in counted.items():
        family.add(number(each), dialect=labels.dialect, model=labels.model)
    return family


def _histogram(name: str, help: str, told: Mapping[Labels, tuple[list[int], float]]) -> Family:
    family = Family(name, "histogram", help)
    for labels, (by_bound, seconds) in told.items():
        words = {"dialect": labels.dialect, "model": labels.model}
        *up_to, number = accumulate(by_bound)
        for bound, below in zip(BOUNDS, up_to, strict=True):
            family.add(below, "_bucket", **words, le=f"{bound:g}")
        family.add(number, "_bucket", **words, le="+Inf")
        family.add(seconds, "_sum", **words)
        family.add(number, "_count", **words)
    return family
