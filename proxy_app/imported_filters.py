"""What an imported configuration changes in requests for models, as rewrites of this gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine_app.core.imported import Change, Filters, LeftOut, one_line
from engine_app.preset_editing import PresetError
from engine_app.preset_filters import Difference
from models_app.models import LlamaModel
from proxy_app.core.rewrites import PROTECTED
from proxy_app.models import ModelRewrite
from proxy_app.routing_editing import RoutingError, save_rewrite


def differences(wanted: Mapping[int, Filters]) -> dict[int, Difference]:
    """By model. What the file does not say stays as it is."""
    rows = {row.llama_model_id: row for row in ModelRewrite.objects.filter(llama_model__in=wanted)}
    return {number: _difference(rows.get(number), wanted[number]) for number in wanted}


def take(wanted: Mapping[int, Filters]) -> None:
    """Raises PresetError."""
    models = LlamaModel.objects.in_bulk(wanted)
    rows = {row.llama_model_id: row for row in ModelRewrite.objects.filter(llama_model__in=wanted)}
    for number, model in models.items():
        row, filters = rows.get(number, ModelRewrite()), wanted[number]
        given = {name: getattr(row, name) for name in ("default", "system_prefix", "max_tokens")}
        said = {"strip": _strip(filters) or row.strip, "set": _set(filters) or row.set}
        try:
            save_rewrite(model, given | said)
        except RoutingError as error:
            raise PresetError({"filters": f"{model.name}: {error}"}) from error


def _difference(row: ModelRewrite | None, filters: Filters) -> Difference:
    why = "The gateway needs it as it was asked."
    refused = [name for name in (*filters.strip, *filters.set) if name in PROTECTED]
    found = Difference(left_out=[LeftOut(f"filters: {name}", why) for name in refused])
    strip, before = _strip(filters), row.strip if row else []
    if strip and strip != before:
        found.changes.append(Change("taken out of requests", _listed(before), _listed(strip)))
    values, old = _set(filters), row.set if row else {}
    if values:
        found.changes += [
            Change(f"set in requests: {name}", _json(old, name), _json(values, name))
            for name in dict.fromkeys([*old, *values])
            if _json(old, name) != _json(values, name)
        ]
    return found


def _strip(filters: Filters) -> list[str]:
    return [name for name in filters.strip if name not in PROTECTED]


def _set(filters: Filters) -> dict[str, Any]:
    return {name: value for name, value in filters.set.items() if name not in PROTECTED}


def _listed(names: list[str]) -> str:
    return one_line(", ".join(names))


def _json(values: Mapping[str, Any], name: str) -> str:
    return json.dumps(values[name], ensure_ascii=False) if name in values else ""
