"""Machines that tests make up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FakeDevice:
    key: str
    kind: str
    total_bytes: int
    free_bytes: int | None = None
    name: str = "made up"
