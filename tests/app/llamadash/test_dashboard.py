from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from llamadash.dashboard import views
from metrics_app.core.metric import Metric
from metrics_app.devices import Device
from metrics_app.hour import hour
from models_app.models import LlamaModel
from tests.factories import make_model, make_root
from tests.fakes.measured import GIB, HOST, gpu, measured
from tests.figures import sampled

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_folder() -> None:
    """Without one, staff are led to the setup."""
    make_root()


def home(client: Client) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def tiles(html: str) -> dict[str, str]:
    """Title to the text of its big figure."""
    figs = html.split('<dl class="figs')[1].split("</dl>")[0]
    found = re.findall(r'<dt><a href="[^"]+">([^<]+)</a></dt><dd>(.*?)</dd>', figs)
    return {title: re.sub(r"<[^>]+>", "", text).strip() for title, text in found}


def test_how_long_the_machine_and_the_program_have_been_up_stays_current(
    admin_client: Client,
) -> None:
    values: dict[Metric, float | None] = {
        Metric("host", "uptime_seconds", "seconds"): 4_800.0,
        Metric("self", "uptime_seconds", "seconds"): 61.0,
    }
    hour.add(sampled(time.time(), values))
    (sub,) = re.findall(r'<p class="sub">(?:no |\d+ )GPU.*?</p>', home(admin_client))
    assert 'key="host/uptime_seconds" format="duration"' in sub
    words = re.sub(r"<[^>]+>", "", sub)
    assert words.endswith("GPU · machine up 1 h 20 min · llamadash up 1 min 01 s")


def test_the_first_paint_carries_real_figures(admin_client: Client) -> None:
    make_model(size_bytes=5 * GIB)
    with measured(HOST):
        found = tiles(home(admin_client))
    assert found["CPU"] == "23 %"
    assert found["RAM used"] == "15.1 GiB"
    assert found["Network received"] == "12.3 MiB/s"
    assert found["Models"] == "1"
    assert found["Free for data"].endswith("B")


def test_what_nobody_knows_is_a_dash_with_its_reason(admin_client: Client) -> None:
    html = home(admin_client)
    assert tiles(html)["CPU"] == "-"
    assert 'title="no figure of it in the last minute"' in html
    assert "No figures of the last minute" in html


def test_an_unknown_figure_beside_known_ones_is_a_dash(admin_client: Client) -> None:
    with measured({**HOST, Metric("host", "cpu_ratio", "ratio"): None}):
        found = tiles(home(admin_client))
    assert (found["CPU"], found["RAM used"]) == ("-", "15.1 GiB")


def test_old_figures_are_marked_with_their_age(admin_client: Client) -> None:
    with measured(HOST, ago=40):
        html = home(admin_client)
    assert 'class="figs old"' in html
    assert re.search(r"as of <time [^>]+data-ago>4\d s ago</time>", html)


def test_fresh_figures_are_not(admin_client: Client) -> None:
    with measured(HOST):
        html = home(admin_client)
    assert "figs old" not in html and "as of" not in html


def test_the_server_draws_the_last_five_minutes(admin_client: Client) -> None:
    with measured(HOST, seconds=320):
        html = home(admin_client)
    spark = html.split('<live-spark topic="host" key="host/cpu_ratio"')[1].split("</live-spark>")[0]
    values = re.search(r'data-values="([^"]+)"', spark)
    assert values is not None and len(values[1].split(",")) in (60, 61)
    assert re.search(r'<path d="M0\.0 3\.0 [\d. ]+"/>', spark)


def test_a_figure_leads_to_its_chart(admin_client: Client) -> None:
    with measured(HOST):
        assert '<a href="/monitoring/#chart-cpu">CPU</a>' in home(admin_client)
        assert 'id="chart-cpu"' in admin_client.get("/monitoring/").content.decode()


def test_each_gpu_has_its_figures(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    card = Device("a", "gpu", "GeForce", 24 * GIB, None, None)
    ram = Device("ram", "ram", "System memory", 125 * GIB, 110 * GIB, 15 * GIB)
    monkeypatch.setattr(views, "read_devices", lambda: [ram, card])
    with measured({**HOST, **gpu("a")}):
        html = home(admin_client)
    assert tiles(html)["GPU 0 busy"] == "88 %"
    assert 'key="gpu/temperature_celsius/a" format="celsius"' in html
    assert "No GPU found" not in html
    assert '<rect class="other" id="used-gpu-0" y="4" width="91.25%" height="26"/>' in html


def test_without_a_gpu_there_is_no_zero_but_a_question(
    admin_client: Client, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "why_no_gpu", lambda: "No GPU found: nothing was there.")
    monkeypatch.setattr(views, "read_devices", lambda: [])
    html = home(admin_client)
    assert "GPU 0" not in html.split("<main")[1]
    assert 'No GPU found - <a href="/system/#h-devices">why?</a>' in html
    client.force_login(User.objects.create_user("viewer"))
    assert "No GPU found</span>" in home(client)


def test_the_newest_models_are_at_hand_and_vocabularies_are_not(admin_client: Client) -> None:
    make_model("Old", first_seen_at=timezone.now() - timedelta(days=9))
    make_model("New")
    make_model("Words", kind="vocabulary")
    html = home(admin_client).split('id="h-models">Newest models')[1]
    assert html.index("New</a>") < html.index("Old</a>")
    assert "Words" not in html


def test_models_that_were_used_come_first(admin_client: Client) -> None:
    make_model("Unused")
    used = make_model("Used")
    LlamaModel.objects.filter(pk=used.pk).update(last_used_at=timezone.now())
    html = home(admin_client).split('id="h-models">Used last')[1]
    assert "Used</a>" in html and "Unused" not in html


def test_hostile_names_are_text(admin_client: Client) -> None:
    make_model("<script>alert(1)</script>")
    assert "<script>alert" not in home(admin_client)


def test_the_dashboard_is_the_current_page(admin_client: Client) -> None:
    html = home(admin_client)
    assert '<a href="/" aria-current="page" data-go="d">Dashboard</a>' in html
    assert html.count("<h1") == 1
