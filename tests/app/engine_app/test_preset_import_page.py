"""Importing presets by pasting or from a file, and exporting them, in the browser."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from engine_app.models import Preset
from engine_app.preset_editing import create
from tests.factories import make_model

pytestmark = pytest.mark.django_db
INI = "[mine]\r\ntemp = 0.5\r\ntools = <b>all</b>\r\n"


def test_what_is_pasted_is_shown_before_it_is_saved(admin_client: Client) -> None:
    answer = admin_client.post("/presets/import/", {"text": INI})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "1 preset to import" in page and "run programs" in page
    assert not Preset.objects.named().exists()
    admin_client.post("/presets/import/", {"text": INI, "action": "import"})
    assert Preset.objects.get(name="mine").options == {"temp": 0.5}


def test_a_file_is_read_like_a_pasted_text(admin_client: Client) -> None:
    file = SimpleUploadedFile("x.ini", INI.encode())
    page = admin_client.post("/presets/import/", {"file": file, "text": ""}).content.decode()
    assert "1 preset to import" in page
    assert "[mine]" in page  # goes along with the button that imports it


def test_a_pasted_command_gets_the_name_that_is_given(admin_client: Client) -> None:
    text = "llama-server -c 4096 --host 0.0.0.0"
    data = {"text": text, "name": "mine", "action": "import"}
    admin_client.post("/presets/import/", data)
    assert Preset.objects.get(name="mine").options == {"ctx-size": 4096}


@pytest.mark.parametrize(
    "content",
    [b"", b"hello <script>", b"\xff\xfe", b"x" * 300_000],
    ids=["no", "other", "bytes", "large"],
)
def test_what_cannot_be_read_is_said(admin_client: Client, content: bytes) -> None:
    file = SimpleUploadedFile("x", content) if content else ""
    answer = admin_client.post("/presets/import/", {"file": file, "text": ""})
    assert answer.status_code == 422
    assert "not read" in answer.content.decode()


def test_exports_are_downloads(admin_client: Client) -> None:
    create({"name": "mine", "llama_model": make_model(), "options": {"temp": 0.5}})
    create({"name": "any"})
    ini = admin_client.get("/presets/export/ini/")
    assert ini["Content-Disposition"] == 'attachment; filename="models.ini"'
    assert "[mine]" in ini.content.decode() and "; left out any: It is" in ini.content.decode()
    found = json.loads(admin_client.get("/presets/export/json/").content)
    assert [each["name"] for each in found] == ["*", "any", "mine"]
    assert admin_client.get("/presets/export/csv/").status_code == 404


def test_what_was_not_shown_is_not_done(admin_client: Client) -> None:
    page = admin_client.post("/presets/import/", {"text": INI}).content.decode()
    shown = page.partition('name="shown" value="')[2].partition('"')[0]
    create({"name": "mine", "options": {"threads": 4}})
    data = {"text": INI, "action": "import", "shown": shown}
    answer = admin_client.post("/presets/import/", data)
    assert answer.status_code == 409
    assert "look at them again" in answer.content.decode()
    assert Preset.objects.get(name="mine").options == {"threads": 4}
