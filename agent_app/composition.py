"""Which loops an agent runs here."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from agent_app.agent import Agent
from agent_app.heartbeat import Heartbeat
from agent_app.lease import AgentLease
from agent_app.loop_lag import LoopLag
from agent_app.pruner import Pruner
from agent_app.sampling import Sampling
from agent_app.scanner import Scanner
from live_app.hub import hub
from metrics_app.hour import hour
from metrics_app.recording import recorder
from metrics_app.sampler import sampler
from metrics_app.sources.this_machine import this_machine


def make_agent() -> Agent:
    lease = AgentLease(Path(settings.DATA_DIR) / "agent.lock")
    return Agent(lease, [Heartbeat(), Scanner(), Pruner(), make_sampling()])


def make_sampling() -> Sampling:
    lag = LoopLag()
    for source in this_machine(lag.take):
        sampler.add(source)
    sampler.watch_by(hub.watched)
    return Sampling(sampler, hour, recorder, hub, lag)
