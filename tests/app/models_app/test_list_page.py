from __future__ import annotations

import re

import pytest
from django.test import Client

from models_app.memory import capacity
from models_app.models import LlamaModel, ScanRun
from tests.devices import FakeDevice
from tests.factories import GIB, make_model, make_root

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def page(client: Client, address: str = "/models/") -> str:
    return client.get(address).content.decode()


def names(html: str) -> list[str]:
    return re.findall(r'<a class="name" href="[^"]+">([^<]+)</a>', html)


def test_a_row_says_what_matters(admin_client: Client) -> None:
    model = make_model("Llama 3.1 8B", size_bytes=4_920_738_976)
    html = page(admin_client)
    assert f'<a class="name" href="/models/{model.pk}/">Llama 3.1 8B</a>' in html
    for text in ("Q4_K_M", "4.9", "8.0B", "4.6 GiB", "131,072", "chat", "tools"):
        assert text in html, text


def test_what_is_not_known_is_a_dash_with_the_reason(admin_client: Client) -> None:
    make_model("dark", weights_bytes=None, parameters=None, bits_per_weight=None)
    html = page(admin_client)
    assert "The file does not state what an estimate needs" in html
    assert 'title="not known">-</td>' in html


def test_the_first_page_has_fifty_rows_and_leads_to_the_rest(admin_client: Client) -> None:
    for n in range(60):
        make_model(f"model {n:02}", files=False)
    html = page(admin_client)
    assert names(html) == [f"model {n:02}" for n in range(50)]
    assert "60 of 60" in html
    following = re.search(r'rel="next" href="(\?[^"]+)"', html)
    assert following is not None
    second = page(admin_client, f"/models/{following[1].replace('&amp;', '&')}")
    assert names(second) == [f"model {n:02}" for n in range(50, 60)]
    assert 'rel="prev"' in second and 'rel="next"' not in second


def test_filters_narrow_and_say_of_how_many(admin_client: Client) -> None:
    make_model("a", architecture="qwen3", files=False)
    make_model("b", files=False)
    html = page(admin_client, "/models/?arch=qwen3")
    assert names(html) == ["a"]
    assert "1 of 2" in html
    assert '<a class="btn q" href="/models/">Clear</a>' in html


def test_a_wrong_filter_is_named_and_ignored(admin_client: Client) -> None:
    make_model("a", files=False)
    html = page(admin_client, "/models/?kind=poem")
    assert names(html) == ["a"]
    assert "kind: must be one of" in html


def test_a_sorted_head_says_so(admin_client: Client) -> None:
    make_model("small", size_bytes=GIB, files=False)
    make_model("big", size_bytes=9 * GIB, files=False)
    html = page(admin_client, "/models/?sort=-size")
    assert names(html) == ["big", "small"]
    head = re.search(r"<th[^>]*aria-sort=[^>]*>.*?</th>", html)
    assert head is not None
    assert 'aria-sort="descending"' in head[0] and 'value="size"' in head[0]


def test_htmx_gets_the_rows_only_and_a_clean_address(admin_client: Client) -> None:
    make_model("a", files=False)
    response = admin_client.get("/models/?q=a&arch=&kind=&sort=name", headers=HTMX)
    html = response.content.decode()
    assert html.startswith('<section id="list"')
    assert "<html" not in html
    assert response.headers["HX-Push-Url"] == "/models/?q=a"
    assert "HX-Request" in response.headers["Vary"]


def test_going_back_gets_the_whole_page(admin_client: Client) -> None:
    headers = {**HTMX, "HX-History-Restore-Request": "true"}
    assert "<html" in admin_client.get("/models/?q=a", headers=headers).content.decode()


@pytest.mark.parametrize(
    ("address", "says", "leads_to"),
    [
        ("/models/?q=nothing", "No model matches", '/models/">Clear the filters'),
        ("/models/?arch=none", "No model matches", '/models/">Clear the filters'),
    ],
)
def test_no_match_offers_to_clear(
    admin_client: Client, address: str, says: str, leads_to: str
) -> None:
    make_model("a", files=False)
    html = page(admin_client, address)
    assert says in html and leads_to in html


def test_without_a_folder_one_can_be_added(admin_client: Client) -> None:
    html = page(admin_client)
    assert "No folder is scanned yet" in html
    assert 'href="/models/folders/">Add a folder' in html


def test_an_empty_folder_is_said_to_be_empty(admin_client: Client) -> None:
    make_root()
    assert "No model was found" in page(admin_client)


def test_only_hidden_models_are_said_to_be_hidden(admin_client: Client) -> None:
    make_model("a", hidden=True, files=False)
    html = page(admin_client)
    assert "All models are hidden" in html
    assert names(page(admin_client, "/models/?hidden=1")) == ["a"]


def test_a_star_marks_and_unmarks(admin_client: Client) -> None:
    model = make_model("a", files=False)
    response = admin_client.post(
        "/models/favourites/", {"favourite": f"{model.pk}:1", "next": "/models/?q=a"}
    )
    assert response.headers["Location"] == "/models/?q=a"
    html = admin_client.post(
        "/models/favourites/", {"favourite": f"{model.pk}:0"}, headers=HTMX
    ).content.decode()
    assert 'aria-pressed="false"' in html and f'value="{model.pk}:1"' in html
    assert not LlamaModel.objects.get().favourite


@pytest.mark.parametrize("value", ["", "1", "x:1", "1:2", "9" * 30 + ":1", "1:1:1"])
def test_a_damaged_star_is_not_found(admin_client: Client, value: str) -> None:
    assert admin_client.post("/models/favourites/", {"favourite": value}).status_code == 404


def test_the_way_back_never_leads_elsewhere(admin_client: Client) -> None:
    model = make_model("a", files=False)
    data = {"favourite": f"{model.pk}:1", "next": "https://elsewhere.example/"}
    assert admin_client.post("/models/favourites/", data).headers["Location"] == "/models/"


def test_the_list_shows_a_change_at_once(admin_client: Client) -> None:
    model = make_model("before", files=False)
    assert names(page(admin_client)) == ["before"]
    admin_client.post(f"/models/{model.pk}/change/", {"hidden": "on"})
    assert names(page(admin_client)) == []


def test_where_a_model_fits_is_said_and_can_be_asked_for(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus = [FakeDevice("g0", "gpu", 24 * GIB), FakeDevice("g1", "gpu", 24 * GIB)]
    monkeypatch.setattr(capacity, "_source", lambda: [FakeDevice("ram", "ram", 64 * GIB), *gpus])
    for name, weights in (("one", 10), ("two", 30), ("some", 60), ("none", 200)):
        make_model(name, weights_bytes=weights * GIB, files=False)
    html = page(admin_client)
    for words in ("one GPU", "both GPUs", "GPUs + RAM", "too big"):
        assert f">{words}</td>" in html
    for place, name in (("gpu", "one"), ("gpus", "two"), ("ram", "some"), ("no", "none")):
        assert names(page(admin_client, f"/models/?fits={place}")) == [name]


def test_an_open_scan_is_shown_and_polled(admin_client: Client) -> None:
    make_root()
    ScanRun.objects.create(state="running", n_to_read=9, n_read=4, current="/srv/<b>x</b>")
    html = page(admin_client)
    assert "4 of 9 files" in html and "Cancel scan" in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert 'hx-trigger="load delay:1s"' in html


def test_polling_ends_with_the_scan_and_has_the_list_read_again(admin_client: Client) -> None:
    make_root()
    run = ScanRun.objects.create(state="running")
    assert "HX-Trigger" not in admin_client.get("/models/scan/bar/", headers=HTMX).headers
    ScanRun.objects.filter(pk=run.pk).update(state="done", n_added=3, n_missing=1)
    response = admin_client.get("/models/scan/bar/", headers=HTMX)
    html = response.content.decode()
    assert response.headers["HX-Trigger"] == "registry-changed"
    assert "load delay" not in html
    assert "3 new, 1 missing" in html


def test_hostile_names_stay_text(admin_client: Client) -> None:
    make_model("<script>alert(1)</script>\"'><img src=x onerror=alert(1)>", files=False)
    html = page(admin_client)
    assert "<script>alert" not in html and "<img" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
