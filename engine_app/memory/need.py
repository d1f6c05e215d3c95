"""What a start will take: as it was measured the last time, else as it is estimated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine_app import preset_refs
from engine_app.core.flag_kinds import Value
from engine_app.core.ledger import Need
from engine_app.core.memory_identity import files_hash, options_hash
from engine_app.core.memory_options import memory_options
from engine_app.memory import measured
from engine_app.memory.measured import Known, Start
from engine_app.models import EngineBinary
from engine_app.preset_memory import spot_of
from engine_app.preset_refs import Beside
from models_app.core.memory import EstimateError, Options
from models_app.memory import memory_need
from models_app.memory.memory_need import Subject, can_be_asked_exactly
from models_app.memory.spots import RAM, Spot
from models_app.models import LlamaModel


@dataclass(frozen=True, slots=True)
class Question:
    """All that rows know of it; the answer asks no row."""

    subject: Subject
    options: Options | None  # None: the file does not say what an estimate needs
    spot: Spot | None  # None: no device is known to put it on
    start: Start
    known: Known | None
    projector_bytes: int = 0
    projector_on_gpu: bool = False
    adapts: bool = False
    # Draft model and adapters, which are on the GPU where there is one: at least so much.
    beside_bytes: int = 0

    @property
    def gpu(self) -> str | None:
        return None if self.spot is None or self.spot.is_ram else self.spot.key

    def answer(self, *, exact: bool) -> Need | None:
        """None where nobody knows. With `exact`, llama-fit-params is asked where it is installed
        and nothing was measured: that blocks for a second, or for many."""
        estimated = self.estimated(exact=exact and self.known is None)
        if self.known is None:
            return estimated
        rest = {} if estimated is None else dict(estimated.devices)
        covers = rest.keys() <= self.known.by_device.keys()
        devices = {**rest, **self.known.by_device}
        source = self.known.source if covers or estimated is None else estimated.source
        bound = estimated is not None and estimated.is_lower_bound and not covers
        return Need(source, devices, bound, self.adapts)

    def estimated(self, *, exact: bool) -> Need | None:
        """By formula or, with `exact`, by llama-fit-params where it is installed."""
        if self.options is None or self.spot is None:
            return None
        try:
            need = self.subject.need(self.options, exact=exact and can_be_asked_exactly(self.spot))
        except EstimateError:
            return None
        devices = self._by_device(need)
        for key in (RAM, self.gpu):
            if key is not None and (extra := self.projector_on(key)):
                devices[key] = devices.get(key, 0) + extra
        if self.beside_bytes:
            holder = self.gpu or RAM
            devices[holder] = devices.get(holder, 0) + self.beside_bytes
        bound = need.is_lower_bound or self.beside_bytes > 0
        return Need(need.source, devices, bound, self.adapts)

    def projector_on(self, key: str) -> int:
        """Its bytes on this device: it takes about what its file has."""
        holder = self.gpu if self.gpu and self.projector_on_gpu else RAM
        return self.projector_bytes if key == holder else 0

    def _by_device(self, need: memory_need.Need) -> dict[str, int]:
        if self.gpu is None:
            return {RAM: need.total_bytes}
        return {self.gpu: need.device_bytes, RAM: need.host_bytes}

    def host_weights_bytes(self) -> int:
        """Of the weights, those that must be in RAM; 0 where that is not known."""
        if self.options is None or self.gpu is not None:
            return 0
        try:
            return self.subject.need(self.options, exact=False).weights_bytes
        except EstimateError:
            return 0


def question(
    model: LlamaModel, options: Mapping[str, Value], binary: EngineBinary | None
) -> Question:
    """Reads rows."""
    subject = Subject(model)
    spot = spot_of(options, binary)
    beside = preset_refs.beside(options)
    start = _start(model, options, binary, spot, beside)
    projector = model.projector if model.projector_id else None
    on_gpu = options.get("mmproj-offload") is not False
    return Question(
        subject,
        _estimate_options(subject, options, spot),
        spot,
        start,
        measured.known(start),
        projector.size_bytes if projector is not None else 0,
        on_gpu,
        _adapts(options, binary, spot),
        preset_refs.size_bytes(beside),
    )


def _start(
    model: LlamaModel,
    options: Mapping[str, Value],
    binary: EngineBinary | None,
    spot: Spot | None,
    beside: Sequence[Beside],
) -> Start:
    keys = list(model.files.values_list("scan_key", flat=True))
    if model.projector is not None:
        keys += model.projector.files.values_list("scan_key", flat=True)
    for each in beside:
        keys += each.model.files.values_list("scan_key", flat=True)
    build = f"{binary.build or binary.version} {binary.key}" if binary is not None else ""
    devices = RAM if spot is None or spot.is_ram else f"{spot.key} {RAM}"
    return Start(files_hash(keys), options_hash(options), build[:160], devices[:400])


def _estimate_options(
    subject: Subject, options: Mapping[str, Value], spot: Spot | None
) -> Options | None:
    layers = subject.layers()
    if layers is None or spot is None:
        return None
    try:
        found = memory_options(options, layers=layers)
    except EstimateError:
        return None
    return replace(found, gpu_layers=0) if spot.is_ram else found


def _adapts(options: Mapping[str, Value], binary: EngineBinary | None, spot: Spot | None) -> bool:
    """Recent builds put as many layers on a GPU as fit, unless the preset says how many."""
    if spot is None or spot.is_ram or binary is None or not binary.knows("--fit"):
        return False
    return options.get("fit") != "off" and options.get("n-gpu-layers", "auto") in ("auto", -1)
