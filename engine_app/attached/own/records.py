"""What the agent writes down of its router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from engine_app import preset_export
from engine_app.attached import control, keys
from engine_app.attached.control import Wanted
from engine_app.attached.own.offer import router_binary, why_none, why_not_yet
from engine_app.core import states
from engine_app.core.server_address import Address
from engine_app.core.verdict import Verdict
from engine_app.health import HOST
from engine_app.models import AttachedServer, Engine, EngineBinary, OwnRouter
from engine_app.running.orders import refuse
from engine_app.wake import wake
from models_app.models import FileState, LlamaModel

NAME: Final = "our own router"
NO_PROCESS: Final[dict[str, Any]] = {
    "pid": None,
    "pid_started": None,
    "executable": "",
    "ready_at": None,
}


@dataclass(frozen=True, slots=True)
class RouterOrder:
    """All that a launch needs to know."""

    router_id: int
    source: str
    generation: int
    most_loaded: int
    last_port: int | None
    binary: EngineBinary
    models_ini: str


def of_node(node: str) -> OwnRouter | None:
    return OwnRouter.objects.filter(node=node).first()


def files_of_presets() -> dict[int, tuple[Path, ...]]:
    """Of each model that a preset is for, unless the registry says already what is wrong."""
    models = LlamaModel.objects.filter(presets__isnull=False, state=FileState.OK).distinct()
    return {
        model.pk: tuple(Path(each.path) for each in model.files.all()) or (Path(model.path),)
        for model in models.prefetch_related("files")
    }


def order(router_id: int, complaints: Mapping[int, str]) -> RouterOrder:
    """Raises Refusal. `complaints` are what is wrong with models' files now."""
    row = OwnRouter.objects.get(pk=router_id)
    binary = router_binary()
    if binary is None:
        # Tried again, unlike the other: it may answer yet.
        code = "not_asked" if why_not_yet() else "no_program"
        raise refuse(code, "has no program to run it", why_not_yet() or why_none())

    def why_not(model: LlamaModel) -> str:
        if model.state != FileState.OK:
            return f"Its model cannot be loaded: {model.reason or model.get_state_display()}."
        return complaints.get(model.pk, "")

    export = preset_export.models_ini(binary.known_flags, why_not)
    left_out = [[each.what, each.why] for each in export.left_out]
    OwnRouter.objects.filter(pk=router_id).update(n_presets=export.n_presets, left_out=left_out)
    if not export.n_presets:
        raise refuse("refused", "was not started: it would have no model", "Make a preset of one.")
    return RouterOrder(
        row.pk, row.source, row.generation, row.most_loaded, row.port, binary, export.text
    )


def taken_ports(router_id: int) -> set[int]:
    """Those of servers that are attached here, too: no two of them have one address."""
    ports = Engine.objects.alive().exclude(port=None).values_list("port", flat=True)
    others = AttachedServer.objects.here(settings.NODE).exclude(own_router=router_id)
    attached = {each.port for each in others if each.address.is_this_machine}
    return {port for port in ports if port is not None} | attached


def shown_as(router_id: int, port: int, key: str) -> None:
    """The server it appears as: the same one each time, so that its figures go on."""
    row = OwnRouter.objects.select_related("server").get(pk=router_id)
    address = Address("http", HOST, port)
    if row.server is None:
        wanted = Wanted(_free_name(), address, key, enabled=False)
        server = control.attach(wanted, managed=True)
        OwnRouter.objects.filter(pk=router_id).update(server=server)
        return
    AttachedServer.objects.filter(pk=row.server.pk).update(
        host=address.host, port=port, enabled=False
    )
    keys.write(row.server.pk, key)


def _free_name() -> str:
    rows = AttachedServer.objects.here(settings.NODE)
    for n in range(1, 1000):
        name = NAME if n == 1 else f"{NAME} {n}"
        if not rows.filter(name__iexact=name).exists():
            return name
    return NAME


def key_of(row: OwnRouter) -> str:
    return "" if row.server_id is None else keys.key_of(row.server_id)


def _show(router_id: int, enabled: bool) -> None:
    row = OwnRouter.objects.select_related("server").filter(pk=router_id).first()
    if row is not None and row.server is not None:
        control.switch(row.server, enabled)


# ---------------------------------------------------------------- states
def starting(router_id: int, generation: int) -> None:
    _change(
        router_id,
        states.STARTING,
        observed_generation=generation,
        started_at=timezone.now(),
        retry_at=None,
        reason="",
        reason_code="",
        advice="",
        **NO_PROCESS,
    )


def spawned(router_id: int, order: RouterOrder, argv: list[str], port: int, **process: Any) -> None:
    OwnRouter.objects.filter(pk=router_id).update(
        binary=order.binary, argv=argv, port=port, **process
    )


def ready(router_id: int, executable: str) -> None:
    """Also when it is adopted: from here on it is followed as any attached server."""
    _change(router_id, states.READY, ready_at=timezone.now(), executable=executable, n_failures=0)
    _show(router_id, True)


def stopping(router_id: int) -> None:
    _change(router_id, states.STOPPING)


def stopped(router_id: int, verdict: Verdict) -> None:
    _ended(router_id, states.STOPPED, verdict, None, 0)


def failed(router_id: int, verdict: Verdict, retry_at: datetime | None, n_failures: int) -> None:
    _ended(router_id, states.FAILED, verdict, retry_at, n_failures)


def _ended(
    router_id: int, state: str, verdict: Verdict, retry_at: datetime | None, n_failures: int
) -> None:
    _change(
        router_id,
        state,
        reason_code=verdict.code,
        reason=verdict.sentence,
        advice=verdict.advice,
        retry_at=retry_at,
        n_failures=n_failures,
        **NO_PROCESS,
    )
    _show(router_id, False)


def _change(router_id: int, state: str, **values: Any) -> None:
    rows = OwnRouter.objects.filter(pk=router_id)
    rows.update(state=state, state_changed_at=timezone.now(), **values)
    wake()


def described(router_id: int) -> dict[str, Any] | None:
    """What an event says of it."""
    names = ("id", "state", "desired", "reason", "server_id")
    row = OwnRouter.objects.filter(pk=router_id).values(*names).first()
    return None if row is None else dict(row)
