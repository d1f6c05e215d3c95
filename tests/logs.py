"""Logs for tests: written as a child writes them, read by a pump of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping

from logs_app.capture import open_output
from logs_app.kept_lines import KeptLines
from logs_app.pump import Pump


def print_as_child(source: str, data: bytes) -> None:
    descriptor = open_output(source)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def llama(text: str, level: str = "I") -> bytes:
    return f"0.00.001.695 {level} srv  {text}\n".encode()


class Pumping:
    """A pump with nobody who watches, and the rows that it keeps."""

    def __init__(self, children: Mapping[int, str] | None = None) -> None:
        self.kept = KeptLines()
        self.pump = Pump(
            self.kept, lambda *frame: None, lambda topic: False, lambda source: children or {}
        )

    def run(self) -> None:
        """Until nothing is left to be read, and all rows are written."""
        while self.pump.step():
            pass
        while self.kept.write():
            pass
        self.pump.close()


def pumped(source: str, data: bytes) -> None:
    print_as_child(source, data)
    Pumping().run()
