from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand

from llamadash import perf
from logs_app import application_log
from models_app.scan import scan_requests
from settings_app import diagnostics

NICE: Final = 10  # pages and engines come first


class Command(BaseCommand):
    help = "Runs the scans that wait. The agent starts this; use scan_models by hand."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        os.nice(NICE)
        application_log.start()
        with diagnostics.followed():
            while not stop.is_set() and scan_requests.run_next(stop=stop):
                pass
        self._hand_over()

    def _hand_over(self) -> None:
        """For agent_app/scanner.py, unless that has died meanwhile."""
        try:
            for line in perf.monitor.handed_over():
                self.stdout.write(line)
            self.stdout.flush()
        except BrokenPipeError:
            # What Python still holds back for it would break at our end again.
            with Path(os.devnull).open("w") as nothing:
                os.dup2(nothing.fileno(), sys.stdout.fileno())
