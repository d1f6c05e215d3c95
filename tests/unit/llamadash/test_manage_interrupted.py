from __future__ import annotations

import pytest

import manage


def test_an_interrupt_is_one_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("django.core.management.execute_from_command_line", interrupted)
    with pytest.raises(SystemExit) as caught:
        manage.main()
    assert (caught.value.code, capsys.readouterr().err) == (1, "Interrupted.\n")
