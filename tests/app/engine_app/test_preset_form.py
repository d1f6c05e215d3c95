"""The form of a preset and what it leads to."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from engine_app.models import EngineBinary, Preset
from engine_app.preset_editing import change, create, global_defaults
from models_app.memory import capacity
from tests.devices import FakeDevice
from tests.factories import GIB, make_model

pytestmark = pytest.mark.django_db
HELP = """-c,    --ctx-size N                     size of the prompt <context> (default: 0)
--swa-full                              use full-size SWA cache (default: false)
--temp N                                temperature (default: 0.80)
"""


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [
        FakeDevice("gpu-0", "gpu", 24 * GIB, 20 * GIB),
        FakeDevice("ram", "ram", 64 * GIB, 60 * GIB),
    ]
    monkeypatch.setattr(capacity, "_source", lambda: devices)


@pytest.fixture
def engine() -> EngineBinary:
    return EngineBinary.objects.create(
        key="a" * 32, program=["/bin/x"], help_text=HELP, devices=[{"name": "CUDA0"}],
        probed_at=datetime(2026, 1, 1, tzinfo=UTC), version="1",
    )  # fmt: skip


def post(client: Client, address: str, **fields: Any) -> Any:
    return client.post(address, {k.replace("__", "."): v for k, v in fields.items()})


def field(page: str, name: str) -> str:
    """The input or select of an option, with its hint."""
    found = re.search(rf'<div class="field"><label for="o-{name}">.*?</div>', page, re.S)
    assert found, name
    return found.group()


def test_what_is_typed_is_saved(admin_client: Client) -> None:
    model = make_model()
    answer = post(
        admin_client, "/presets/new/", name="mine", model=model.pk, o__temp="0.7",
        **{"o.ctx-size": "16,384", "o.swa-full": "on"},
        o__parallel="", more="-fa on", notes="for me",
    )  # fmt: skip
    preset = Preset.objects.get(name="mine")
    assert answer["Location"] == f"/presets/{preset.pk}/"
    wanted = {"ctx-size": 16_384, "swa-full": True, "flash-attn": "on", "temp": 0.7}
    assert preset.options == wanted
    assert (preset.llama_model, preset.notes) == (model, "for me")


def test_what_is_wrong_stays_typed_with_the_reason_beside_it(admin_client: Client) -> None:
    answer = post(
        admin_client, "/presets/new/", name="", o__temp="hot", more="--tools all -m /etc/passwd",
        model="77",
    )  # fmt: skip
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="hot"' in field(page, "temp") and "Give a number" in field(page, "temp")
    assert "run programs" in page and "follow from the registry" in page
    assert "There is no such model" in page
    assert not Preset.objects.named().exists()


def test_an_option_set_twice_to_different_values_is_refused(admin_client: Client) -> None:
    answer = post(admin_client, "/presets/new/", name="x", o__temp="0.5", more="--temp 0.7")
    assert answer.status_code == 422
    assert "temp is set to something else above" in answer.content.decode()


def test_the_form_shows_what_is_stored_and_what_would_count_otherwise(
    admin_client: Client, engine: EngineBinary
) -> None:
    change(global_defaults().pk, {"options": {"temp": 0.1}})
    preset = create({"name": "x", "options": {"ctx-size": 65_536}})
    page = admin_client.get(f"/presets/{preset.pk}/").content.decode()
    assert 'value="65,536"' in field(page, "ctx-size")
    assert 'placeholder="0.1, from the defaults"' in field(page, "temp")
    assert "(false)" in field(page, "swa-full")


def test_the_help_is_the_engines_own_escaped(admin_client: Client, engine: EngineBinary) -> None:
    page = admin_client.get("/presets/new/").content.decode()
    assert "size of the prompt &lt;context&gt;" in field(page, "ctx-size")
    assert 'id="o-top-k"' not in page  # this engine does not have it


def test_an_option_the_engine_does_not_know_is_shown_and_marked(
    admin_client: Client, engine: EngineBinary
) -> None:
    preset = create({"name": "x", "options": {"top-k": 20}})
    page = admin_client.get(f"/presets/{preset.pk}/").content.decode()
    assert "does not know --top-k" in field(page, "top-k")
    assert "would not start" in page


def test_a_permitted_flag_has_its_place_in_more_arguments(
    admin_client: Client, settings: LazySettings
) -> None:
    settings.ALLOW_FLAGS = ["ot"]
    post(admin_client, "/presets/new/", name="x", more="-ot 'a b=CPU'")
    preset = Preset.objects.get(name="x")
    assert preset.options == {"override-tensor": "a b=CPU"}
    page = admin_client.get(f"/presets/{preset.pk}/").content.decode()
    assert "--override-tensor &#x27;a b=CPU&#x27;" in page


def test_the_defaults_keep_their_name_whatever_is_sent(admin_client: Client) -> None:
    defaults = global_defaults()
    post(admin_client, f"/presets/{defaults.pk}/", name="other", model="", o__threads="4")
    defaults.refresh_from_db()
    assert (defaults.name, defaults.is_default, defaults.options) == ("*", True, {"threads": 4})


@pytest.mark.parametrize("template", ["chat", "code", "long-context", "low-memory", "embedding"])
def test_a_template_fills_the_form_in(admin_client: Client, template: str) -> None:
    model = make_model("Llama")
    query = {"model": str(model.pk), "template": template}
    page = admin_client.get("/presets/new/", query).content.decode()
    assert f"Llama {template.replace('-', ' ')}" in page
    assert re.search(r'value="[\d,]+"', field(page, "ctx-size"))


def test_without_scripts_a_button_computes_and_saves_nothing(admin_client: Client) -> None:
    answer = post(admin_client, "/presets/new/", name="x", action="show", o__threads="3")
    assert answer.status_code == 200
    assert "<i>--threads</i> 3" in answer.content.decode()
    assert not Preset.objects.named().exists()


def preview(client: Client, **query: Any) -> str:
    answer = client.get("/presets/preview/", {k.replace("__", "."): v for k, v in query.items()})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_preview_shows_command_and_memory(admin_client: Client, engine: EngineBinary) -> None:
    model = make_model("Llama")
    found = preview(admin_client, model=model.pk, o__temp="0.5", **{"o.ctx-size": "8192"})
    assert "Yes, on GPU 0" in found
    assert "<i>--ctx-size</i> 8192" in found and "<i>--port</i> PORT" in found
    larger = preview(admin_client, model=model.pk, **{"o.ctx-size": "1,000,000"})
    assert "short on GPU 0" in larger
    assert "Yes, on RAM" not in larger


def test_the_preview_says_what_is_wrong(admin_client: Client, engine: EngineBinary) -> None:
    found = preview(admin_client, o__temp="hot", **{"o.top-k": "20"})
    assert "Temperature: Give a number" in found
    assert "This llama-server does not know --top-k" in found
    off = preview(admin_client, **{"o.flash-attn": "off", "o.cache-type-v": "q8_0"})
    assert "needs flash attention" in off


def test_the_preview_of_the_defaults_is_not_laid_over_themselves(admin_client: Client) -> None:
    change(global_defaults().pk, {"options": {"threads": 9}})
    assert "--threads" not in preview(admin_client, preset=global_defaults().pk)
    assert "<i>--threads</i> 9" in preview(admin_client)
