from __future__ import annotations

import pytest

from models_app.core.cleaning import MAX_LINE, MAX_TEMPLATE
from models_app.core.facts import MAX_TAG, MAX_TAGS, BaseModel, Facts, derive
from models_app.core.gguf import Value
from models_app.core.tensors import TensorSummary
from tests.fakes.headers import array_of, decoder_header, header_of, texts_of


def facts_of(**values: Value) -> Facts:
    return derive(decoder_header(**values), TensorSummary())


def template(text: str) -> Facts:
    return facts_of(tokenizer__chat_template=text)


def test_nul_and_control_characters_never_reach_storage() -> None:
    name = facts_of(general__name="a\0b\nc\x1b[31m\ud800").name
    assert name == "a\ufffdb\ufffdc\ufffd[31m\ufffd"


def test_line_breaks_stay_in_a_template_but_nul_does_not() -> None:
    assert template("a\n\0b").chat_template == "a\n\ufffdb"


def test_a_long_name_is_cut() -> None:
    assert len(facts_of(general__name="x" * 10_000).name or "") == MAX_LINE


def test_an_empty_text_is_unknown() -> None:
    facts = facts_of(general__name="", general__author="  \n")
    assert facts.name is None
    assert facts.author is None


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "//x", "data:,x"])
def test_only_web_links_are_kept(link: str) -> None:
    assert facts_of(general__license__link=link).licence_link is None


def test_the_licence_has_id_name_and_link() -> None:
    facts = facts_of(
        general__license="other",
        general__license__name="Gemma",
        general__license__link="https://example.org/terms",
    )
    assert facts.licence_id == "other"
    assert facts.licence_name == "Gemma"
    assert facts.licence_link == "https://example.org/terms"


def test_tags_are_few_short_and_each_named_once() -> None:
    tags = facts_of(general__tags=texts_of("chat", "chat", "", "x" * 500)).tags
    assert tags == ("chat", "x" * MAX_TAG)
    many = texts_of(*(f"t{i}" for i in range(64)))
    assert len(facts_of(general__tags=many).tags) == MAX_TAGS


def test_tags_of_another_type_are_left_out() -> None:
    assert facts_of(general__tags=array_of([1, 2])).tags == ()
    assert facts_of(general__tags="chat").tags == ()


def test_base_models_are_listed_and_their_number_is_bounded() -> None:
    values: dict[str, Value] = {
        "general.base_model.count": (1 << 63) - 1,
        "general.base_model.0.name": "Qwen3 8B",
        "general.base_model.0.organization": "Qwen",
        "general.base_model.0.repo_url": "https://example.org/q",
    }
    found = derive(header_of(values), TensorSummary()).base_models
    assert found == (BaseModel("Qwen3 8B", "Qwen", "https://example.org/q"),)


def test_a_long_template_is_cut_and_says_so() -> None:
    facts = template("x" * (MAX_TEMPLATE + 1))
    assert len(facts.chat_template or "") == MAX_TEMPLATE
    assert facts.chat_template_cut
    assert not template("short").chat_template_cut


def test_the_template_named_default_serves_where_there_is_no_plain_one() -> None:
    facts = facts_of(**{"tokenizer.chat_template.default": "{{ x }}"})
    assert facts.chat_template == "{{ x }}"
    assert facts.capabilities.template


def test_a_name_cannot_turn_the_direction_of_what_is_read() -> None:
    assert facts_of(general__name="abc\u202efgh").name == "abc\ufffdfgh"
