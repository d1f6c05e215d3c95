"""Names that no database takes: refused one by one, and nothing else with them."""

from __future__ import annotations

import pytest
from django.test import Client

from metrics_app.core.metric import Metric
from metrics_app.models import Series
from metrics_app.query import UnknownSeries, query
from metrics_app.recording import Recorder
from tests.figures import CPU, MIDNIGHT, sampled

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("label", ["\udcff", "a\0b", "x" * 201])
def test_a_name_that_cannot_be_stored_costs_its_own_figure_only(label: str) -> None:
    recorder = Recorder()
    assert recorder.start()
    odd = Metric("engine.1", "x", "count", label)
    for second in (0, 10):
        recorder.add(sampled(MIDNIGHT + second, {odd: 1.0, CPU: 0.5}))
    assert recorder.write()
    assert list(Series.objects.values_list("key", flat=True)) == [CPU.key]


def test_a_series_with_a_nul_is_unknown() -> None:
    with pytest.raises(UnknownSeries):
        query(["host/\0"], MIDNIGHT, MIDNIGHT + 60)


def test_a_source_with_a_nul_has_no_series(admin_client: Client) -> None:
    assert admin_client.get("/api/metrics/series/?source=%00").json() == {"series": []}
