"""Every name that a dashboard shows leads to where it comes from, and no link carries a word in place of the name."""

import re
from collections.abc import Iterator

import pytest

from dashboards.boards import BOARDS
from dashboards.model import LANGUAGE, Board, Column, Course, Figure, Grid, History, Link, Panel, Ranking

VALUES = set("ABCDEFGHIJ")

# Labels whose column needs no link, and why.
WITHOUT = {
    "severity": "a word for how bad it is, not a name of anything",
    "priority": "a word for how urgent it is, not a name of anything",
    "clock": "its ticket stands in the same row",
    "code": "its appeal stands in the same row",
    LANGUAGE: "the words of the code beside it",
    "region": "a branch, of which nothing but appeals is known; the appeal stands in the same row",
    "party": "a role and no person; the appeal stands in the same row",
    "quantity": "the place in the same row leads to its records, where the quantity is chosen",
    "collector": "a part of the agent, which the node in the same row has the alarms of",
    "reason": "the words of a fault; its channel stands in the same row",
    "indicator": "the name that TR 101 290 gives it; its channel stands in the same row",
    "stage": "the words of a step; its case stands in the same row",
    "property": "a word for what changed; its channel stands in the same row",
    "delivery": "the way a channel is delivered; its channel stands in the same row",
}

# Labels that name something of the platform: whatever shows one leads to it.
NAMES = ("node", "site", "channel")

Found = tuple[Board, Panel]
PANELS: list[Found] = [(board, panel) for board in BOARDS for row in board.rows for panel in row.panels]


def named(found: Found) -> str:
    return f"{found[0].name}: {found[1].title}"


TABLES = [each for each in PANELS if isinstance(each[1], Grid) and not each[1].matrix]


def labels(table: Panel) -> Iterator[Column]:
    assert isinstance(table, Grid)
    return (column for column in table.columns if column.name not in VALUES)


@pytest.mark.parametrize("found", TABLES, ids=named)
def test_every_name_in_a_table_leads_to_where_it_comes_from(found: Found) -> None:
    without = {column.name for column in labels(found[1]) if not column.links}
    assert without <= set(WITHOUT)


@pytest.mark.parametrize("found", TABLES, ids=named)
def test_every_row_of_a_table_has_a_link(found: Found) -> None:
    assert any(column.links for column in labels(found[1]))


def test_every_exception_is_of_a_column_that_is_there() -> None:
    shown = {column.name for _, table in TABLES for column in labels(table)}
    assert set(WITHOUT) <= shown


SERIES = [
    each
    for each in PANELS
    if isinstance(each[1], Course | Ranking | Figure | History)
    and any(f"{{{{{name}}}}}" in query.legend for query in each[1].queries for name in NAMES)
]


@pytest.mark.parametrize("found", SERIES, ids=named)
def test_every_series_that_bears_a_name_leads_to_it(found: Found) -> None:
    board, panel = found
    for name in NAMES:
        if any(f"{{{{{name}}}}}" in query.legend for query in panel.queries):
            carried = {label for link in panel.links for _, label in link.variables}
            assert name in carried, f"{board.name}: {panel.title}: nothing leads to the {name}"


def _columns_read(link: Link) -> set[str]:
    return {label for _, label in link.variables} | set(re.findall(r"__data\.fields\.(\w+)", link.url))


@pytest.mark.parametrize("found", TABLES, ids=named)
def test_no_link_of_a_table_carries_the_words_that_are_shown_for_a_name(found: Found) -> None:
    """Grafana fills in what a column shows, so a label with words of its own does not travel."""
    columns = {column.name: column for column in labels(found[1])}
    for column in columns.values():
        for link in column.links:
            assert not [label for label in _columns_read(link) if columns[label].meanings]
