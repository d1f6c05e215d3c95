"""What was seen of attached servers, in the database: written when it has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from engine_app.attached.linking import links
from engine_app.attached.looking import Seen
from engine_app.core.server_answers import FoundModel
from engine_app.models.attached import AttachedModel, AttachedServer, ModelState, ServerState
from models_app.models import RegistryVersion

MOST_AT_ONCE: Final = 200  # rows in a statement
_SERVER: Final = (
    "state", "reason", "role", "build", "most_loaded", "loads_by_itself", "n_slots", "n_left_out",
)  # fmt: skip
_WITHOUT_MODELS: Final = ("state", "reason", "role")  # the rest was true a moment ago
_MODEL: Final = (
    "aliases", "state", "progress", "exit_code", "args", "path", "child_port", "context",
    "size_bytes", "modalities", "llama_model_id",
)  # fmt: skip


def to_follow(node: str) -> list[AttachedServer]:
    return list(AttachedServer.objects.to_follow(node))


def all_ids() -> list[int]:
    return list(AttachedServer.objects.values_list("pk", flat=True))


def write(
    server_id: int, generation: int, seen: Seen, *, links_anew: bool = False
) -> list[dict[str, Any]] | None:
    """Only the rows that differ. The models that changed, as events tell them; None when the
    server was changed or taken away meanwhile, and nothing was written. `links_anew` when the
    registry has changed."""
    now = timezone.now()
    with transaction.atomic():
        row = (
            AttachedServer.objects.select_for_update()
            .filter(pk=server_id, generation=generation, enabled=True)
            .first()
        )
        if row is None:
            return None
        _write_server(row, seen, now)
        if seen.models is not None:
            return _write_models(server_id, seen.models, now, links_anew)
        state = ModelState.LOADING if seen.is_reachable else ModelState.UNKNOWN
        return _all_are(state, server_id, now)


def touch(server_id: int, generation: int, seen: Seen) -> None:
    """It still is as it was."""
    now = timezone.now()
    seen_at = {"last_seen_at": now} if seen.is_reachable else {}
    rows = AttachedServer.objects.filter(pk=server_id, generation=generation)
    rows.update(checked_at=now, **seen_at)


def _write_server(row: AttachedServer, seen: Seen, now: datetime) -> None:
    names = _SERVER if seen.models is not None else _WITHOUT_MODELS
    changes: dict[str, Any] = {
        name: getattr(seen, name) for name in names if getattr(seen, name) != getattr(row, name)
    }
    if not seen.is_reachable:
        changes.pop("role", None)
    if "state" in changes:
        changes["state_changed_at"] = now
    if seen.state != ServerState.UNREACHABLE:
        changes["last_seen_at"] = now
    AttachedServer.objects.filter(pk=row.pk).update(checked_at=now, **changes)


def _all_are(state: ModelState, server_id: int, now: datetime) -> list[dict[str, Any]]:
    """Of a server that says nothing of its models: it loads its one, or it is away."""
    rows = AttachedModel.objects.filter(server=server_id).exclude(state=state)
    changed = [
        {"id": pk, "model": model_id, "state": state.value, "progress": None}
        for pk, model_id in rows.values_list("pk", "model_id")
    ]
    rows.update(state=state, progress=None, exit_code=None, child_port=None, updated_at=now)
    return changed


def registry_version() -> str:
    return RegistryVersion.current()


def _write_models(
    server_id: int, models: Sequence[FoundModel], now: datetime, links_anew: bool
) -> list[dict[str, Any]]:
    there = {row.model_id: row for row in AttachedModel.objects.filter(server=server_id)}
    # All of the registry is read for that: not with every change of a state.
    linked = links(
        model
        for model in models
        if links_anew
        or (row := there.get(model.model_id)) is None
        or row.path != model.path
        or row.aliases != list(model.aliases)
    )
    added: list[AttachedModel] = []
    changed: list[AttachedModel] = []
    for model in models:
        row = there.pop(model.model_id, None)
        known = None if row is None else row.llama_model_id
        values = _values(model, linked.get(model.model_id, known))
        if row is None:
            fresh = AttachedModel(server_id=server_id, model_id=model.model_id, updated_at=now)
            added.append(_set(fresh, values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            row.updated_at = now
            changed.append(_set(row, values))
    AttachedModel.objects.bulk_create(added, batch_size=MOST_AT_ONCE)
    AttachedModel.objects.bulk_update(changed, [*_columns(), "updated_at"], batch_size=MOST_AT_ONCE)
    gone = [row.pk for row in there.values()]
    for at in range(0, len(gone), MOST_AT_ONCE):
        AttachedModel.objects.filter(pk__in=gone[at : at + MOST_AT_ONCE]).delete()
    told = [
        {"id": row.pk, "model": row.model_id, "state": row.state, "progress": row.progress}
        for row in (*added, *changed)
    ]
    return told + [{"id": pk, "model": None, "state": "gone", "progress": None} for pk in gone]


def _columns() -> list[str]:
    return [name.removesuffix("_id") for name in _MODEL]


def _values(model: FoundModel, llama_model_id: int | None) -> dict[str, Any]:
    return {
        "aliases": list(model.aliases),
        "state": model.state,
        "progress": model.progress,
        "exit_code": model.exit_code,
        "args": list(model.args),
        "path": model.path,
        "child_port": model.port,
        "context": model.context,
        "size_bytes": model.size_bytes,
        "modalities": list(model.modalities),
        "llama_model_id": llama_model_id,
    }


def _set(row: AttachedModel, values: Mapping[str, Any]) -> AttachedModel:
    for name, value in values.items():
        setattr(row, name, value)
    return row


def described(server_id: int) -> dict[str, Any] | None:
    """What an event says of a server."""
    names = ("id", "name", "state", "role", "reason", "build", "enabled")
    row = AttachedServer.objects.filter(pk=server_id).values(*names).first()
    return None if row is None else dict(row)
