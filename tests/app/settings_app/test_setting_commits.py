"""A change counts once it is committed, in every thread and process, and never if it is not."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test import Client

from models_app.models import LlamaModel, ScanRun
from models_app.options import MEMORY_CONTEXT, SCAN_INTERVAL
from models_app.scan import context_change
from settings_app import diagnostics, options
from settings_app.diagnostics import LOG_LEVELS
from settings_app.models import Setting
from tests.factories import make_model

pytestmark = pytest.mark.django_db(transaction=True)


class Undone(Exception):
    pass


def in_another_thread() -> int:
    def read() -> int:
        try:
            return SCAN_INTERVAL.get()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(read).result()


def test_a_change_that_is_rolled_back_was_never_in_force() -> None:
    with pytest.raises(Undone), transaction.atomic():
        SCAN_INTERVAL.set(5)
        LOG_LEVELS.set({"some.logger": "DEBUG"})
        assert SCAN_INTERVAL.get() == 5
        raise Undone
    assert SCAN_INTERVAL.get() == 60
    assert logging.getLogger("some.logger").level == logging.NOTSET


def test_others_see_a_change_once_it_is_committed_and_not_before() -> None:
    with transaction.atomic():
        SCAN_INTERVAL.set(5)
        assert in_another_thread() == 60  # and keeps what it read in the cache
    assert in_another_thread() == 5
    assert SCAN_INTERVAL.get() == 5


def test_what_was_read_before_a_change_is_not_kept_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = options._read

    def overtaken() -> dict[str, object]:
        found = read()
        options.forget()  # another thread commits between our reading and our keeping
        return found

    monkeypatch.setattr(options, "_read", overtaken)
    SCAN_INTERVAL.get()
    monkeypatch.setattr(options, "_read", read)
    Setting.objects.create(key="scan.interval_minutes", value=7)
    assert SCAN_INTERVAL.get() == 7


def test_a_level_set_by_another_process_arrives_with_the_next_request(client: Client) -> None:
    Setting.objects.create(key="logging.levels", value={"some.logger": "ERROR"})
    options.forget()  # five seconds later
    client.get("/healthz")
    assert logging.getLogger("some.logger").level == logging.ERROR
    LOG_LEVELS.set({})
    assert logging.getLogger("some.logger").level == logging.NOTSET


def test_a_process_that_follows_begins_with_what_is_stored() -> None:
    Setting.objects.create(key="logging.levels", value={"some.logger": "ERROR"})
    options.forget()
    with diagnostics.followed():
        assert logging.getLogger("some.logger").level == logging.ERROR
    LOG_LEVELS.set({})


def test_a_new_context_of_estimates_shows_in_lists_at_once() -> None:
    model = make_model()
    MEMORY_CONTEXT.set(16_384)
    changed = LlamaModel.objects.get(pk=model.pk)
    assert changed.memory_context == 16_384
    assert changed.cache_bytes == 2 * (model.cache_bytes or 0)


def test_a_large_registry_is_left_to_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_change, "REFRESHED_AT_ONCE", 0)
    make_model()
    MEMORY_CONTEXT.set(16_384)
    assert LlamaModel.objects.get().memory_context == 8192
    assert ScanRun.objects.queued().exists()


def test_the_page_tells_what_was_changed_from_its_default(admin_client: Client) -> None:
    SCAN_INTERVAL.set(30)
    html = admin_client.get("/settings/scanning/").content.decode()
    assert "Changed from the default 60 minutes" in html
    assert html.count("Changed from the default") == 1
