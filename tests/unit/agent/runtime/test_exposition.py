import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from agent.runtime import exposition
from agent.runtime.exposition import Texts, registry, text
from service.metric import Distribution, Metric, Sample

GAUGE = Metric("ott_test_level", "gauge", 'With "quotes", a \\ and\na second line.', ("b", "a"))
COUNTER = Metric("ott_test_total", "counter", "Events.")
UNTYPED = Metric("ott_test_thing", "untyped", "A thing.", ("a",))
HISTOGRAM = Metric("ott_test_duration_seconds", "histogram", "Durations.", ("service",))
BUCKETS = Distribution((("0.5", 3), ("+Inf", 4)), 2.5)


def test_the_text_of_each_type() -> None:
    samples = [
        GAUGE.sample(1.5, "x", 'say "\\"\n'),
        COUNTER.sample(7),
        UNTYPED.sample(math.inf, "y"),
        HISTOGRAM.sample(BUCKETS, "ott"),  # type: ignore[arg-type]
        GAUGE.sample(math.nan, "late", "z"),
    ]
    lines = text(registry(lambda: samples)).decode().splitlines()
    assert lines[: lines.index("# HELP ott_agent_build_info 1, labelled with the agent's version.")] == [
        '# HELP ott_test_level With "quotes", a \\\\ and\\na second line.',
        "# TYPE ott_test_level gauge",
        'ott_test_level{a="say \\"\\\\\\"\\n",b="x"} 1.5',
        'ott_test_level{a="z",b="late"} NaN',
        "# HELP ott_test_total Events.",
        "# TYPE ott_test_total counter",
        "ott_test_total 7",
        "# HELP ott_test_thing A thing.",
        "# TYPE ott_test_thing untyped",
        'ott_test_thing{a="y"} +Inf',
        "# HELP ott_test_duration_seconds Durations.",
        "# TYPE ott_test_duration_seconds histogram",
        'ott_test_duration_seconds_bucket{le="0.5",service="ott"} 3',
        'ott_test_duration_seconds_bucket{le="+Inf",service="ott"} 4',
        'ott_test_duration_seconds_count{service="ott"} 4',
        'ott_test_duration_seconds_sum{service="ott"} 2.5',
    ]


LABEL = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=8)
VALUE = st.one_of(st.floats(), st.integers(-(2**53), 2**53))
SAMPLES = st.lists(
    st.one_of(
        st.builds(GAUGE.sample, VALUE, LABEL, LABEL),
        st.builds(UNTYPED.sample, VALUE, LABEL),
        st.just(HISTOGRAM.sample(BUCKETS, "ott")),  # type: ignore[arg-type]
    ),
    max_size=6,
)


def ours(exposed: bytes) -> list[str]:
    return [
        repr((sample.name, sample.labels, float(sample.value)))
        for family in text_string_to_metric_families(exposed.decode())
        for sample in family.samples
        if sample.name.startswith("ott_test_")
    ]


@given(SAMPLES)
def test_it_says_what_prometheus_client_would_say(samples: list[Sample]) -> None:
    source = registry(lambda: samples)
    assert ours(text(source)) == ours(text(source)) == ours(generate_latest(source))


def test_names_that_are_no_text_stay_apart_and_cost_nobody_else_a_figure() -> None:
    names = ("a\ud800", os.fsdecode(b"a\xff"), os.fsdecode(b"a\xfe"), "b")
    lines = text(registry(lambda: [UNTYPED.sample(1, name) for name in names])).decode().splitlines()
    labels = next(family.samples for family in text_string_to_metric_families("\n".join(lines[:6]) + "\n"))
    assert [sample.labels["a"] for sample in labels] == [r"a\ud800", r"a\udcff", r"a\udcfe", "b"]


def test_kept_texts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposition, "MOST_KEPT", 10)
    texts = Texts()
    for number in range(100):
        lines = texts.of(UNTYPED, [UNTYPED.sample(number, str(number))]).splitlines()
        assert lines[-1] == f'ott_test_thing{{a="{number}"}} {number}'
        assert sum(len(kept) for kept in vars(texts)["_kept"].values()) <= 11
