from __future__ import annotations

import time

import pytest
from django.contrib.auth.models import User
from django.test import Client

from settings_app.models import RetentionPolicy
from settings_app.retention import Limit, limit_of, policies
from tests.figures import DAY, MEMORY, MIDNIGHT, samples

pytestmark = pytest.mark.django_db
PAGE = "/settings/data/"
HTMX = {"HX-Request": "true"}
KEYS = ("samples", "minutes", "quarters", "hours", "days")


def form(**changes: str) -> dict[str, str]:
    """What the page sends when nothing is changed, but for `samples_age` and the like."""
    found: dict[str, str] = {}
    for key, days in zip(KEYS, (2, 14, 90, 730, 3_652), strict=True):
        found |= {
            f"metrics.{key}.age": str(days),
            f"metrics.{key}.unit": "days",
            f"metrics.{key}.rows": "",
        }
    found |= {"logs.lines.age": "90", "logs.lines.unit": "days", "logs.lines.rows": "200000"}
    found |= {
        "requests.records.age": "30",
        "requests.records.unit": "days",
        "requests.records.rows": "1000000",
    }
    for name, value in changes.items():
        key, part = name.split("_")
        found[f"metrics.{key}.{part}"] = value
    return found


def limits() -> dict[str, Limit]:
    return {policy.key: limit_of(policy) for policy, _ in policies()}


def test_it_shows_what_is_kept_and_what_there_is(admin_client: Client) -> None:
    now = int(time.time()) // 10 * 10
    samples(range(now - 3_600, now, 10))
    html = admin_client.get(PAGE).content.decode()
    assert "<h1>Settings</h1>" in html and "Figures, every 15 minutes" in html
    assert "Holds about 360 rows, 1" in html and "since <time" in html
    assert "Default 48 hours." in html and "Default 14 days." in html
    assert html.count("Holds nothing yet.") == len(policies()) - 1


def test_an_age_and_a_number_of_rows_are_saved(admin_client: Client, admin_user: User) -> None:
    changes = {"samples_age": "36", "samples_unit": "hours", "minutes_rows": "5000000"}
    assert admin_client.post(PAGE, form(**changes))["Location"] == PAGE
    assert limits()["metrics.samples"] == Limit(36 * 3_600)
    assert limits()["metrics.minutes"] == Limit(14 * DAY, 5_000_000)
    assert RetentionPolicy.objects.get(key="metrics.samples").updated_by == admin_user


def test_no_age_is_allowed_where_rows_are_limited(admin_client: Client) -> None:
    admin_client.post(PAGE, form(hours_age="", hours_rows="1,000,000"))
    assert limits()["metrics.hours"] == Limit(None, 1_000_000)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"samples_age": ""}, "Give an age or a number of rows"),
        ({"samples_age": "<b>1"}, "Give a whole number: 6 hours to 20 years."),
        ({"samples_age": "5", "samples_unit": "hours"}, "6 hours to 20 years"),
        ({"samples_unit": "weeks"}, "Give the age in hours or days."),
        ({"samples_unit": ""}, "Give the age in hours or days."),
        ({"hours_age": "1"}, "48 hours to 20 years"),
        ({"days_age": "1"}, "48 hours to 20 years"),
        ({"days_age": "9999"}, "48 hours to 20 years"),
        ({"days_age": "-3"}, "48 hours to 20 years"),
        ({"minutes_rows": "10"}, "1,000 at least, or nothing"),
        ({"minutes_rows": "lots"}, "1,000 at least, or nothing"),
        ({"minutes_rows": "9" * 15}, "1,000 at least, or nothing"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_saved(
    admin_client: Client, changes: dict[str, str], words: str
) -> None:
    before = limits()
    answer = admin_client.post(PAGE, form(quarters_age="30", **changes))
    html = answer.content.decode()
    assert answer.status_code == 422 and words in html
    assert 'aria-invalid="true"' in html and "<b>1" not in html
    assert limits() == before


def test_so_few_rows_that_coarser_figures_would_have_gaps_are_refused(
    admin_client: Client,
) -> None:
    samples([MIDNIGHT])
    assert "2,160 at least" in admin_client.post(PAGE, form(samples_rows="2000")).content.decode()
    assert admin_client.post(PAGE, form(samples_rows="2160")).status_code == 302
    samples([MIDNIGHT], MEMORY)  # what was allowed before does not stand in the way
    assert admin_client.post(PAGE, form(samples_rows="2160", hours_age="9")).status_code == 302


def test_what_was_typed_stays_in_its_field(admin_client: Client) -> None:
    html = admin_client.post(PAGE, form(samples_age="<b>1")).content.decode()
    assert 'value="&lt;b&gt;1"' in html


def test_htmx_gets_the_section_alone(admin_client: Client) -> None:
    answer = admin_client.post(PAGE, form(), headers=HTMX)
    html = answer.content.decode()
    assert html.lstrip().startswith('<section class="sec form" id="section"')
    assert "<html" not in html and "Data: saved." in html


def test_back_to_the_defaults(admin_client: Client) -> None:
    admin_client.post(PAGE, form(samples_age="30"))
    admin_client.post(PAGE, {"action": "defaults"})
    assert limits()["metrics.samples"] == Limit(2 * DAY)


def test_who_may_only_look_sees_it_and_changes_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("viewer"))
    html = client.get(PAGE).content.decode()
    assert ">Save<" not in html and html.count(" disabled") == 3 * len(policies())
    assert client.post(PAGE, form(samples_age="30")).status_code == 403
    assert limits()["metrics.samples"] == Limit(2 * DAY)
