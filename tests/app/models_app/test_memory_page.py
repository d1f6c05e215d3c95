from __future__ import annotations

import re
import shlex
from html import unescape

import pytest
from django.test import Client

from models_app.memory import capacity
from models_app.models import LlamaModel
from settings_app.options import OPTIONS
from tests.devices import FakeDevice
from tests.factories import GIB, make_file, make_model, summary

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 GiB of RAM and two GPUs of 24 GiB, the first nearly full."""
    devices = [
        FakeDevice("ram", "ram", 64 * GIB, 50 * GIB),
        FakeDevice("a", "gpu", 24 * GIB, 2 * GIB),
        FakeDevice("b", "gpu", 24 * GIB, 20 * GIB),
    ]
    monkeypatch.setattr(capacity, "_source", lambda: devices)


@pytest.fixture
def ram_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "_source", lambda: [FakeDevice("ram", "ram", 16 * GIB, 8 * GIB)])


@pytest.fixture
def model() -> LlamaModel:
    return make_model("Llama 3.1 8B")


def page(client: Client, model: LlamaModel, query: str = "") -> str:
    response = client.get(f"/models/{model.pk}/{query}")
    assert response.status_code == 200
    return response.content.decode()


def verdict(html: str) -> str:
    found = re.search(r'<h2 id="h-v">([^<]*)</h2>', html)
    assert found is not None
    return found[1]


@pytest.mark.usefixtures("gpus")
def test_the_emptiest_gpu_that_has_room_is_proposed(
    admin_client: Client, model: LlamaModel
) -> None:
    html = page(admin_client, model)
    assert verdict(html) == "Yes, on GPU 1 and RAM"
    assert '<option value="b" selected>GPU 1</option>' in html
    assert 'name="gpu_layers" value="33"' in html


@pytest.mark.usefixtures("gpus")
def test_a_full_gpu_is_said_to_be_short_by_how_much(
    admin_client: Client, model: LlamaModel
) -> None:
    html = page(admin_client, model, "?device=a")
    assert re.fullmatch(r"No: \d\.\d GiB short on GPU 0", verdict(html))
    assert "It would fit if nothing else were on GPU 0." in html


@pytest.mark.usefixtures("gpus")
def test_too_big_weights_are_told_from_a_too_big_context(
    admin_client: Client, model: LlamaModel
) -> None:
    context = page(admin_client, model, "?device=b&ctx=200000")
    assert "Only the context is too big" in context
    assert "The weights are too big" not in context
    weights = page(admin_client, make_model("huge", size_bytes=40 * GIB), "?device=b")
    assert "The weights are too big for GPU 1, where 20.0 GiB are free" in weights
    assert "Only the context" not in weights
    assert re.search(r"\d+ of 33 layers fit; the rest goes to RAM", weights)


@pytest.mark.usefixtures("gpus")
def test_the_largest_context_fits_and_more_does_not(
    admin_client: Client, model: LlamaModel
) -> None:
    html = page(admin_client, model, "?device=b&parallel=1")
    found = re.search(r"The largest context that fits is <b>([\d,]+)</b>", html)
    assert found is not None
    largest = int(found[1].replace(",", ""))
    assert verdict(page(admin_client, model, f"?device=b&ctx={largest}")).startswith("Yes")
    assert verdict(page(admin_client, model, f"?device=b&ctx={largest + 512}")).startswith("No")


@pytest.mark.usefixtures("gpus")
def test_some_layers_go_to_the_gpu_and_the_rest_to_ram(
    admin_client: Client, model: LlamaModel
) -> None:
    html = page(admin_client, model, "?device=b&gpu_layers=20")
    assert "weights and KV cache of 20 layers" in html
    assert "the rest of weights and KV cache" in html
    assert html.count('class="mem bare"') == 2


@pytest.mark.usefixtures("ram_only")
def test_without_a_gpu_nothing_asks_for_layers(admin_client: Client, model: LlamaModel) -> None:
    html = page(admin_client, model)
    assert verdict(html) == "Yes, on RAM"
    assert 'name="gpu_layers"' not in html and 'name="device"' not in html


@pytest.mark.usefixtures("ram_only")
def test_the_known_cache_size_is_shown_exactly(admin_client: Client, model: LlamaModel) -> None:
    html = page(admin_client, model, "?ctx=8192")
    assert f'<data value="{GIB}" title="1,073,741,824 bytes">1.0 GiB</data>' in html
    assert "8,192 \N{MULTIPLICATION SIGN} 128.0 KiB, f16" in html
    smaller = page(admin_client, model, "?ctx=8192&cache_k=q8_0&cache_v=q8_0")
    assert "544.0 MiB</data>" in smaller


@pytest.mark.usefixtures("ram_only")
def test_numbers_may_be_written_with_separators(admin_client: Client, model: LlamaModel) -> None:
    html = page(admin_client, model, "?ctx=16,384&parallel=2")
    assert 'name="ctx" value="16,384"' in html
    assert "8,192 tokens each" in html


@pytest.mark.usefixtures("ram_only")
@pytest.mark.parametrize(
    "query", ["ctx=abc", "ctx=0", "parallel=257", "cache_k=f8", "device=tpu", "ctx=" + "9" * 5000]
)
def test_a_wrong_value_is_refused_beside_its_field(
    admin_client: Client, model: LlamaModel, query: str
) -> None:
    response = admin_client.get(f"/models/{model.pk}/?{query}")
    assert response.status_code == 422
    assert "Some values cannot be used" in response.content.decode()


@pytest.mark.usefixtures("ram_only")
def test_htmx_gets_the_answer_and_the_hints(admin_client: Client, model: LlamaModel) -> None:
    response = admin_client.get(f"/models/{model.pk}/?ctx=4096&parallel=2", headers=HTMX)
    html = response.content.decode()
    assert html.startswith('<div id="fit">')
    assert '<small id="parallel-hint" hx-swap-oob="true">2,048 tokens each</small>' in html


@pytest.mark.usefixtures("ram_only")
def test_parts_add_up_to_the_total(admin_client: Client, model: LlamaModel) -> None:
    html = page(admin_client, model)
    table = html[html.index('<table class="need">') :]
    values = [int(value) for value in re.findall(r'<data value="(\d+)"', table)]
    assert sum(values[:3]) == values[3]


@pytest.mark.usefixtures("ram_only")
def test_an_exotic_architecture_is_a_lower_bound(admin_client: Client) -> None:
    model = make_model("exotic", files=False, architecture="minimax-m3")
    metadata = {
        "general.architecture": "minimax-m3",
        "minimax-m3.block_count": 32,
        "minimax-m3.context_length": 8192,
        "minimax-m3.embedding_length": 4096,
        "minimax-m3.attention.head_count": 32,
        "minimax-m3.attention.head_count_kv": 8,
        "minimax-m3.feed_forward_length": 14_336,
        "minimax-m3.vocab_size": 1000,
    }
    make_file(model, metadata=metadata)
    html = page(admin_client, model)
    assert verdict(html).startswith("Perhaps, on RAM: it needs at least")
    assert "at least <b" in html


@pytest.mark.usefixtures("ram_only")
def test_shards_count_together(admin_client: Client) -> None:
    model = make_model("split", files=False)
    for n in (1, 2):
        make_file(
            model,
            path=model.path if n == 1 else "/srv/part-2.gguf",
            shard_number=n,
            shard_count=2,
            tensors=summary(2 * GIB).to_json(),
        )
    assert f'title="{2 * summary(2 * GIB).nbytes:,} bytes">4.0 GiB</data>' in page(
        admin_client, model
    )


@pytest.mark.usefixtures("ram_only")
@pytest.mark.parametrize(
    ("file", "says"),
    [
        ({"tensors": None}, "no tensor list"),
        ({"tensors": {"format": 99}}, "scan the model again"),
        ({"metadata": {}}, "does not name its architecture"),
    ],
)
def test_why_there_is_no_estimate_is_said(
    admin_client: Client, file: dict[str, object], says: str
) -> None:
    model = make_model("dark", files=False)
    make_file(model, **file)
    html = page(admin_client, model)
    assert "Not known" in html and says in html


@pytest.mark.usefixtures("ram_only")
def test_a_vocabulary_is_said_not_to_be_run(admin_client: Client) -> None:
    model = make_model("vocab", kind="vocabulary", files=False)
    make_file(model, tensors=None)
    assert "A vocabulary holds no weights" in page(admin_client, model)


@pytest.mark.usefixtures("ram_only")
def test_the_margin_is_the_operators(admin_client: Client, model: LlamaModel) -> None:
    OPTIONS["memory.margin_mib"].set(4096)
    assert verdict(page(admin_client, model)).startswith("No: ")


def test_without_any_device_nothing_is_claimed(
    admin_client: Client, model: LlamaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "_source", None)
    assert "no device is known to put it on" in page(admin_client, model)


def test_a_device_that_hides_its_free_memory_is_not_known(
    admin_client: Client, model: LlamaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "_source", lambda: [FakeDevice("ram", "ram", 16 * GIB)])
    assert verdict(page(admin_client, model)) == "Not known: RAM does not say how much is free"


@pytest.mark.usefixtures("ram_only")
def test_an_emptied_field_says_what_counts_instead(admin_client: Client, model: LlamaModel) -> None:
    html = admin_client.get(f"/models/{model.pk}/?ctx=&parallel=2", headers=HTMX).content.decode()
    hint = '<small id="ctx-hint" hx-swap-oob="true">left empty: 8,192 counts</small>'
    assert hint in html
    assert 'name="ctx" value="8,192" placeholder="8,192"' in page(admin_client, model)


@pytest.mark.usefixtures("ram_only")
def test_the_command_for_these_options_is_shown_and_can_be_copied(admin_client: Client) -> None:
    model = make_model("a", path="/srv/it's here/$(x) a.gguf")
    html = unescape(page(admin_client, model, "?ctx=4096&parallel=2&cache_k=q8_0&cache_v=q8_0"))
    found = re.search('<pre class="cmd[^>]*>(.*)</pre>', html)
    assert found is not None
    assert shlex.split(found[1]) == [
        "llama-server", "-m", "/srv/it's here/$(x) a.gguf", "--ctx-size", "4096",
        "--parallel", "2", "--cache-type-k", "q8_0", "--cache-type-v", "q8_0",
        "--n-gpu-layers", "0",
    ]  # fmt: skip
    assert f'data-copy="{found[1]}"' in html
