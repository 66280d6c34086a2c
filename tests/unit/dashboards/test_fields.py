"""Words, units and names of single fields, in the language of the dashboard."""

import json
from typing import Any

import pytest

from dashboards import panels
from dashboards.boards.busy_hour import TIMES
from dashboards.check import check
from dashboards.context import Local, context
from dashboards.fields import mappings
from dashboards.model import LANGUAGE, Column, Course, Grid, Meaning, Panel, Query, Ranking
from dashboards.sdk import JSONEncoder
from dashboards.units import CLOCK, ENGLISH, PER_SECOND, SECONDS, grafanas
from dashboards.words import Language

SIZE: dict[str, Any] = {"unit": "none", "width": 12, "height": 8}


def built(panel: Panel, language: Language = "ru") -> dict[str, Any]:
    return panels.render(panel, 1, (0, 0), context(language, Local()))


def as_json(meanings: tuple[Meaning, ...], language: Language) -> list[dict[str, Any]]:
    written = json.dumps(mappings(meanings, context(language, Local())), cls=JSONEncoder)
    found: list[dict[str, Any]] = json.loads(written)
    return found


def properties(panel: dict[str, Any], name: str) -> dict[str, Any]:
    overrides = panel["fieldConfig"]["overrides"]
    chosen = [each for each in overrides if each["matcher"]["options"] == name]
    return {entry["id"]: entry["value"] for each in chosen for entry in each["properties"]}


@pytest.mark.parametrize(
    ("unit", "language", "wanted"),
    [
        (SECONDS, "en", "suffix:s"),
        (SECONDS, "ru", "suffix:с"),
        (PER_SECOND, "ru", "count:/с"),
        (CLOCK, "ru", "dthms"),
        ("bps", "ru", "bps"),
    ],
)
def test_a_unit_takes_its_words_from_the_language(unit: str, language: Language, wanted: str) -> None:
    assert grafanas(unit, context(language, Local()).words) == wanted


@pytest.mark.parametrize("unit", sorted(ENGLISH))
def test_a_unit_of_english_words_is_a_fault_and_its_remedy_is_none(unit: str) -> None:
    settings = {"defaults": {"unit": unit}, "overrides": []}
    found = check({"panels": [{"id": 1, "title": "P", "type": "stat", "fieldConfig": settings}]}, {})
    assert [fault for fault in found if f"the unit {unit} with English words; use {ENGLISH[unit]}" in fault]


def test_a_number_below_zero_has_its_word_and_zero_has_another() -> None:
    meanings = (Meaning(0, "no ticket is open", "good"), Meaning(0, "overdue", "critical", below=True))
    single, below = as_json(meanings, "ru")
    assert single["options"]["0"]["text"] == context("ru", Local()).words("no ticket is open")
    assert (below["type"], below["options"]["from"], below["options"]["to"]) == ("range", None, -0.001)
    assert (below["options"]["result"]["text"], below["options"]["result"]["color"]) == ("просрочено", "red")


def test_a_meaning_may_be_an_expression_for_names() -> None:
    (place,) = as_json((Meaning("/^site:(.+)$/", "$1"),), "en")
    shown = (place["type"], place["options"]["pattern"], place["options"]["result"]["text"])
    assert shown == ("regex", "/^site:(.+)$/", "$1")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_name_in_the_language_of_the_reader_is_a_column_and_a_legend(language: Language) -> None:
    columns = (Column("code", "Code"), Column(LANGUAGE, "About"), Column("A", "Times"))
    table = built(Grid(title="What about?", question="", queries=(Query("x"),), columns=columns, **SIZE), language)
    kept, order = table["transformations"]
    assert kept["options"]["include"]["names"] == ["code", language, "Value"]
    assert order["options"]["indexByName"] == {"code": 0, language: 1, "Value": 2}
    bars = Ranking(title="What about?", question="", queries=(Query("x", f"{{{{{LANGUAGE}}}}}"),), above=True, **SIZE)
    drawn = built(bars, language)
    assert drawn["targets"][0]["legendFormat"] == f"{{{{{language}}}}}"
    assert drawn["options"]["namePlacement"] == "top"


def test_a_label_stays_text_and_a_value_a_number() -> None:
    columns = (Column("code", "Code"), Column("A", "Times"), Column("B", "Due", unit="time:DD.MM HH:mm"))
    queries = (Query("x"), Query("y"))
    table = built(Grid(title="What about?", question="", queries=queries, columns=columns, **SIZE))
    assert properties(table, "code")["unit"] == "string"
    assert "unit" not in properties(table, "Value #A")
    assert properties(table, "Value #B")["unit"] == "time:DD.MM HH:mm"


def test_names_of_bars_are_replaced_whole_or_after_the_dot() -> None:
    rungs = Ranking(title="P", question="", queries=(Query("x", "{{rung}}"),), names=(("address", "address"),), **SIZE)
    assert properties(_untitled(rungs), "address") == {"displayName": "адрес"}
    capacity = Ranking(
        title="P",
        question="",
        queries=(Query("x", "{{place}} · {{quantity}}"),),
        names=(("sessions", "sessions"),),
        firsts=(("platform", "platform"),),
        **SIZE,
    )
    drawn = _untitled(capacity)
    assert properties(drawn, "/ · sessions$/") == {"displayName": "${__field.labels.place} · сессии"}
    assert properties(drawn, "/^platform · sessions$/") == {"displayName": "платформа · сессии"}


def _untitled(panel: Ranking) -> dict[str, Any]:
    chosen = context("ru", Local())
    chosen.words.catalogue["P"] = "П"
    return panels.render(panel, 1, (0, 0), chosen)


def test_an_axis_of_counts_has_whole_numbers_and_reaches_one() -> None:
    counts = built(Course(title="Who is late?", question="", queries=(Query("x"),), **SIZE))["fieldConfig"]["defaults"]
    assert (counts["decimals"], counts["custom"]["axisSoftMax"]) == (0, 1)
    shares = Course(title="Who is late?", question="", queries=(Query("x"),), **{**SIZE, "unit": "percentunit"})
    assert "axisSoftMax" not in built(shares)["fieldConfig"]["defaults"]["custom"]


def test_every_quarter_of_an_hour_at_which_a_peak_can_begin_is_a_time_of_day() -> None:
    shown = {str(each.value): each.text for each in TIMES}
    assert (shown["0"], shown["20"], shown["20.75"], shown["23.75"], shown["24"]) == (
        "00:00",
        "20:00",
        "20:45",
        "23:45",
        "24:00",
    )
    assert len(shown) == 97
