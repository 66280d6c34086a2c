"""A noun after a number follows it: no English text that people read says "1 tickets"."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from service.i18n.catalogue import texts
from service.nouns import counted
from tests.conftest import ROOT

# A place, then a plural, maybe behind words that describe it.
_PLURAL = re.compile(
    r"\{\w+(?::[^}]*)?\}(?: (?!(?:about|are|at|for|in|of|to|without|[a-z]+s)\b)[a-z]+){0,2} ([a-z]+s)\b"
)
NO_PLURALS = {"has", "is", "its", "less", "ms", "seems", "survives"}
# Texts whose number is never 1, with the reason.
NEVER_ONE = {
    "account.password_note": "the shortest and the longest password are constants",
    "account.set_password_note": "the same",
    "you.password_note": "the same",
    "refused.password_length": "the same",
    "refused.name": "the longest name is a constant",
    "unfit.long_note": "the longest note is a constant",
    "bulk.too_many": "so many at a time: a constant",
    "target.dead_intro": "the tries of a message are a constant",
    "overview.week.times": "said from ten times on",
    "reports.too_many": "said of more than a report may have",
}


@pytest.mark.parametrize("program", ["alerts/desk", "dashboards/busy_hour"])
def test_english_texts_choose_the_noun_by_the_number(program: str) -> None:
    catalogue = texts([ROOT / program], "en")
    fixed = {
        key: text
        for key, text in catalogue.items()
        if not (key.endswith((".one", ".other")) and f"{key.rpartition('.')[0]}.one" in catalogue)
        and any(found[1] not in NO_PLURALS for found in _PLURAL.finditer(text))
    }
    assert {key: text for key, text in fixed.items() if key not in NEVER_ONE} == {}
    assert program != "alerts/desk" or NEVER_ONE.keys() - fixed.keys() == set(), "delete what no text needs any more"


# In f-strings: words in -s that are no plural, or the same for one and for many.
_VERBS = (
    "answers becomes begins comes depends does ends fails follows gives happens has holds is keeps lacks lies lists "
    "needs refuses runs says stays uses was"
)
_NOT_COUNTED = {*_VERBS.split(), "address", "as", "its", "less", "ms", "names", "series"}
_BEHIND = re.compile(r" (?:(?!(?:and|at|for|in|of|to|[a-z]+s)\b)[a-z-]+ )?([a-z]+s)\b(?!/)")
_CONSTANT = re.compile(r"(?:len\()?(?:\w+\.)*_?[A-Z][A-Z_]+(?:\.\w+)?\)?")
# Numbers before plurals that are never 1: (file, what is written), with the reason.
NEVER_ONE_IN_CODE = {
    ("agent/sources/edge_log/replay/time_steps.py", "end - begin"): "more than the most",
    ("agent/sources/picture/message.py", "size"): "more than the largest",
    ("agent/sources/server/presets_command.py", "len(each)"): "said from two on",
    ("agent/sources/streams/settings.py", "needed"): "a rate, written with a decimal",
    ("alerts/desk/appeals/csv_import.py", "len(rows)"): "more than the most",
    ("alerts/desk/appeals/csv_import.py", "limits[name]"): "constants",
    ("alerts/desk/console/channels/thumbnails.py", "len(image)"): "more than the most",
    ("alerts/desk/console/channels/thumbnails.py", "height"): "the height of a picture is not counted alone",
    ("alerts/desk/console/channels/ways.py", "delivery"): "a name",
    ("alerts/desk/console/overview/snapshot.py", "name"): "a name",
    ("alerts/desk/reports/store.py", "tickets"): "more than the most",
    ("dashboards/__main__.py", "len(answers)"): "a board has several queries",
    ("dashboards/busy_hour/measures/counters.py", "width"): "32 or 64",
    ("dashboards/busy_hour/records/files.py", "csv.field_size_limit()"): "a constant",
    ("dashboards/busy_hour/records/row_checks.py", "distances[place - 1] / HOUR"): "more than an hour",
    ("dashboards/busy_hour/records/workbooks.py", "len(names)"): "said from two on",
    ("dashboards/check.py", "count"): "said from two on",
    ("service/prometheus.py", "attempt"): "said where there are several attempts",
}


def _plurals_behind_numbers() -> Iterator[tuple[str, str, str]]:
    """Yield (file, what is written, words) of each f-string in which a plural follows a value that may be a number."""
    for folder in ("agent", "alerts", "center", "dashboards", "service"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            strings = (node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.JoinedStr))
            for node in strings:
                for value, text in pairwise(node.values):
                    if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                        found = _BEHIND.match(str(text.value))
                        written = ast.unparse(value.value)
                        if found and found[1] not in _NOT_COUNTED and not _CONSTANT.fullmatch(written):
                            yield str(file.relative_to(ROOT)), written, found[0]


def test_programs_choose_the_noun_by_the_number() -> None:
    """A program says "1 row" and "2 rows" by `counted`; what is written otherwise has no noun behind the number."""
    found = list(_plurals_behind_numbers())
    assert [each for each in found if each[:2] not in NEVER_ONE_IN_CODE] == []
    assert NEVER_ONE_IN_CODE.keys() - {each[:2] for each in found} == set(), "delete what nobody writes any more"


def test_counted() -> None:
    shown = [counted(number, "byte") for number in (0, 0.6, 1, 1.4, 2)]
    assert shown == ["0 bytes", "1 byte", "1 byte", "1 byte", "2 bytes"]
