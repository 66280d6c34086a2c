"""What Grafana's own code writes of a day: the panel inspector's "Download CSV", by the packages of its release.

`toCSV` and the overrides are those of `@grafana/data`; what the inspector (InspectDataTab, utils/download) does with
them is a few lines, repeated here: raw or formatted values, and text that Excel opens (UTF-16 with tabs).
"""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.importer import CsvError, Layout, read_file
from dashboards.preview.bundle import CACHE, bundle
from tests.unit.busy_hour.example import ALMATY

UNIX = 1_791_831_600  # 2026-10-13T00:00+05:00
BUSY = 9123.75
RATES = [BUSY if hour == 20 else 1000.5 + hour for hour in range(24)]
HOURLY = Layout(None, None, "gauge", 3600, Calendar(ALMATY))

SCRIPT = """
globalThis.navigator ??= {language: "ru", languages: ["ru"]};
const data = require("@grafana/data");
const {start, rates} = JSON.parse(process.argv[1]);
const time = {name: "Time", type: data.FieldType.time, values: rates.map((_, hour) => 1000 * (start + 3600 * hour))};
const field = (node, values, config = {}) =>
  ({name: "Value", type: data.FieldType.number, labels: {node}, values, config});
const one = (config) => [data.toDataFrame({fields: [time, field("edge-1", rates, config)]})];
const two = () => [data.toDataFrame({fields: [time, field("edge-1", rates), field("edge-2", rates.map(() => null))]})];
const raw = (frames) => {
  const made = data.applyRawFieldOverrides(frames);
  data.cacheFieldDisplayNames(made);
  return made;
};
const formatted = data.applyFieldOverrides({data: one({unit: "bps"}), theme: data.createTheme(),
  timeZone: "Asia/Almaty", fieldConfig: {defaults: {}, overrides: []}, replaceVariables: (text) => text});
process.stdout.write(JSON.stringify({
  plain: data.toCSV(raw(one()), {}),
  joined: data.toCSV(raw(two()), {}),
  excel: "\\ufeff" + data.toCSV(raw(one()), {useExcelHeader: false, delimiter: "\\t"}),
  header: data.toCSV(raw(one()), {useExcelHeader: true}),
  formatted: data.toCSV(formatted, {}),
}));
"""


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    """Return the day as Grafana exports it, by the options of the inspector."""
    bundle()
    day = json.dumps({"start": UNIX, "rates": [rate * 1e6 for rate in RATES]})
    done = subprocess.run(
        ["node", "-e", SCRIPT, day],
        env={**os.environ, "NODE_PATH": str(CACHE / "node_modules")},
        capture_output=True,
        check=True,
        timeout=120,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", ["plain", "joined", "excel", "header"])
def test_a_day_is_read_as_grafana_had_it(written: dict[str, str], tmp_path: Path, name: str) -> None:
    path = tmp_path / "Traffic-data.csv"
    path.write_bytes(written[name].encode("utf-16-le" if name == "excel" else "utf-8"))
    layout = replace(HOURLY, scale=1e-6, value_column="edge-1" if name == "joined" else None)
    read = read_file(path, layout)
    [day] = read.days
    assert day.series.slots.tolist() == pytest.approx(RATES), written[name]
    assert (read.rows, read.gaps, read.missing) == (24, 0, 0)
    assert ("time stamps", "epoch-ms, start of the interval") in read.notes


def test_values_with_units_are_refused_with_the_remedy(written: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "Traffic-data.csv"
    path.write_text(written["formatted"], "utf-8")
    with pytest.raises(CsvError, match=r"row 2: '1.00 Gb/s' .* has the unit 'Gb/s'; .* without Formatted data"):
        read_file(path, HOURLY)
