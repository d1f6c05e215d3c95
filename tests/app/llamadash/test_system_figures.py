"""The figures' part of the system page, and of the diagnostics file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from django.test import Client

from metrics_app.core.clock import Clock, Tick
from metrics_app.core.metric import Metric
from metrics_app.sampler import sampler

pytestmark = pytest.mark.django_db


class Broken:
    """A source whose driver is out of order."""

    name = "broken <b>sensor</b>"
    topics = ("host",)
    seconds = unwatched_seconds = 1.0

    def read(self, tick: Tick) -> Mapping[Metric, float | None]:
        raise OSError("<script>no such bus</script>")


@pytest.fixture
def broken() -> Iterator[None]:
    sampler.add(Broken())
    sampler._readings[Broken.name].run(Clock().tick())
    yield
    sampler.remove(Broken.name)


def test_a_failing_source_is_named_with_its_error_as_text(
    admin_client: Client, broken: None
) -> None:
    page = admin_client.get("/system/").content.decode()
    assert "OSError: &lt;script&gt;no such bus&lt;/script&gt;" in page
    assert "failed" in page


def test_a_process_without_an_agent_says_where_they_are_read(admin_client: Client) -> None:
    assert "They are read in the agent" in admin_client.get("/system/").content.decode()


def test_the_diagnostics_hold_sources_and_hub(admin_client: Client, broken: None) -> None:
    figures = admin_client.get("/api/system/").json()["figures"]
    assert figures["sources"][0]["n_errors"] == 1
    assert figures["hub"]["clients"] == 0
    assert figures["rows_dropped"] == 0
