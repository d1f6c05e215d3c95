"""Which loops an agent runs here."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from agent_app.agent import Agent
from agent_app.heartbeat import Heartbeat
from agent_app.lease import AgentLease
from agent_app.scanner import Scanner


def make_agent() -> Agent:
    lease = AgentLease(Path(settings.DATA_DIR) / "agent.lock")
    return Agent(lease, [Heartbeat(), Scanner()])
