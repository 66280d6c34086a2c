"""Running totals of which Excel kept the first digits only when it wrote them as CSV (denoland/std#6080)."""

from pathlib import Path

import pytest

from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.importer import CsvError, Imported, Layout, read_file
from tests.unit.busy_hour.example import ALMATY

LAYOUT = Layout(None, None, "counter", 300, Calendar(ALMATY))
BEGIN, STEP = 123_000_000_000_000, 600_000_000 / 8 * 300  # 600 Mbit/s


def imported(tmp_path: Path, form: str) -> Imported:
    path = tmp_path / "counter.csv"
    rows = [
        f"2026-10-05 {at // 12:02d}:{at % 12 * 5:02d};{format(BEGIN + at * STEP, form)}".replace(".", ",")
        for at in range(288)
    ]
    path.write_text("\n".join(["time;bytes", *rows]))
    return read_file(path, LAYOUT)


@pytest.mark.parametrize("form", [".2E", ".3e"])
def test_a_rounded_counter_is_refused(tmp_path: Path, form: str) -> None:
    with pytest.raises(CsvError, match=r"counter written as 1,\d+[eE]\+14 is rounded to 1e\+1[12], and increases by 2"):
        imported(tmp_path, form)


@pytest.mark.parametrize("form", [".0f", ".6E", ".15e"])
def test_a_counter_with_enough_digits_is_read(tmp_path: Path, form: str) -> None:
    [day] = imported(tmp_path, form).days
    assert day.hour_at(10 * 3600) == pytest.approx(75e6, rel=0.01)


def test_zeros_at_the_end_are_left_out_by_programs(tmp_path: Path) -> None:
    path = tmp_path / "counter.csv"
    rows = [f"2026-10-05 {at // 12:02d}:{at % 12 * 5:02d},{1.2e16 + at * 3123456788!r}" for at in range(288)]
    assert rows[0].endswith(",1.2e+16")
    path.write_text("\n".join(["time,bytes", *rows]))
    assert read_file(path, LAYOUT).rows == 288
