from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_app.core.exposition import Family, Sample, render

NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", fullmatch=True)
LABELS = st.dictionaries(
    st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True),
    # Lone surrogates cannot be written as UTF-8; a test of its own looks at them.
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\"\n\r,={}n')),
    max_size=4,
)
SAMPLES = st.builds(Sample, st.floats(), LABELS, st.sampled_from(["", "_bucket", "_sum"]))
FAMILIES = st.lists(
    st.builds(
        Family,
        NAMES,
        st.sampled_from(["counter", "gauge", "histogram", "summary", "untyped"]),
        st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\\\n")),
        st.lists(SAMPLES, max_size=5),
    ),
    unique_by=lambda family: family.name,
    max_size=4,
)
ESCAPES = {r"\\": "\\", r"\n": "\n", r"\"": '"'}
LABEL = re.compile(r'([^=]+)="((?:[^"\\]|\\.)*)"(?:,|$)')


def unescaped(text: str) -> str:
    return re.sub(r"\\.", lambda match: ESCAPES[match[0]], text)


def parsed(answer: bytes) -> list[Family]:
    """What a scraper understands."""
    families: list[Family] = []
    for line in answer.decode().split("\n")[:-1]:
        mark, _, rest = line.partition(" ")
        if line.startswith("# HELP "):
            name, _, text = rest.removeprefix("HELP ").partition(" ")
            families.append(Family(name, "untyped", unescaped(text)))
        elif line.startswith("# TYPE "):
            families[-1].type = line.rpartition(" ")[2]  # type: ignore[assignment]
        else:
            assert mark != "#"
            families[-1].samples.append(sample(line, families[-1].name))
    return families


def sample(line: str, family: str) -> Sample:
    head, _, value = line.rpartition(" ")
    name, _, labels = head.partition("{")
    pairs = LABEL.findall(labels.removesuffix("}"))
    suffix = name.removeprefix(family)
    return Sample(float(value), {k: unescaped(v) for k, v in pairs}, suffix)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=50)
@given(FAMILIES)
def test_what_is_written_is_what_a_scraper_reads(families: list[Family]) -> None:
    # As text: not a number is unequal to itself.
    assert repr([*map(by_label, parsed(render(families)))]) == repr([*map(by_label, families)])


def by_label(family: Family) -> Family:
    samples = [Sample(v, dict(sorted(labels.items())), end) for v, labels, end in family.samples]
    return Family(family.name, family.type, family.help, samples)


def one_line(value: float | None, **labels: str) -> str:
    family = Family("x", "gauge", "Help.")
    family.add(value, **labels)
    return render([family]).decode().partition("# TYPE x gauge\n")[2]


def test_a_family_starts_with_its_help_and_type() -> None:
    assert render([Family("up", "gauge", "a \\ b\nc")]) == (
        b"# HELP up a \\\\ b\\nc\n# TYPE up gauge\n"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (0.25, "0.25"),
        (True, "1"),
        (24_000_000_000, "24000000000"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_a_value_is_written_as_prometheus_spells_it(value: float, text: str) -> None:
    assert one_line(value) == f"x {text}\n"


def test_labels_come_in_order_of_their_names() -> None:
    assert one_line(1, b="2", a="1") == one_line(1, a="1", b="2") == 'x{a="1",b="2"} 1\n'


def test_an_unknown_value_has_no_line() -> None:
    assert one_line(None) == ""


def test_a_name_that_is_no_utf8_costs_only_its_own_letters() -> None:
    assert one_line(1, file="a\udcff.gguf") == 'x{file="a?.gguf"} 1\n'


@pytest.mark.parametrize("name", ["", "1x", "a-b", "a b", "a\n"])
def test_a_name_that_prometheus_refuses_is_refused_here(name: str) -> None:
    with pytest.raises(ValueError, match="no metric name"):
        Family(name, "gauge", "")
    with pytest.raises(ValueError, match="no label name"):
        one_line(1, **{name: ""})


def test_the_same_family_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="x comes twice"):
        render([Family("x", "gauge", ""), Family("x", "gauge", "")])
