"""Killed while it records or prunes, a program leaves whole intervals and true roll-ups."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fakes.migrated import migrated
from tests.fakes.serving import CHECKOUT, wait_until
from tests.figures import MIDNIGHT

SERIES: Final = 20
ROUNDS: Final = 4
# An hour in a second or two, so that every tier but the day closes buckets again and again.
RECORDS: Final = f"""
import django; django.setup()
from django.db import connection
from metrics_app.core.metric import Metric
from metrics_app.ends import newest_at
from metrics_app.recording import Recorder
from metrics_app.sampled import Sampled
from metrics_app.tiers import SAMPLES
metrics = [Metric("host", "cpu_ratio", "ratio", str(n)) for n in range({SERIES})]
recorder = Recorder()
assert recorder.start()
at = (newest_at(SAMPLES) or {MIDNIGHT} - 10) + 10
while True:
    recorder.add(Sampled(at + 0.5, 1.0, dict.fromkeys(metrics, float(at % 60))))
    if recorder.is_due:
        assert recorder.write(), recorder.last_error
    at += 5
"""
REPAIRS: Final = """
import django; django.setup()
from metrics_app.recording import Recorder
assert Recorder().start()
"""
PRUNES: Final = """
import django; django.setup()
from metrics_app.ends import newest_at
from metrics_app.retention import KINDS
from metrics_app.tiers import SAMPLES
from settings_app.retention import Limit
for n in KINDS[0].prune(Limit(max_age_seconds=60), float(newest_at(SAMPLES))):
    print(n, flush=True)
"""
INTERVAL_SIZES: Final = """
SELECT group_concat(DISTINCT n) FROM (SELECT count(*) AS n FROM metrics_app_sample GROUP BY at)
"""
# Roll-ups that do not say what their samples say: seconds, smallest, largest.
UNTRUE: Final = """
SELECT count(*) FROM metrics_app_rollup AS r WHERE (n, "min", "max") IS NOT (
    SELECT sum(s.n), min(s."min"), max(s."max") FROM metrics_app_sample AS s
    WHERE s.series_id = r.series_id AND s.at >= r.at AND s.at < r.at + r.resolution)
"""
# Minutes that are over and have no roll-up.
MISSING: Final = """
SELECT count(*) FROM (SELECT DISTINCT series_id, at / 60 * 60 AS minute FROM metrics_app_sample)
AS m WHERE minute + 60 <= (SELECT max(at) + 10 FROM metrics_app_sample) AND NOT EXISTS (
    SELECT 1 FROM metrics_app_rollup AS r
    WHERE r.series_id = m.series_id AND r.resolution = 60 AND r.at = minute)
"""


class Installation:
    def __init__(self, folder: Path) -> None:
        self.file = migrated(folder) / "llamadash.sqlite3"
        kept = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        ours = {"LLAMADASH_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "llamadash.settings"}
        self.environment = {**kept, **ours}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> None:
        process = self.start(*arguments)
        process.communicate(timeout=60)
        assert process.returncode == 0

    def ask(self, sql: str) -> Any:
        with closing(sqlite3.connect(self.file, timeout=10)) as database:
            return database.execute(sql).fetchone()[0]

    def n_samples(self) -> int:
        return int(self.ask("SELECT count(*) FROM metrics_app_sample"))


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    yield Installation(tmp_path)


def record_and_kill(installation: Installation, more: int, delay_seconds: float) -> None:
    process = installation.start("-c", RECORDS)
    try:
        least = installation.n_samples() + more
        wait_until(
            lambda: installation.n_samples() >= least or process.poll() is not None, "samples"
        )
        time.sleep(delay_seconds)  # somewhere else within a transaction each round
    finally:
        process.kill()
        process.communicate()
    assert process.returncode < 0  # it had not ended by itself


def test_a_kill_leaves_whole_intervals_and_the_next_start_true_rollups(
    installation: Installation,
) -> None:
    for number in range(ROUNDS):
        record_and_kill(installation, 2_000, number * 0.0037)
        assert installation.ask("PRAGMA integrity_check") == "ok"
        assert installation.ask(INTERVAL_SIZES) == str(SERIES)
        assert installation.ask(UNTRUE) == 0
    installation.run("-c", REPAIRS)
    assert installation.ask(MISSING) == installation.ask(UNTRUE) == 0
    assert installation.n_samples() >= ROUNDS * 2_000


def test_a_killed_prune_is_completed_by_the_next(installation: Installation) -> None:
    record_and_kill(installation, 20_000, 0.0)
    before = installation.n_samples()
    process = installation.start("-c", PRUNES)
    assert process.stdout is not None
    try:
        first = int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()
    assert 0 < first <= before - installation.n_samples()
    assert installation.ask("PRAGMA integrity_check") == "ok"
    installation.run("-c", PRUNES)
    assert installation.n_samples() <= 8 * SERIES
    assert installation.ask("SELECT count(*) FROM metrics_app_rollup WHERE resolution = 60") > 0
