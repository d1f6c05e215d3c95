from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from models_app.models import ScanRun
from models_app.pages.scan_words import result
from tests.factories import make_root


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"state": "done"}, "nothing changed"),
        ({"state": "done", "n_added": 1200, "n_missing": 2}, "1,200 new, 2 missing"),
        ({"state": "done", "n_updated": 1, "n_errors": 1}, "1 changed, 1 error"),
        ({"state": "done", "errors": [{"kind": "settling"}]}, "1 being written"),
        ({"state": "queued"}, "waits for the agent"),
        ({"state": "failed", "message": "The disk is full."}, "failed: The disk is full."),
        ({"state": "failed"}, "failed"),
        (
            {"state": "cancelled", "n_added": 3},
            "cancelled; what was read is kept: 3 new",
        ),
        ({"state": "interrupted"}, "interrupted: its process ended. Nothing changed"),
    ],
)
def test_a_scan_is_told_in_a_sentence(facts: dict[str, Any], words: str) -> None:
    assert result(ScanRun(**facts)) == words


@pytest.mark.django_db
def test_what_a_scan_could_not_read_is_shown_as_text(admin_client: Client) -> None:
    make_root()
    errors = [
        {"path": "/srv/<b>", "kind": "os_error", "message": "Permission denied"},
        {"path": "/srv/new.gguf", "kind": "settling", "message": "is being written"},
        {"path": "/srv/web.gguf", "kind": "invalid", "message": "is an HTML page"},
    ]
    ScanRun.objects.create(state="done", n_errors=1, errors=errors)
    html = admin_client.get("/models/").content.decode()
    assert "1 place could not be read." in html
    assert "/srv/&lt;b&gt;</span> Permission denied" in html
    assert "is being written" not in html and "is an HTML page" not in html
