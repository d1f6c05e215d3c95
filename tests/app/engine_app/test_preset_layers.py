"""What a model is started with: layers of options, each over the one before."""

from __future__ import annotations

import pytest
from django.conf import LazySettings

from engine_app.preset_editing import change, create, global_defaults
from engine_app.presets import effective_options
from models_app.models import LlamaModel
from models_app.options import MEMORY_CONTEXT
from tests.factories import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> LlamaModel:
    return make_model("Coder")


def test_alone_a_model_starts_with_what_its_file_implies(model: LlamaModel) -> None:
    found = effective_options(model, None)
    assert found.options == {"ctx-size": MEMORY_CONTEXT.get()}
    assert found.origin == {"ctx-size": "llamadash"}


@pytest.mark.parametrize(
    ("kind", "option"), [("embedding", "embeddings"), ("reranker", "reranking")]
)
def test_a_model_that_does_not_chat_serves_what_it_is_for(kind: str, option: str) -> None:
    found = effective_options(make_model(kind=kind, context_length=512), None)
    assert found.options == {"ctx-size": 512, option: True}


def test_each_layer_lies_over_the_one_before_and_says_where_a_value_is_from(
    model: LlamaModel,
) -> None:
    change(global_defaults().pk, {"options": {"ctx-size": 1024, "parallel": 1, "temp": 0.1}})
    own = {"ctx-size": 2048, "parallel": 2}
    create({"name": "own", "llama_model": model, "is_default": True, "options": own})
    named = create({"name": "named", "llama_model": model, "options": {"ctx-size": 4096}})
    found = effective_options(model, named)
    assert found.options == {"ctx-size": 4096, "parallel": 2, "temp": 0.1}
    assert found.origin == {"ctx-size": "preset", "parallel": "model", "temp": "defaults"}
    assert effective_options(model, None).options["ctx-size"] == 2048


def test_an_option_that_is_no_longer_listed_is_not_passed_on(
    model: LlamaModel, settings: LazySettings
) -> None:
    settings.ALLOW_FLAGS = ["override-tensor"]
    preset = create({"name": "moe", "options": {"override-tensor": "exps=CPU"}})
    assert effective_options(model, preset).options["override-tensor"] == "exps=CPU"
    settings.ALLOW_FLAGS = []
    assert "override-tensor" not in effective_options(model, preset).options
