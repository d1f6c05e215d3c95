"""Asks programs what they are while pages go on: each may take a minute for its answers.

One thread at a time, for as long as there is something to ask; it ends by itself, since every
question is bounded (probing.py).
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Final

from django.db import close_old_connections, connection

from engine_app import discovery

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Asking:
    problem: str = ""  # why the last round has ended without answers
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _again: bool = False
    _force: bool = False

    @property
    def is_under_way(self) -> bool:
        thread = self._thread
        return thread is not None and thread.is_alive()

    def begin(self, *, force: bool = False) -> None:
        """Returns at once. `force` asks also those of which is known what they are."""
        with self._lock:
            self._again = True
            self._force |= force
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="ask programs", daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> None:
        if (thread := self._thread) is not None:
            thread.join(seconds)

    def _run(self) -> None:
        try:
            while (force := self._next()) is not None:
                self._round(force=force)
        finally:
            connection.close()

    def _next(self) -> bool | None:
        """Whether the next round is to ask all; None when there is none, and the thread ends."""
        with self._lock:
            if not self._again:
                self._thread = None
                return None
            force, self._again, self._force = self._force, False, False
            return force

    def _round(self, *, force: bool) -> None:
        close_old_connections()
        try:
            discovery.discover(force=force)
            self.problem = ""
        except Exception as error:
            logger.exception("the programs could not be asked")
            self.problem = f"The programs could not be asked: {type(error).__name__}. See the log."


asking: Final = Asking()
