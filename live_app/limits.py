from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Also the server's limit of what it reads at all.
FRAME_BYTES: Final = 16 << 10


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client, and all of them, may cost."""

    clients: int = 2_000
    clients_of_one_user: int = 64
    topics_of_one_client: int = 64
    topics: int = 4_096
    unacknowledged: int = 4  # frames
    queued_frames: int = 256  # events and lines that wait, for one client
    queued_bytes: int = 256 << 10
    frames_per_second: float = 50.0  # from one client
    bad_frames: int = 20
    silent_seconds: float = 10.0  # without an ack, or blocked in a send
    beat_seconds: float = 10.0  # without any frame
    pulse_seconds: float = 1.0
    check_seconds: float = 30.0  # between two looks at the sessions
