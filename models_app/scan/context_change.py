"""What follows when an operator changes the context for which lists show memory."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from models_app.models import LlamaModel
from models_app.scan import memory_columns, scan_requests

REFRESHED_AT_ONCE: Final = 500  # models: measured 0.7 s; more is left to a scan


def context_changed(context_tokens: int) -> None:
    """Lists show figures for the new context at once, or as soon as a scan has been over them."""
    if LlamaModel.objects.exclude(memory_context=None).count() <= REFRESHED_AT_ONCE:
        memory_columns.refresh_memory(context_tokens)
        return
    with suppress(scan_requests.ScanBusy, scan_requests.NothingToScan):
        scan_requests.request_scan()
