from __future__ import annotations

from models_app.scan.scan_display import bar, progress_display
from models_app.scan.scan_progress import Progress


class Terminal:
    def __init__(self, *, is_terminal: bool) -> None:
        self.text = ""
        self.is_terminal = is_terminal

    def write(self, msg: str, *, ending: str = "\n") -> None:
        self.text += msg + ending

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return self.is_terminal


def test_the_bar_is_as_long_as_what_is_read() -> None:
    assert bar(Progress(9, 10, 5, "")) == f"[{'#' * 15}{'.' * 15}] 9 files found, 5 of 10 read"
    assert bar(Progress(0, 0, 0, "")).startswith(f"[{'.' * 30}]")


def test_a_terminal_gets_a_bar_that_is_wiped_at_the_end() -> None:
    terminal = Terminal(is_terminal=True)
    with progress_display(terminal) as display:
        display(Progress(1, 1, 1, "/a\x1b[31m"))
    assert "\r" in terminal.text and terminal.text.endswith("\r\x1b[K")
    assert "31m" not in terminal.text


def test_elsewhere_a_quick_scan_says_nothing() -> None:
    log = Terminal(is_terminal=False)
    with progress_display(log) as display:
        display(Progress(1, 1, 1, ""))
    assert log.text == ""
