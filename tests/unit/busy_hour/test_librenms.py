"""A bill of LibreNMS: what its API answers, and what has to be exported otherwise."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.importer import CsvError, Layout, read_file
from tests.unit.busy_hour.example import ALMATY

UNIX = 1_791_831_600  # 2026-10-13T00:00+05:00
BUSY = 9123.75
RATES = [BUSY if minute // 12 == 20 else 1000.5 + minute // 12 for minute in range(288)]
LAYOUT = Layout(None, "in", "gauge", 300, Calendar(ALMATY))


def bill(**changed: object) -> str:
    """Return an answer in the form of LibreNMS/Billing.php, getBitsGraphData, at 005ea2fe (2025)."""
    ticks = [UNIX + 300 * poll + 301 for poll in range(288)]  # a poll every five minutes, a second late
    data = {
        "from": UNIX,
        "to": str(UNIX + 86400),
        "first": ticks[0],
        "last": ticks[-1],
        "ticks": ticks,
        "in_data": RATES,
        "out_data": [2.5] * 288,
        "tot_data": [rate + 2.5 for rate in RATES],
        "rate_95th": "9123.75",
        "rate_average": "1345.2",
        "bill_type": "cdr",
        "max_in": BUSY,
    }
    return json.dumps({"status": "ok", "graph_data": {**data, **changed}})


# The driver of the database decides whether numbers are text.
@pytest.mark.parametrize("changed", [{}, {"ticks": [str(UNIX + 300 * poll + 301) for poll in range(288)]}])
def test_each_value_is_of_the_five_minutes_before_its_tick(tmp_path: Path, changed: dict[str, object]) -> None:
    file = tmp_path / "bill.json"
    file.write_text(bill(**changed))
    read = read_file(file, LAYOUT)
    assert ("time stamps", "epoch, end of the interval") in read.notes
    [day] = read.days
    assert (day.coverage, read.gaps, read.missing) == (1.0, 0, 0)
    peak = day.peak("quarter")
    assert peak is not None
    assert (peak.value, peak.start) == (BUSY, UNIX + 20 * 3600)


def test_the_direction_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "bill.json"
    file.write_text(bill())
    with pytest.raises(CsvError, match='has "in", "out", "total"; say it with --value-column'):
        read_file(file, replace(LAYOUT, value_column=None))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            bill(ticks=[UNIX + 6300 * poll for poll in range(288)]),
            "put the means of 6300 s into one value; export .*reducefactor=1",
            id="a month in 400 values",
        ),
        pytest.param(
            json.dumps({"status": "ok", "graph_data": {"in_data": ["12"], "ticklabels": ["2026-09-01 - 2026-09-30"]}}),
            "sums of whole billing periods of LibreNMS, which have no busy hour; export ",
            id="billing periods",
        ),
        pytest.param(bill(in_data=[1.5, 2.5]), '"in_data" .* has 2 values for 288 ticks; export', id="breaks off"),
        pytest.param(bill(ticks=[], in_data=[], out_data=[], tot_data=[]), "has no rows to import", id="empty"),
        pytest.param(
            json.dumps({"status": "error", "message": "Unsupported graph type week"}), "is an error", id="error"
        ),
    ],
)
def test_what_has_no_busy_hour_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "bill.json"
    file.write_text(content)
    with pytest.raises(CsvError, match=message):
        read_file(file, LAYOUT)
