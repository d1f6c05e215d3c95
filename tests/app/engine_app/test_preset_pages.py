"""The list of presets, copying, deleting, comparing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from engine_app.models import Preset
from engine_app.preset_editing import change, create, global_defaults
from tests.factories import make_model

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>"


def text(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_presets_the_page_says_what_they_are_for(admin_client: Client) -> None:
    page = text(admin_client, "/presets/")
    assert "No preset yet" in page
    assert "the engine's own defaults count" in page


def test_the_list_shows_what_each_holds(admin_client: Client) -> None:
    change(global_defaults().pk, {"options": {"threads": 4}})
    options = {"ctx-size": 65_536, "parallel": 4, "temp": 0.2, "top-k": 20, "seed": 1}
    create({"name": "coder", "llama_model": make_model("Qwen"), "options": options})
    page = text(admin_client, "/presets/")
    assert "Threads 4" in page
    assert "Context 65,536 · Slots 4 · Temperature 0.2 · Top k 20 · and 1 more" in page
    assert "Qwen" in page


def test_the_filter_looks_in_names_models_and_notes(admin_client: Client) -> None:
    create({"name": "one", "notes": "for the night"})
    create({"name": "two", "llama_model": make_model("Nightly")})
    create({"name": "three"})
    page = text(admin_client, "/presets/", q="night")
    assert "one" in page and "two" in page and "three" not in page
    assert "No preset matches" in text(admin_client, "/presets/", q="zzz\0")


def test_many_presets_are_turned_by_page(admin_client: Client) -> None:
    Preset.objects.bulk_create(Preset(name=f"p{n:03}") for n in range(60))
    assert "p059" not in text(admin_client, "/presets/")
    second = text(admin_client, "/presets/", page="2", q="p")
    assert "p059" in second and "?q=p&amp;page=1" in second


def test_names_from_anywhere_are_escaped(admin_client: Client) -> None:
    preset = Preset.objects.create(name=HOSTILE, notes=HOSTILE, options={"x\"'>": HOSTILE})
    make_model(HOSTILE)
    for address in ("/presets/", f"/presets/{preset.pk}/", f"/presets/{preset.pk}/compare/"):
        assert "<img" not in text(admin_client, address)


def test_a_copy_opens_at_once(admin_client: Client) -> None:
    preset = create({"name": "one", "options": {"temp": 0.5}})
    answer = admin_client.post(f"/presets/{preset.pk}/copy/")
    copy = Preset.objects.get(name="one 2")
    assert answer["Location"] == f"/presets/{copy.pk}/"
    assert copy.options == {"temp": 0.5}


def test_a_deleted_preset_is_gone_and_the_defaults_stay(admin_client: Client) -> None:
    preset, defaults = create({"name": "one"}), global_defaults()
    admin_client.post(f"/presets/{preset.pk}/delete/")
    answer = admin_client.post(f"/presets/{defaults.pk}/delete/", follow=True)
    assert "cannot be deleted" in answer.content.decode()
    assert list(Preset.objects.all()) == [defaults]


def test_two_presets_are_compared_with_what_they_inherit(admin_client: Client) -> None:
    change(global_defaults().pk, {"options": {"threads": 4}})
    model = make_model()
    one = create({"name": "one", "llama_model": model, "options": {"ctx-size": 1024}})
    two = create({"name": "two", "options": {"threads": 8, "ctx-size": 1024}})
    page = text(admin_client, f"/presets/{one.pk}/compare/", **{"with": str(two.pk)})
    assert "1 difference" in page and "1 option equal" in page
    assert "from the defaults" in page
    same = text(admin_client, f"/presets/{one.pk}/compare/", **{"with": str(one.pk)})
    assert "No difference" in same


@pytest.mark.parametrize("other", ["", "x", "-1", "9" * 40, "²"])
def test_comparing_with_nothing_asks_with_what(admin_client: Client, other: str) -> None:
    preset = create({"name": "one"})
    assert "Compare" in text(admin_client, f"/presets/{preset.pk}/compare/", **{"with": other})


def test_who_may_only_look_sees_everything_and_no_buttons(client: Client) -> None:
    preset = create({"name": "one"})
    client.force_login(User.objects.create_user("viewer"))
    for address in ("/presets/", f"/presets/{preset.pk}/"):
        page = text(client, address)
        assert "one" in page
        assert "Save preset" not in page and "Duplicate" not in page and "New preset" not in page
    assert client.get("/presets/new/").status_code == 403
    assert client.get("/presets/import/").status_code == 403
