"""The workbook: every figure as a number, each day as a record, no formula from a name."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import openpyxl
import pytest

from dashboards.busy_hour.measures.capacity import Capacity
from dashboards.busy_hour.measures.series import Calendar, DaySeries
from dashboards.busy_hour.measures.traffic import Day
from dashboards.busy_hour.records.importer import records
from dashboards.busy_hour.report.render_xlsx import workbook
from dashboards.busy_hour.report.report import Report, Rules, build
from dashboards.busy_hour.report.words import Words
from tests.unit.busy_hour.example import ALMATY

FIRST = date(2026, 1, 1)


def report(count: int, value: Callable[[int, int], float]) -> Report:
    made = []
    for number, span in enumerate(Calendar(ALMATY).days(FIRST, FIRST + timedelta(days=count - 1))):
        slots = np.array([value(number, hour) for hour in range(24)])
        made.append(Day(DaySeries(span, 3600, slots, 3600, slots), ALMATY))
    rules = Rules(Calendar(ALMATY), capacities=[Capacity("platform", sessions=2000.0)])
    return build(("platform", "sessions"), list(records(made, ("platform", "sessions"), "import:x", 0)), {}, rules)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_each_figure_can_be_recomputed_from_the_days(language: Any) -> None:
    found = report(60, lambda day, hour: 1000.0 + day if hour == 20 else 100.0)
    book = openpyxl.load_workbook(io.BytesIO(workbook([found], Words(language))))
    answers, measures, months, forecast, days = (list(sheet.values) for sheet in book.worksheets)
    values = [row[4] for row in days[1:]]
    assert values == [1000.0 + number for number in range(60)]
    assert days[1][2].date() == FIRST
    adpqh = next(row for row in measures if row[2] == "adpqh")
    assert adpqh[4] == pytest.approx(sum(values) / 60)
    assert months[1][4] == pytest.approx(sum(values[:31]) / 31)
    assert found.forecast is not None
    expected = [value for _, value in found.forecast.history] + [point.value for point in found.forecast.points]
    assert [row[4] for row in forecast[1:]] == pytest.approx(expected)
    assert any("70 %" in row[2] for row in answers[1:])
    assert book.sheetnames[0] == ("Answers" if language == "en" else "Ответы")


def test_what_is_missing_is_an_empty_cell() -> None:
    found = report(40, lambda day, hour: float("nan") if day % 7 == 3 else 0.0)
    book = openpyxl.load_workbook(io.BytesIO(workbook([found], Words("en"))))
    cells = [cell for sheet in book.worksheets for row in sheet.values for cell in row]
    assert not [cell for cell in cells if isinstance(cell, float) and not np.isfinite(cell)]
    assert not [cell for cell in cells if isinstance(cell, str) and ("nan" in cell or cell.startswith("="))]
