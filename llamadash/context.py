"""What every page shows around its content. Lazy: a partial that shows none of it asks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import reverse

from agent_app.models import AgentHeartbeat
from engine_app.pages.engine_counts import counts
from llamadash import formats
from metrics_app.devices import Device, read_devices
from models_app.lists.listing import UNUSABLE
from models_app.models import LlamaModel

THEMES: Final = ("auto", "light", "dark")
_GPU_USED: Final = "gpu/memory_used_bytes"


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str
    key: str  # `g` and this letter go there
    current: bool
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    links: list[Link]


@dataclass(frozen=True, slots=True)
class MemoryLine:
    """A device's memory in the side bar; `percent` is None when its use is unknown."""

    label: str
    key: str  # of the metric that keeps it current
    used: str
    total: str
    total_bytes: int
    title: str
    percent: str | None

    @property
    def topic(self) -> str:
        return self.key.partition("/")[0]


class Shell:
    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def theme(self) -> str:
        chosen = self._request.COOKIES.get("theme", "auto")
        return chosen if chosen in THEMES else "auto"

    @property
    def next_theme(self) -> str:
        return THEMES[(THEMES.index(self.theme) + 1) % len(THEMES)]

    @cached_property
    def signed_in(self) -> bool:
        try:
            user = getattr(self._request, "user", None)  # missing when a middleware refused
            return user is not None and user.is_authenticated
        except DatabaseError:  # the error page must come even without a database
            return False

    @property
    def node(self) -> str:
        return str(settings.NODE)

    @cached_property
    def nav(self) -> list[Group]:
        configure = [
            self._link("Names and rewrites", "routing:page", "n"),
            self._link("Settings", "settings_app:page", "s"),
        ]
        if self._request.user.is_staff:
            configure.insert(0, self._link("API keys", "keys:list", "k"))
            configure += [
                self._link("System", "system", "y"),
                self._link("Admin", "admin:index", "a"),
            ]
        observe = [
            self._link("Dashboard", "home", "d"),
            self._link("Monitoring", "metrics_app:monitoring", "o"),
            self._link("Requests", "requests:list", "r"),
            self._link("Logs", "logs_app:logs", "l"),
        ]
        run = [self._link("Models", "models_app:list", "m", note=self._n_models())]
        run.append(
            self._link("Engines", "engines:list", "e", note=self._n_engines(), also="attached")
        )
        run.append(self._link("Presets", "presets:list", "p"))
        run.append(self._link("Playground", "playground:page", "c"))
        return [Group("Observe", observe), Group("Run", run), Group("Configure", configure)]

    def _link(
        self, label: str, name: str, key: str, note: str | None = None, also: str = ""
    ) -> Link:
        """`also` is another namespace whose pages belong to it."""
        match = self._request.resolver_match
        view = match.view_name if match is not None else ""
        namespace, _, _ = name.partition(":")
        current = view == name or (":" in name and view.startswith(f"{namespace}:"))
        current = current or (bool(also) and view.startswith(f"{also}:"))
        return Link(label, reverse(name), key, current, note)

    def _n_models(self) -> str | None:
        try:
            return formats.grouped(
                LlamaModel.objects.listed().filter(hidden=False).exclude(state__in=UNUSABLE).count()
            )
        except DatabaseError:
            return None

    def _n_engines(self) -> str | None:
        """Those that serve, of all; nothing while there is none."""
        try:
            counted = counts()
        except DatabaseError:
            return None
        running, total = formats.grouped(counted["running"]), formats.grouped(counted["total"])
        return f"{running} of {total}" if counted["total"] else None

    @cached_property
    def agent_problem(self) -> str:
        """Why nothing is scanned at the moment, or the empty string."""
        try:
            heartbeat = AgentHeartbeat.objects.filter(node=settings.NODE).first()
        except DatabaseError:
            return ""
        if heartbeat is None:
            return "No agent runs here: nothing is scanned. Start it with serve or agent."
        if heartbeat.is_alive:
            return ""
        return (
            f"The agent (process {heartbeat.pid}) is silent: nothing is scanned until it is back."
        )

    @cached_property
    def memory(self) -> list[MemoryLine]:
        """GPUs first, then RAM: the order in which one wants to use them."""
        devices = sorted(read_devices(), key=lambda device: device.kind == "ram")
        n_gpus = 0
        lines = []
        for device in devices:
            label = "RAM" if device.kind == "ram" else f"GPU {n_gpus}"
            n_gpus += device.kind == "gpu"
            lines.append(memory_line(device, label))
        return lines


def memory_line(device: Device, label: str) -> MemoryLine:
    used, total = device.used_bytes, device.total_bytes
    title, percent = f"{device.name}: its use is not known", None
    if used is not None and total:
        title, percent = device.name, f"{min(1.0, used / total) * 100:.1f}"
    return MemoryLine(
        label=label,
        key="host/memory_used_bytes" if device.kind == "ram" else f"{_GPU_USED}/{device.key}",
        used=formats.gibibytes(used),
        total=formats.gibibytes(total),
        total_bytes=total,
        title=title,
        percent=percent,
    )


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}
