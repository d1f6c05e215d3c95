from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from agent_app.doctor.finding import Finding, fail, note, ok
from models_app import roots
from models_app.models import ModelRoot

NAME: Final = "model folders"


def check() -> Iterator[Finding]:
    found = list(ModelRoot.objects.enabled())
    if not found:
        words = "None is known, so there are no models."
        yield note(NAME, words, "manage.py scan_models /path/to/models, or Settings, Scanning.")
        return
    n_readable = 0
    for root in found:
        if problem := roots.unusable(root.path):
            words = (
                "Its models are shown as missing after a scan. Remove it in Settings, Scanning, "
            )
            yield fail(NAME, problem, f"{words}when it is gone for good.")
        else:
            n_readable += 1
    if n_readable:
        yield ok(NAME, f"{n_readable} of {len(found)} can be read")
