from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from logs_app import application_log, folders, history
from logs_app.application_log import MOST_WAITING, AppLog
from logs_app.core.sources import APP
from tests.logs import Pumping

pytestmark = pytest.mark.django_db
logger = logging.getLogger("models_app.under_test")


@pytest.fixture
def app_log() -> Iterator[AppLog]:
    handler = application_log.start()
    yield handler
    application_log.stop(handler)


def written(handler: AppLog) -> list[tuple[str, str]]:
    application_log.stop(handler)
    Pumping().run()
    return [(line.tag, line.text) for line in history.last(APP, 100)]


def test_this_programs_own_log_is_a_source(app_log: AppLog) -> None:
    logger.warning("%d places could not be read: %s", 3, "a\nb\x1b[2J")
    assert written(app_log) == [
        ("W ", "models_app.under_test: 3 places could not be read: a\ufffdb\ufffd[2J")
    ]


def test_a_traceback_belongs_to_its_line(app_log: AppLog) -> None:
    try:
        raise ValueError("a\nb")
    except ValueError:
        logger.exception("failed")
    tags, texts = zip(*written(app_log), strict=True)
    assert tags[0] == "E " and set(tags[1:]) == {"E+"}
    assert "ValueError: a" in texts[-2]


def test_started_twice_it_writes_once(app_log: AppLog) -> None:
    assert application_log.start() is app_log
    logger.warning("once")
    assert len(written(app_log)) == 1


def test_several_threads_log_at_once_and_no_line_is_lost(app_log: AppLog) -> None:
    def log() -> None:
        for number in range(100):
            logger.warning("line %d", number)

    threads = [threading.Thread(target=log) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    application_log.stop(app_log)
    Pumping().run()
    assert len(history.last(APP, 1000)) == 400


class Unformattable:
    def __str__(self) -> str:
        logger.warning("formatted while formatting")
        raise RuntimeError


@pytest.mark.parametrize("broken", [Unformattable()])
def test_what_cannot_be_formatted_ends_nothing(app_log: AppLog, broken: object) -> None:
    app_log.handle(logging.makeLogRecord({"msg": "x %s", "args": (broken,), "name": "a"}))
    assert app_log.n_dropped == 1


def test_a_disk_that_takes_nothing_stops_nobody_and_the_loss_is_said(app_log: AppLog) -> None:
    folders.top().mkdir(parents=True)
    (folders.top() / APP).write_text("in the way")
    app_log.handle(logging.makeLogRecord({"msg": "lost", "name": "a", "levelname": "INFO"}))
    application_log.stop(app_log)
    (folders.top() / APP).unlink()
    app_log._write()
    Pumping().run()
    assert [line.text for line in history.last(APP, 5)] == [
        "1 lines are missing here: they came too fast or the disk took none"
    ]


def test_more_than_can_be_written_is_dropped_and_counted(app_log: AppLog) -> None:
    application_log.stop(app_log)  # its thread has ended: nothing is taken any more
    for number in range(MOST_WAITING + 7):
        app_log.handle(logging.makeLogRecord({"msg": str(number), "name": "a"}))
    assert app_log.n_dropped == 7
