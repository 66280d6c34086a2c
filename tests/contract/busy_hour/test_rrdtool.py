"""What RRDtool itself writes of a day: xport as XML and as JSON, and fetch."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.importer import Layout, read_file
from tests.unit.busy_hour.example import ALMATY

UNIX = 1_791_831_600  # 2026-10-13T00:00+05:00
VALUES = [9123.75 if hour == 20 else 1000.5 + hour for hour in range(24)]
DAY = ["--start", str(UNIX), "--end", str(UNIX + 86400)]
HOURLY = Layout(None, None, "gauge", 3600, Calendar(ALMATY))


def rrdtool(*words: str) -> bytes:
    return subprocess.run(["rrdtool", *words], capture_output=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive with a value an hour of one day."""
    file = tmp_path_factory.mktemp("rrd") / "edge-1.rrd"
    sources = ["DS:sessions:GAUGE:7200:0:U", "RRA:AVERAGE:0.5:1:1000"]
    rrdtool("create", str(file), "--start", str(UNIX - 3600), "--step", "3600", *sources)
    # A value that arrives at the end of an hour is that of the hour.
    rrdtool("update", str(file), *(f"{UNIX + 3600 * (hour + 1)}:{value}" for hour, value in enumerate(VALUES)))
    return file


@pytest.mark.parametrize("form", ["xport", "xport --json", "fetch"])
def test_a_day_is_read_as_it_was_stored(archive: Path, tmp_path: Path, form: str) -> None:
    if form == "fetch":
        written = rrdtool("fetch", str(archive), "AVERAGE", *DAY)
    else:
        export = [f"DEF:s={archive}:sessions:AVERAGE", "XPORT:s:sessions"]
        written = rrdtool(*form.split(), *DAY, "--step", "3600", *export)
    path = tmp_path / "edge-1.txt"
    path.write_bytes(written)
    read = read_file(path, replace(HOURLY, value_column="sessions"))
    day = next(day for day in read.days if str(day.date) == "2026-10-13")
    assert day.coverage == 1.0, written.decode()
    peak = day.peak("quarter")
    assert peak is not None
    assert (peak.value, peak.start) == (9123.75, UNIX + 20 * 3600)
