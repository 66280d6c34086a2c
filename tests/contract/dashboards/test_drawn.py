"""The checks of what Grafana's components draw: sound dashboards pass, and each kind of fault is found."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from dashboards.preview.browser import Drawn, Sheet, draw
from tests.contract.dashboards.drawn_cases import BARS, BROKEN, POINTS, SOUND, board, panel, point, rename, table

Pictures = Mapping[tuple[str, int], Drawn]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """Draw every case at both widths, in one browser."""
    cases = {**SOUND, **{name: case for name, (case, _) in BROKEN.items()}}
    folder = tmp_path_factory.mktemp("drawn")
    sheets = {
        (name, width): Sheet(*case, width=width, picture=folder / "lines.png" if name == "lines" else None)
        for name, case in cases.items()
        for width in (1280, 1920)
    }
    return dict(zip(sheets, draw(sheets.values()), strict=True))


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_found_in_a_sound_dashboard(drawn: Pictures, name: str) -> None:
    for width in (1280, 1920):
        assert [str(finding) for finding in drawn[name, width].findings] == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_dashboard_is_found_with_panel_fault_and_remedy(drawn: Pictures, name: str) -> None:
    (built, _), fault = BROKEN[name]
    for width in (1280, 1920):
        found = [finding for finding in drawn[name, width].findings if fault in finding.fault]
        assert found, [str(finding) for finding in drawn[name, width].findings]
        assert {finding.panel for finding in found} == {built["panels"][0]["title"]}
        assert all(finding.sheet.startswith("ott-x (dark") and finding.remedy for finding in found)


def test_text_that_fits_at_one_width_is_found_at_the_other(drawn: Pictures) -> None:
    sheet = drawn["a column that is too narrow", 1280].sheet
    board = {**sheet.board, "panels": [{**sheet.board["panels"][0], "fieldConfig": {"defaults": {}, "overrides": []}}]}
    name = "a-name-for-a-wide-column-of-a-table"
    answers = [{**sheet.recording["answers"][0], "series": [{"metric": {"node": name}, "value": [0, "1"]}]}]
    small, large = draw([Sheet(board, {**sheet.recording, "answers": answers}, width=width) for width in (1280, 1920)])
    assert [finding.fault for finding in small.findings] == [f'"{name}" is cut off']
    assert list(large.findings) == []


def test_it_says_by_what_each_panel_is_drawn(drawn: Pictures) -> None:
    by = {
        name: drawn[name, 1920].panels[0]["drawn"]
        for name in ("lines", "figures", "bars", "rows", "lanes", "an unknown panel")
    }
    own = dict.fromkeys(("lines", "figures", "bars", "rows"), "own")
    assert by == {**own, "lanes": "parts", "an unknown panel": "no"}


def test_a_picture_is_written(drawn: Pictures) -> None:
    picture = drawn["lines", 1920].sheet.picture
    assert isinstance(picture, Path)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_name_of_a_bar_that_ends_in_dots_before_its_padding_is_cut_off() -> None:
    def named(length: int) -> Sheet:
        bars = {**panel("bargauge", BARS), "gridPos": {"x": 0, "y": 0, "w": 6, "h": 4}}
        return Sheet(*board(bars, [point({"node": "i" * length}), point({"node": "edge-1"})]), width=1280)

    whole, cut = draw([named(20), named(28)])
    assert list(whole.findings) == []
    assert [finding.fault for finding in cut.findings] == [f'"{"i" * 28}" is cut off']


def test_the_arrow_of_the_column_by_which_a_table_is_sorted_takes_its_room() -> None:
    def by(*columns: dict[str, str | bool]) -> Sheet:
        rows = table(overrides=[rename("byName", "Value", custom__width=75, displayName="Severity")])
        return Sheet(*board({**rows, "options": {**rows["options"], "sortBy": list(columns)}}, POINTS), width=1280)

    # The arrow is asked for by the page: it must have come, every time.
    plain, *arrows = draw([by(), *[by({"displayName": "Severity", "desc": False})] * 8])
    assert list(plain.findings) == []
    assert [finding.fault for arrow in arrows for finding in arrow.findings] == ['"Severity" is cut off'] * 8
