"""The form of a preset and what it leads to."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from engine_app.models import EngineBinary, Preset
from engine_app.preset_editing import change, create, global_defaults
from engine_app.presets import allow_list
from models_app.memory import capacity
from tests.app.engine_app.option_values import rounds
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
    found = preview(
        admin_client, preset="²", model=model.pk, o__temp="0.5", **{"o.ctx-size": "8192"}
    )
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


def as_posted(page: str) -> dict[str, str]:
    """What a browser would send of a form that nobody has touched."""
    form = page[page.index('id="options"') :]
    found = {
        name: html.unescape(value)
        for name, value in re.findall(
            r'<input type="text"[^>]* name="([^"]+)"[^>]* value="([^"]*)"', form
        )
    }
    for name, choices in re.findall(
        r'<select id="[^"]+" name="([^"]+)".*?>(.*?)</select>', form, re.S
    ):
        chosen = re.search(r'value="([^"]*)" selected', choices)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    for name, text in re.findall(
        r'<textarea id="[^"]+" name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S
    ):
        found[name] = html.unescape(text).replace("\n", "\r\n")
    return found


def test_every_option_is_the_same_after_its_form_was_saved_untouched(
    admin_client: Client, settings: LazySettings
) -> None:
    settings.ALLOW_FLAGS = ["override-tensor", "chat-template-kwargs", "props"]
    draft, adapter = make_model("draft"), make_model("tone", kind="adapter")
    make_model("tone 2", kind="adapter")
    model = make_model("Llama")
    for options in rounds(allow_list().flags, draft.pk, adapter.pk):
        preset = create({"name": "x", "llama_model": model, "options": options})
        address = f"/presets/{preset.pk}/"
        posted = as_posted(admin_client.get(address).content.decode())
        answer = admin_client.post(address, posted)
        assert re.findall(r'<span class="err".*?</span>', answer.content.decode()) == []
        assert answer.status_code == 302
        preset.refresh_from_db()
        assert preset.options == options
        preset.delete()


def test_adapters_of_one_name_stay_the_ones_they_are(admin_client: Client) -> None:
    one, two = make_model("tone", kind="adapter"), make_model("tone", kind="adapter")
    odd, number = make_model("a,b", kind="adapter"), make_model(str(one.pk), kind="adapter")
    wanted = f"{one.pk},{two.pk}:0.5,{odd.pk},{number.pk}"
    preset = create({"name": "x", "options": {"lora": wanted}})
    page = admin_client.get(f"/presets/{preset.pk}/").content.decode()
    admin_client.post(f"/presets/{preset.pk}/", as_posted(page))
    preset.refresh_from_db()
    assert preset.options == {"lora": wanted}


def test_what_somebody_else_has_saved_meanwhile_is_not_overwritten(admin_client: Client) -> None:
    preset = create({"name": "x", "options": {"temp": 0.1}})
    address = f"/presets/{preset.pk}/"
    mine = {"name": "x", "o.temp": "0.7", "seen": seen_in(admin_client.get(address))}
    change(preset.pk, {"options": {"temp": 0.3, "threads": 4}})
    answer = admin_client.post(address, mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert re.findall(r'data-u="[^"]*">([^<]*)<', page) == ["not set", "4", "0.7", "0.3"]
    assert 'value="0.7"' in field(page, "temp")
    preset.refresh_from_db()
    assert preset.options == {"threads": 4, "temp": 0.3}
    again = admin_client.post(address, mine | {"seen": seen_in(answer)})
    preset.refresh_from_db()
    assert (again.status_code, preset.options) == (302, {"temp": 0.7})


@pytest.mark.parametrize("seen", ["x", "2026-01-01T00:00:00+00:00"])
def test_a_form_of_another_time_is_not_taken(admin_client: Client, seen: str) -> None:
    preset = create({"name": "x"})
    answer = admin_client.post(f"/presets/{preset.pk}/", {"name": "y", "seen": seen})
    assert answer.status_code == 409


def seen_in(answer: Any) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', answer.content.decode())
    assert found
    return found[1]
