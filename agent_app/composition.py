"""Which loops an agent runs here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from agent_app.agent import Agent
from agent_app.attached import AttachedServers
from agent_app.heartbeat import Heartbeat
from agent_app.lease import AgentLease
from agent_app.log_pumping import LogPumping
from agent_app.loop_lag import LoopLag
from agent_app.loops import Loop
from agent_app.own_router import OwnRouterLoop
from agent_app.pruner import Pruner
from agent_app.sampling import Sampling
from agent_app.scanner import Scanner
from agent_app.supervision import Supervision
from engine_app.attached.following import Around
from engine_app.figures.following import Following
from engine_app.running.programs import Programs
from live_app.hub import hub
from logs_app.kept_lines import KeptLines
from logs_app.pump import Pump
from metrics_app.hour import hour
from metrics_app.recording import recorder
from metrics_app.sampler import sampler
from metrics_app.sources.this_machine import this_machine
from proxy_app import gateway
from proxy_app.figures_source import GatewayFigures


def make_agent() -> Agent:
    lease = AgentLease(Path(settings.DATA_DIR) / "agent.lock")
    programs = Programs()  # one asks them, for engines and for the router
    loops: list[Loop] = [
        Heartbeat(),
        Scanner(),
        Pruner(),
        make_sampling(),
        LogPumping(make_log_pump),
        Supervision(tell_of_engine, Following(sampler, hub.event, hub.watched), programs),
        AttachedServers(Around(hub.event, hub.watched, sampler)),
        OwnRouterLoop(hub.event, programs),
    ]
    return Agent(lease, loops)


def make_sampling() -> Sampling:
    lag = LoopLag()
    for source in this_machine(lag.take):
        sampler.add(source)
    sampler.add(GatewayFigures())
    sampler.watch_by(hub.watched)
    return Sampling(sampler, hour, recorder, hub, lag)


def make_log_pump(kept: KeptLines) -> Pump:
    return Pump(kept, tell_lines, hub.watched)


def tell_of_engine(topic: str, name: str, data: dict[str, Any]) -> None:
    hub.event(topic, name, data)
    gateway.engine_changed()


def tell_lines(topic: str, rows: list[list[object]], at: float) -> None:
    hub.event(topic, "log.lines", {"lines": rows})
