import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.subscribers.http import Api, Read, parse
from agent.sources.subscribers.settings import SubscribersSettings
from service.setting_types import HttpUrl

URL = HttpUrl("http://127.0.0.1/api")


def settings(subscribers: str = "", online: str = "") -> SubscribersSettings:
    return SubscribersSettings("ott", url=URL, subscribers_path=subscribers, online_path=online)


def figures(text: str, subscribers: str = "", online: str = "") -> dict[tuple[str, ...], object]:
    found = parse(Read(text, settings(subscribers, online)))
    return {(sample.metric.name, *sample.labels): sample.value for sample in found}


ANSWER = json.dumps(
    {"totals": {"active": 41, "closed": 2}, "rows": [{"s": "active", "n": "41"}], "now": {"watching": 17}}
)


def test_an_object_of_statuses_and_a_number() -> None:
    assert figures(ANSWER, "totals", "now.watching") == {
        ("ott_subscribers", "ott", "active"): 41,
        ("ott_subscribers", "ott", "closed"): 2,
        ("ott_subscribers_online", "ott"): 17,
    }


def test_a_list_of_pairs() -> None:
    assert figures(ANSWER, "rows[].[s, n]") == {("ott_subscribers", "ott", "active"): 41}


@pytest.mark.parametrize(
    ("text", "subscribers", "online", "reason"),
    [
        ("<html></html>", "totals", "", "not whole JSON"),
        (ANSWER[:40], "totals", "", "not whole JSON"),
        ("", "totals", "", "not whole JSON"),
        ("[" * 100_000, "totals", "", "nested too deeply"),
        ("[" + "1," * 600_000 + "1]", "totals", "", "more than 500000 values"),
        (ANSWER, "total", "", "gives neither an object nor a list"),
        (ANSWER, "rows", "", "gives neither an object nor a list"),
        (ANSWER, "", "now", "is not a count"),
        (ANSWER, "", "now.watchers", "is not a count"),
        ('{"on": true}', "", "on", "is not a count"),
        ('{"on": 1e999}', "", "on", "is not a count"),
        (ANSWER, "", "length(now.watching)", "length"),
        ('{"on": "no access"}', "", "length(on)", "something there is missing or of another type"),
        ('{"on": "41.000"}', "", "on", "'41.000' is not a count"),
        ('{"on": "4_1"}', "", "on", "'4_1' is not a count"),
        ('{"on": "٤١"}', "", "on", "is not a count"),
        ('{"on": 4294967295}', "", "on", "'4294967295' is not a count"),
        ('{"on": 1, "on": 2}', "", "on", "has the name 'on' twice, with different values"),
        ('{"rows": [{"n": 1}, {}]}', "", "sum(map(&n, rows))", "something there is missing or of another type"),
    ],
)
def test_an_answer_that_makes_no_sense(text: str, subscribers: str, online: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        figures(text, subscribers, online)


@pytest.mark.parametrize(
    ("text", "online", "count"),
    [
        ('{"on": [{}, {}]}', "length(on)", 2),
        ('{"on": {"a": {}, "b": {}, "c": {}}}', "length(on)", 3),  # PHP writes a list so whose numbers have gaps
        ('{"on": "41.00"}', "on", 41),
        ('{"on": " 41"}', "on", 41),
    ],
)
def test_counts_as_apis_write_them(text: str, online: str, count: int) -> None:
    assert figures(text, online=online) == {("ott_subscribers_online", "ott"): count}


def test_an_expression_is_checked_at_the_start() -> None:
    with pytest.raises(ValueError, match=r"online_path = 'a\.\.b' is not JMESPath"):
        Api(URL, settings(online="a..b"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=12,
)


@given(st.one_of(st.text(max_size=30), JSON.map(json.dumps)), st.sampled_from(["@", "a", "a[].[b, c]", "values(@)"]))
def test_any_answer_gives_samples_or_a_value_error(text: str, path: str) -> None:
    try:
        found = figures(text, path, path)
    except ValueError:
        return
    assert all(isinstance(value, float) for value in found.values())


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "give either database, or url"),
        ({"url": URL}, "give subscribers_path, online_path or both"),
        ({"url": URL, "online_path": "a", "database": "sqlite:///x"}, "give either database, or url"),
        ({"url": URL, "online_path": "a", "preset": "generic"}, "belong to a database"),
        ({"database": "sqlite:///x", "online_path": "a"}, "belong to a url"),
    ],
)
def test_settings_that_contradict_themselves(arguments: dict[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        SubscribersSettings("ott", **arguments)  # type: ignore[arg-type]
