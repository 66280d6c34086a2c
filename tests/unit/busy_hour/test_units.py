"""Columns whose names state a unit: the figures become those of the quantity only by a factor that somebody said.

The names are those of `sadf` of sysstat 12.6.1, of PRTG Traffic Grapher (paessler.com, kb 92), SNMP's IF-MIB and of
spreadsheets.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.busy_hour.measures.quantities import Kind
from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records import units
from dashboards.busy_hour.records.importer import CsvError, Imported, Layout, read_file
from tests.unit.busy_hour import test_prtg as prtg
from tests.unit.busy_hour.example import ALMATY

EGRESS = Layout(None, None, "gauge", 900, Calendar(ALMATY), quantity="egress_bits_per_second")


def imported(tmp_path: Path, name: str, layout: Layout, value: str = "5") -> Imported:
    path = tmp_path / "table.csv"
    rows = [f"2026-10-05 {at // 4:02d}:{at % 4 * 15:02d};{value}" for at in range(96)]
    path.write_text("\n".join([f"time;{name}", *rows]))
    return read_file(path, layout)


@pytest.mark.parametrize(
    ("name", "base", "factor"),
    [
        ("Traffic (Mbit/s)", "bit/s", 1e6),
        ("kbits_per_sec_in", "bit/s", 1e3),
        ("bytes_in", "bit", 8.0),
        ("rxkB/s", "bit/s", 8e3),
        ("Mbps", "bit/s", 1e6),
        ("MiB/s", "bit/s", 8.0 * 1024**2),
        ("avg_bitrate_kbps", "bit/s", 1e3),
        ("ifHCInOctets", "bit", 8.0),
        ("ott_edge_egress_bytes:rate1m{}", "bit/s", 8.0),
        ("egress_bits_per_second", "bit/s", 1.0),
        ("Объём, ГБ", "bit", 8e9),
        ("Скорость, Мбит/с", "bit/s", 1e6),
        ("кбайт/сек", "bit/s", 8e3),
        ("%ifutil", "share", 0.01),
        ("Загрузка, проценты", "share", 0.01),
        ("Сессии, тыс.", "1", 1e3),
        ("Сессий, тысяч", "1", 1e3),
        ("Абоненты, млн", "1", 1e6),
        ("Views (million)", "1", 1e6),
        ("Просмотры, млрд", "1", 1e9),
        ("Sessions (K)", "1", 1e3),
        ("Viewers x1000", "1", 1e3),
        ("Viewers, × 1 000 000", "1", 1e6),
        ("Viewers (000s)", "1", 1e3),
        ("Megabits per second", "bit/s", 1e6),
        ("Traffic, kilobytes", "bit", 8e3),
        ("gibibytes", "bit", 8.0 * 1024**3),
        ("Débit (Mo/s)", "bit/s", 8e6),
        ("Трафик, мегабит/с", "bit/s", 1e6),
        ("Гигабайт в секунду", "bit/s", 8e9),
        ("Скорость, Мб/с", "bit/s", 1e6),
        ("скорость мб/c", "bit/s", 1e6),  # the last letter is a Latin one
        ("Трафик, тыс. Мбит/с", "bit/s", 1e9),
    ],
)
def test_a_name_states_a_unit(name: str, base: str, factor: float) -> None:
    found = units.stated(name)
    assert found is not None
    assert (found.base, found.factor) == (base, factor)


@pytest.mark.parametrize(
    "name",
    [
        "sessions",
        "Site B",
        "habits",
        "jobs_per_sec",
        "fps",
        "subscribers",
        "in",
        "Traffic In (Volume)(RAW)",
        "Обитель",
        "Edge 1000",
        "max 1000",
        "port 5,000",
        "Megaline",
    ],
)
def test_a_name_states_none(name: str) -> None:
    assert units.stated(name) is None


@pytest.mark.parametrize(
    ("name", "kind", "remedy"),
    [
        (
            "Traffic (Mbit/s)",
            "gauge",
            "states Mbit/s, and egress_bits_per_second is in bits/s; say --scale 1e\\+06, or",
        ),
        ("rxkB/s", "gauge", "say --scale 8000, 8192 where a kilobyte has 1024 bytes, or --scale 1 if it is so already"),
        ("Мб/с", "gauge", "say --scale 1e\\+06, 8e\\+06 where it is bytes, or --scale 1 if it is so already"),
        ("ifHCInOctets", "counter", "states Octets, .*; say --scale 8, or"),
        ("bytes_in", "volume", "say what one is in that unit with --scale, or"),
        ("Загрузка, %", "gauge", "states %, .*; say what one is in that unit with --scale, or"),
    ],
)
def test_another_unit_than_the_quantitys_is_refused(tmp_path: Path, name: str, kind: Kind, remedy: str) -> None:
    with pytest.raises(CsvError, match=remedy):
        imported(tmp_path, name, replace(EGRESS, kind=kind))
    assert imported(tmp_path, name, replace(EGRESS, kind=kind, scale=1.0)).remarks == []


@pytest.mark.parametrize("name", ["bit/s", "Outbound, bits per second", "edge-1"])
def test_the_quantitys_own_unit_is_right(tmp_path: Path, name: str) -> None:
    assert imported(tmp_path, name, EGRESS).remarks == []


def test_a_unit_beside_a_number_of_sessions_is_a_remark(tmp_path: Path) -> None:
    [remark] = imported(tmp_path, "Сессии, тыс.", replace(EGRESS, quantity="sessions")).remarks
    assert (
        remark
        == 'column "Сессии, тыс." states тыс, and its values are taken as they are; say another factor with --scale'
    )


def test_a_share_is_at_most_one(tmp_path: Path) -> None:
    layout = replace(EGRESS, quantity="node_load")
    with pytest.raises(CsvError, match=r"node_load is a share from 0 to 1, and a value is 37; say --scale 0\.01"):
        imported(tmp_path, "busy", layout, "37")
    assert imported(tmp_path, "busy", replace(layout, scale=0.01), "37").most == 37


def test_prtg_shows_a_speed_in_another_unit_than_it_keeps(tmp_path: Path) -> None:
    path = tmp_path / "sensor.csv"
    path.write_text("\n".join([prtg.HEADER, *map(prtg.row, range(48)), prtg.LAST]) + "\n")
    layout = replace(EGRESS, value_column="Traffic In (Speed)(RAW)", step=3600)
    with pytest.raises(CsvError, match=r"is shown as '0,1 Mbit/s' .*; say --scale 8 where it is bytes"):
        read_file(path, layout)
    assert read_file(path, replace(layout, scale=8.0)).rows == 48


def test_what_is_drawn_below_the_axis_is_imported_when_it_is_said(tmp_path: Path) -> None:
    """As Netdata and Grafana's transform negative-Y have what is sent (netdata/netdata#2090, grafana/grafana#35628)."""
    layout = replace(EGRESS, quantity="sessions")
    with pytest.raises(CsvError, match=r"row 2: -5 .* cannot be traffic; say --scale -1 if all are written below zero"):
        imported(tmp_path, "sent", layout, "-5")
    [day] = imported(tmp_path, "sent", replace(layout, scale=-1000.0), "-5").days
    assert day.series.slots.tolist() == [5000.0] * 96
    [day] = imported(tmp_path, "sent", replace(layout, scale=-1.0), "0").days
    assert str(day.series.slots[0]) == "0.0"
    with pytest.raises(CsvError, match=r"row 2: 5 .* cannot be traffic; leave the sign out of --scale"):
        imported(tmp_path, "sent", replace(layout, scale=-1.0), "5")


@pytest.mark.parametrize(("kind", "scale"), [("counter", -1.0), ("gauge", 0.0), ("gauge", float("nan"))])
def test_a_factor_that_makes_no_sense(kind: Kind, scale: float) -> None:
    with pytest.raises(ValueError, match="a factor is finite and not zero, of a counter greater than zero"):
        replace(EGRESS, kind=kind, scale=scale)
