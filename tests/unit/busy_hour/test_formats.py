"""Files in the forms that programs write, each with its right answer; and files that fit two readings.

The forms are those of RRDtool (xport and fetch), Cacti, Grafana (CSV export, with and without "sep=,"), Prometheus
(HTTP API), Zabbix (history.get, trend.get, exported files) and Excel, whose separators follow the language of Windows:
"," in English, ";" with a decimal comma in Russian and Kazakh. They are written by hand; what RRDtool itself writes is
read in tests/contract/busy_hour/test_rrdtool.py.
"""

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.busy_hour.measures.counters import counter_rates
from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.importer import CsvError, Form, Layout, read_file
from tests.unit.busy_hour.example import ALMATY

HOURLY = Layout(None, None, "gauge", 3600, Calendar(ALMATY))
MIDNIGHT = datetime.datetime(2026, 10, 13, tzinfo=ALMATY)
UNIX = int(MIDNIGHT.timestamp())
BUSY = 9123.75
VALUES = [BUSY if hour == 20 else 1000.5 + hour for hour in range(24)]

Row = Callable[[datetime.datetime, float], str]


EXCEL, ISO = "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S"


def lines(row: Row, *head: str) -> str:
    moments = [MIDNIGHT.replace(tzinfo=None) + datetime.timedelta(hours=hour) for hour in range(24)]
    return "\r\n".join([*head, *map(row, moments, VALUES), ""])


def russian(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")


def grouped(value: float, mark: str, decimal: str) -> str:
    return f"{value:,.2f}".replace(",", "#").replace(".", decimal).replace("#", mark)


def prometheus(*names: str) -> str:
    series = [
        {"metric": {"__name__": "x", "node": name}, "values": [[UNIX + 3600 * n, str(v)] for n, v in enumerate(VALUES)]}
        for name in names
    ]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}})


def exported(name: str, most: int) -> str:
    lines = [
        {
            "metric": {"__name__": "x", "node": name},
            "values": VALUES[at : at + most],
            "timestamps": [1000 * (UNIX + 3600 * hour) for hour in range(24)[at : at + most]],
        }
        for at in range(0, 24, most)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


def xport(times: bool) -> str:
    rows = "".join(
        f"<row>{f'<t>{UNIX + 3600 * (n + 1)}</t>' if times else ''}<v>{v:.10e}</v><v>NaN</v></row>"
        for n, v in enumerate(VALUES)
    )
    meta = f"<start>{UNIX + 3600}</start><end>{UNIX + 86400}</end><step>3600</step><rows>24</rows><columns>2</columns>"
    legend = "<legend><entry>in</entry><entry>out</entry></legend>"
    return f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<xport><meta>{meta}{legend}</meta><data>{rows}</data></xport>'


# graph_xport.php of Cacti 1.2.24: names in the user's language, percentiles and sums with a third field; the stamps are
# those of `rrdtool xport`, the ends of the steps.
CACTI = (
    '"Title","edge-1 - Traffic - eth0"',
    '"Vertical Label","bits per second"',
    '"Start Date","2026-10-13 01:00:00"',
    '"End Date","2026-10-14 00:00:00"',
    '"Step","3600"',
    '"Total Rows","24"',
    '"Graph ID","7"',
    '"Host ID","2"',
    '""',
    '"Date","Inbound"',
)
CACTI_RU = (
    '"Заголовок","edge-1 - Traffic - eth0"',
    '"Вертикальная метка","bits per second"',
    '"Дата начала","2026-10-13 01:00:00"',
    '"Дата окончания","2026-10-14 00:00:00"',
    '"Шаг","3600"',
    '"Всего строк","24"',
    '"ID графика","7"',
    '"ID хоста","2"',
    '"Nth Percentile","2331386.89","|95:bits:0:max:2|"',
    '"Сумма","12.50 GB","|sum:auto:current:2:auto|"',
    '""',
    '"Дата","Inbound","Outbound"',
)


def by_cacti(moment: datetime.datetime, *values: str) -> str:
    return ",".join(f'"{cell}"' for cell in (f"{moment + datetime.timedelta(hours=1):{ISO}}", *values))


def zabbix_lines(**row: str) -> bytes:
    """Return exported lines of Zabbix 6.0, docs "Newline-delimited JSON export protocol"; row: field by figure."""
    host = {"host": "edge-1", "name": "Edge 1"}
    return "".join(
        json.dumps({"host": host, "groups": ["Edges"], "item_tags": [], "itemid": 7, "name": "Sessions",
                    "clock": UNIX + 3600 * n, **{k: v if f == "value" else 99999 for k, f in row.items()}, "type": 0})
        + "\n"
        for n, v in enumerate(VALUES)
    ).encode()  # fmt: skip


def ending(moment: datetime.datetime, value: float) -> str:
    """Return a row with date and time of day apart; the time is the hour's end, of which the last is 24:00."""
    clock = f"{moment.hour + 1}:00"
    return f"{moment:%d.%m.%Y};{clock};{russian(value)}"


GOOD: dict[str, tuple[bytes, Layout]] = {
    "Excel, date and time of day in two columns, up to 24:00": (
        lines(ending, "Дата;Время;Сессии").encode("cp1251"),
        replace(HOURLY, stamps="end"),
    ),
    "date and time of day with seconds and one digit of the hour": (
        lines(lambda m, v: f"{m:%Y-%m-%d};{m.hour}:00:00;{russian(v)}", "Дата;Время;Сессии").encode(),
        HOURLY,
    ),
    "ISO stamps up to 24:00": (
        lines(lambda m, v: f"{m:%Y-%m-%d} {m.hour + 1:02d}:00,{v}", "time,value").encode(),
        replace(HOURLY, stamps="end"),
    ),
    "excel, en": (lines(lambda t, v: f"{t.month}/{t.day}/{t.year} {t:%H:%M},{v}", "Time,Mbps").encode(), HOURLY),
    "excel, en, 12-hour clock": (
        lines(lambda t, v: f"{t.month}/{t.day}/{t.year} {t:%I:%M %p},{v}", "Time,Mbps").encode(),
        HOURLY,
    ),
    "excel, en, thousands in quotes": (
        lines(lambda t, v: f'{t:%m/%d/%Y %H:%M},"{v:,.2f}"', "Time,Mbps").encode(),
        HOURLY,
    ),
    "excel, ru": (lines(lambda t, v: f"{t:{EXCEL}};{russian(v)}", "Время;Мбит/с").encode("cp1251"), HOURLY),
    "excel, ru, no-break space between thousands": (
        lines(lambda t, v: f"{t:{EXCEL}};{grouped(v, chr(0xA0), ',')}", "Время;Мбит/с").encode("cp1251"),
        HOURLY,
    ),
    "excel, kk, UTF-8 with mark": (
        lines(lambda t, v: f"{t:%d.%m.%Y %H:%M:%S};{russian(v)}", "Уақыты;Мәні").encode("utf-8-sig"),
        HOURLY,
    ),
    "excel, kk, dd.mm.yy": (lines(lambda t, v: f"{t:%d.%m.%y %H:%M};{russian(v)}", "Уақыты;Мәні").encode(), HOURLY),
    "excel, Unicode text": (lines(lambda t, v: f"{t:{EXCEL}}\t{russian(v)}", "Время\tТрафик").encode("utf-16"), HOURLY),
    "UTF-16 without a mark": (lines(lambda t, v: f"{t:%Y-%m-%d %H:%M};{v}", "Time;Value").encode("utf-16-le"), HOURLY),
    "German thousands": (lines(lambda t, v: f"{t:{EXCEL}};{grouped(v, '.', ',')}", "Zeit;Wert").encode(), HOURLY),
    "Swiss thousands": (lines(lambda t, v: f"{t:{EXCEL}};{grouped(v, chr(39), '.')}", "Zeit;Wert").encode(), HOURLY),
    "no header": (lines(lambda t, v: f"{t:%Y-%m-%d %H:%M},{v}").encode(), HOURLY),
    "no header, semicolons": (lines(lambda t, v: f"{t:%Y-%m-%dT%H:%M};{russian(v)}").encode(), HOURLY),
    "trailing delimiter": (lines(lambda t, v: f"{t:%Y-%m-%d %H:%M},{v},", "Time,Value").encode(), HOURLY),
    "bars": (lines(lambda t, v: f"{t:%Y-%m-%d %H:%M}|{v}", "Time|Value").encode(), HOURLY),
    "months in words, below a title, separated by semicolons": (
        lines(lambda t, v: f"{t:%d-%b-%y %I:%M %p};{v}", "Edge 1, 2026-10-15", "", "Date/Time;Average").encode(),
        replace(HOURLY, time_format="%d-%b-%y %I:%M %p"),
    ),
    "months in words, without a header": (
        lines(lambda t, v: f'"{t:%b %d, %Y %I:%M %p}","{v}"').encode(),
        replace(HOURLY, time_format="%b %d, %Y %I:%M %p"),
    ),
    "years first with strokes": (lines(lambda t, v: f"{t:%Y/%m/%d %H:%M},{v}", "Time,Value").encode(), HOURLY),
    "ends of intervals": (
        lines(lambda t, v: f"{t + datetime.timedelta(hours=1):%Y-%m-%d %H:%M},{v}", "Time,Value").encode(),
        replace(HOURLY, stamps="end"),
    ),
    "months in words": (
        lines(lambda t, v: f"{t:%d %b %Y %H:%M},{v}", "Time,Value").encode(),
        replace(HOURLY, time_format="%d %b %Y %H:%M", time_column="1", value_column="2", form=Form(header=True)),
    ),
    "epoch": (lines(lambda t, v: f"{t.replace(tzinfo=ALMATY).timestamp():.0f},{v}", "t,v").encode(), HOURLY),
    "epoch in ms": (lines(lambda t, v: f"{t.replace(tzinfo=ALMATY).timestamp():.0f}000,{v}", "t,v").encode(), HOURLY),
    "epoch with two digits of a fraction": (
        lines(lambda t, v: f"{t.replace(tzinfo=ALMATY).timestamp():.2f},{v}", "t,v").encode(),
        HOURLY,
    ),
    "year to hour without marks": (lines(lambda t, v: f"{t:%Y%m%d%H},{v}", "t,v").encode(), HOURLY),
    "year to minute without marks": (lines(lambda t, v: f"{t:%Y%m%d%H%M};{russian(v)}", "t;v").encode(), HOURLY),
    "year to second without marks": (lines(lambda t, v: f"{t:%Y%m%d%H%M%S},{v}", "t,v").encode(), HOURLY),
    # As sysstat 12.6.1 writes them; an average is of the time up to its stamp.
    "sysstat, sadf -d": (
        lines(
            lambda t, v: f"edge-1;3600;{t - datetime.timedelta(hours=4):{ISO}} UTC;eth0;1.00;{v:.2f};0.00",
            "# hostname;interval;timestamp;IFACE;rxkB/s;txkB/s;%ifutil",
        ).encode(),
        replace(HOURLY, value_column="txkB/s"),
    ),
    "cacti": (lines(lambda t, v: by_cacti(t, f"{v:.8e}"), *CACTI).encode(), HOURLY),
    "cacti, with a total": (
        lines(lambda t, v: by_cacti(t, f"{v:.8e}", f"{2 * v}"), *CACTI[:-1], '"Date","Inbound","All"').encode(),
        replace(HOURLY, value_column="Inbound"),
    ),
    "cacti, in Russian, with percentile and sum": (
        lines(lambda t, v: by_cacti(t, f"{v:.10e}", "NaN"), *CACTI_RU).encode("utf-8-sig"),
        replace(HOURLY, value_column="Inbound"),
    ),
    "zabbix, exported history": (zabbix_lines(ns="0", value="value"), HOURLY),
    "zabbix, exported trends": (
        zabbix_lines(count="60", min="0", avg="value", max="0"),
        replace(HOURLY, value_column="Edge 1: Sessions"),
    ),
    "grafana": (lines(lambda t, v: f'"{t:{ISO}}","{v}"', '"Time","sessions"').encode(), HOURLY),
    "grafana, for Excel": (
        lines(lambda t, v: f'"{t:{ISO}}","{v}"', "sep=,", '"Time","sessions"').encode("utf-8-sig"),
        HOURLY,
    ),
    "grafana, joined": (
        lines(lambda t, v: f"{t:%Y-%m-%d %H:%M:%S},{v},", "sep=,", "Time,edge-1,edge-2").encode(),
        replace(HOURLY, value_column="edge-1"),
    ),
    "prometheus": (prometheus("a").encode(), HOURLY),
    "prometheus, two series": (prometheus("a", "b").encode(), replace(HOURLY, value_column='x{node="b"}')),
    # As VictoriaMetrics 1.79.5 writes them: with max_rows_per_line a series has several lines.
    "victoriametrics, export": (exported("a", 24).encode(), HOURLY),
    "victoriametrics, export, two series in several lines": (
        (exported("a", 10) + exported("b", 10)).encode(),
        replace(HOURLY, value_column='x{node="b"}'),
    ),
    "rrdtool xport": (xport(times=False).encode(), replace(HOURLY, value_column="in")),
    "rrdtool xport with times": (xport(times=True).encode(), replace(HOURLY, value_column="in")),
    "rrdtool xport, JSON": (
        json.dumps({"about": "RRDtool graph JSON output", "data": [[v, None] for v in VALUES], "meta": {
                    "start": UNIX + 3600, "step": 3600, "end": UNIX + 86400, "legend": ["in", "out"]}}).encode(),
        replace(HOURLY, value_column="in"),
    ),
    "rrdtool fetch": (
        ("              in             out\n\n"
         + "".join(f"{UNIX + 3600 * (n + 1)}: {v:.10e} -nan\n" for n, v in enumerate(VALUES))).encode(),
        replace(HOURLY, value_column="in"),
    ),
    "zabbix history.get": (
        json.dumps({"jsonrpc": "2.0", "id": 1, "result": [
            {"itemid": "7", "clock": str(UNIX + 3600 * n), "value": str(v), "ns": "0"}
            for n, v in enumerate(VALUES)]}).encode(),
        HOURLY,
    ),
    "zabbix trend.get": (
        json.dumps([{"itemid": "7", "clock": UNIX + 3600 * n, "num": "60", "value_min": "0", "value_avg": str(v),
                     "value_max": "99999"} for n, v in enumerate(VALUES)]).encode(),
        HOURLY,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_form_is_read_right(tmp_path: Path, name: str) -> None:
    content, layout = GOOD[name]
    file = tmp_path / "history"
    file.write_bytes(content)
    read = read_file(file, layout)
    [day] = read.days
    assert day.series.slots.tolist() == pytest.approx(VALUES)
    assert (read.rows, read.gaps, read.missing) == (24, 0, 0)
    assert read.most == pytest.approx(BUSY)


def test_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Отчёт", None])
    book.active.append(["Время", "Мбит/с"])
    for hour, value in enumerate(VALUES):
        book.active.append([MIDNIGHT.replace(tzinfo=None, hour=hour), value])
    book.save(tmp_path / "history.xlsx")
    [day] = read_file(tmp_path / "history.xlsx", HOURLY).days
    assert day.series.slots.tolist() == VALUES
    book.create_sheet("2027")
    book.save(tmp_path / "history.xlsx")
    with pytest.raises(CsvError, match=r"has 2 sheets \(Sheet, 2027\); say which with --sheet"):
        read_file(tmp_path / "history.xlsx", HOURLY)


@pytest.mark.parametrize("name", ["cacti", "cacti, in Russian, with percentile and sum", "rrdtool xport"])
def test_a_step_that_the_file_states_is_believed(name: str, tmp_path: Path) -> None:
    content, layout = GOOD[name]
    file = tmp_path / "history"
    file.write_bytes(content)
    with pytest.raises(CsvError, match="states a step of 3600 s, not of 300 s; say --step 3600s"):
        read_file(file, replace(layout, step=300))


def test_a_first_row_without_a_value_does_not_name_the_columns(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text("time,sessions\n05 Oct 2026 00:00,NA\n05 Oct 2026 01:00,5\n")
    with pytest.raises(CsvError, match=r"row 2 has a time stamp and no value that is understood: 05 Oct .* \| NA"):
        read_file(file, replace(HOURLY, time_format="%d %b %Y %H:%M"))


def test_long_intervals_of_prometheus_may_end_at_their_stamps(tmp_path: Path) -> None:
    """grafana/grafana#27263: an average over [1h] at 01:00 is of the hour before."""
    file = tmp_path / "history.json"
    file.write_text(prometheus("a"))
    [told] = read_file(file, HOURLY).remarks
    assert "the stamp is the end of the interval, and it is taken for the start; say --stamps end" in told
    ending = read_file(file, replace(HOURLY, stamps="end"))
    assert (ending.first, ending.remarks) == ("2026-10-12T23:00+05:00", [])
    assert read_file(file, replace(HOURLY, stamps="start")).remarks == []


@pytest.mark.parametrize(
    ("name", "letters"), [("Time (MSK)", "MSK"), ("Время, МСК", "МСК"), ("Date/Time CEST", "CEST")]
)
def test_letters_of_a_zone_are_told(tmp_path: Path, name: str, letters: str) -> None:
    file = tmp_path / "history.csv"
    file.write_text(lines(lambda t, v: f"{t:%Y-%m-%d %H:%M};{v}", f"{name};sessions"))
    assert read_file(file, HOURLY).remarks == [
        f"a column of stamps names the zone {letters}, and they are read in Asia/Almaty; say another with --zone"
    ]
    file.write_text(lines(lambda t, v: f"{t:%Y-%m-%dT%H:%M}+05:00;{v}", f"{name};sessions"))
    assert read_file(file, HOURLY).remarks == []


@pytest.mark.parametrize(
    ("form", "names"),
    [("%Y-%m-%d %H:%M", "Time (UTC)"), ("%d.%m.%Y,%H:%M", "Date,Time UTC"), ("%d.%m.%Y,%H:%M", "Date (UTC),Time")],
)
def test_a_column_in_utc_is_read_in_utc(tmp_path: Path, form: str, names: str) -> None:
    file = tmp_path / "history.csv"
    file.write_text(lines(lambda t, v: f"{t - datetime.timedelta(hours=5):{form}},{v}", f"{names},sessions"))
    read = read_file(file, HOURLY)
    [day] = read.days
    assert day.series.slots.tolist() == pytest.approx(VALUES)
    assert dict(read.notes)["zone of stamps without an offset"] == "UTC, by the name of the column"


def test_what_is_said_of_the_stamps_is_believed(tmp_path: Path) -> None:
    file = tmp_path / "history.xml"
    file.write_text(xport(times=True))
    for said, first in (
        (None, "2026-10-13T00:00+05:00"),
        ("end", "2026-10-13T00:00+05:00"),
        ("start", "2026-10-13T01"),
    ):
        layout = replace(HOURLY, value_column="in", stamps=said)  # type: ignore[arg-type]
        assert read_file(file, layout).first.startswith(first)


REFUSED: dict[str, tuple[str, str]] = {
    "decimal comma without quotes": (
        "t,v\n2026-10-05 00:00,123,75\n",
        r"row 2 has 3 fields, the header has 2: .*123 \| 75",
    ),
    "thousands comma without quotes": ("t,v\n2026-10-05 00:00,1,460.5\n", "row 2 has 3 fields"),
    "the same without a header": ("2026-10-05 00:00,1,460.5\n", "which column has the values"),
    "thousands or decimals": ("t;v\n2026-10-05 00:00;1.234\n", r'"1.234" may be 1.234 or 1234; .*--decimal "."'),
    "thousands or decimals, comma": (
        't,v\n2026-10-05 00:00,"1,234"\n',
        r'"1,234" may be 1.234 or 1234; .*--decimal ","',
    ),
    "day or month": ("t,v\n01/02/2026 00:00,5\n", "day or the month first, .*--time-format day-first"),
    "both orders": ("t,v\n13/02/2026 00:00,5\n02/13/2026 00:00,5\n", "day first in some rows"),
    "a value a day": (
        "t,v\n2026-10-05,5\n2026-10-06,6\n2026-10-07,5\n",
        r"row 3 \(2026-10-06T00:00\S+\) comes 24 hours after the row before it.*; export a value for every hour",
    ),
    "hours of a day without a date": ("0, 0.6\n1, 0.3\n2, 0.4\n", "row 1 has an hour of the day without its date"),
    "two columns of values": ("t,a,b\n2026-10-05 00:00,5,6\n", 'has "a", "b"; say it with --value-column'),
    "a first row with a word": ("t,v\n2026-10-05 00:00,--\n2026-10-05 01:00,5\n", "leave it empty if unknown"),
    "a short row": ("t,v\n2026-10-05 00:00,5\n2026-10-05 01:00\n", "row 3 has 1 field,"),
    "a row of totals": ("t,v\n2026-10-05 00:00,5\nTotal,5\n", "row 3: 'Total' is no time stamp"),
    "another notation in a later row": ("t;v\n2026-10-05 00:00;5,5\n2026-10-05 01:00;5.5\n", "are in one column"),
    "an error of Prometheus": ('{"status":"error","error":"bad"}', "is an error: bad; export it again"),
    "a partial answer": ('{"status":"success","isPartial":true,"data":{}}', "is a partial answer"),
    "a vector": ('{"status":"success","data":{"resultType":"vector","result":[]}}', "answered a vector"),
    "native histograms": (
        '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"x"},"histograms":[[1,{}]]}]}}',
        r"x\{\} has native histograms, not values; export a figure of them",
    ),
    "nothing of Prometheus": ('{"status":"success","data":{"resultType":"matrix","result":null}}', "no rows to import"),
    "JSON that breaks off": ('{"status":"succ', "line 1, column 11: begins as JSON but is none, or breaks off; export"),
    "JSON with a number that nobody can measure": (f"[{'1' * 5000}]", "a number that is too long to be a value"),
    "one line of several that is no JSON": ('{"clock":1,"value":2}\n{"clock":2,}\n', "line 2, column 12: begins as"),
    "XML that breaks off": ("<xport>\n<meta>", "line 2, column 7: begins as XML but is none, or breaks off; export it"),
    "XML with an entity": ('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "is XML that no export of RRDtool has"),
    "a quote that is not closed": (
        't,v\n2026-10-05 00:00,"5\n' + "x" * 140_000,
        "row 3: .* more than 131,072 characters",
    ),
    "a row of Zabbix without its value": ('[{"clock":1,"value":2},{"clock":2}]', '"value" is missing'),
    "a part of another shape": ('{"status":"success","data":{"resultType":"matrix","result":[7]}}', "another shape"),
    "values with their unit": (
        "Time,edge-1\n2026-10-05 00:00:00,1.00 Gb/s\n2026-10-05 01:00:00,998 Mb/s\n",
        "row 2: '1.00 Gb/s' .* has the unit 'Gb/s'; export plain numbers, in Grafana without Formatted data",
    ),
    "one value with its unit": (
        "t;v\n2026-10-05 00:00;5,5\n2026-10-05 01:00;44 %\n",
        "row 3: '44 %' in column \"v\" has the unit '%'",
    ),
    "start and end": (
        "end,start,v\n2026-10-05 01:00,2026-10-05 00:00,5\n",
        '"end", "start" have time stamps; say it with',
    ),
    "an export of VictoriaMetrics that breaks off": (
        '{"metric":{},"values":[1],"timestamps":[1791140400000]}\n{"metric":{},"values":[1]}\n',
        "is JSON, but no range of Prometheus, export of VictoriaMetrics",
    ),
    "values of VictoriaMetrics without their stamps": (
        '{"metric":{},"values":[1,2],"timestamps":[1791140400000]}',
        "part of it has another shape; export it again",
    ),
    "JSON of something else": ('{"a":1}', "no range of Prometheus"),
    "XML of something else": ("<a/>", "not what `rrdtool xport` writes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_damaged_or_fits_two_readings_is_refused(tmp_path: Path, name: str) -> None:
    content, message = REFUSED[name]
    file = tmp_path / "history.csv"
    file.write_text(content)
    with pytest.raises(CsvError, match=message):
        read_file(file, HOURLY)


def test_a_workbook_with_the_time_of_day_in_its_own_column(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Date", "Time", "Sessions"])
    for hour, value in enumerate(VALUES):
        sheet.append([datetime.datetime(2026, 10, 13), datetime.time(hour), value])  # noqa: DTZ001 - as Excel has it
    path = tmp_path / "two.xlsx"
    book.save(path)
    read = read_file(path, HOURLY)
    assert ("time", '"Date" and "Time", joined') in read.notes
    [day] = read.days
    assert day.coverage == 1.0
    assert (read.least, read.most) == (min(VALUES), BUSY)


def test_a_duration_beside_a_row_a_day_is_no_time_of_day(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    rows = [f"2026-10-{day:02d},03:15,{1000 + day}" for day in range(1, 11)]
    path.write_text("\n".join(["day,longest outage,sessions", *rows, ""]))
    with pytest.raises(CsvError, match=r"row 3 \(2026-10-02T00:00\S+\) comes 24 hours after"):
        read_file(path, replace(HOURLY, value_column="sessions"))


def test_what_is_said_settles_what_is_ambiguous(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text("t;v\n01/02/2026 00:00;1.234\n")
    read = read_file(file, replace(HOURLY, thousands=".", time_format="day-first"))
    assert (str(read.days[0].date), read.most) == ("2026-02-01", 1234.0)
    read = read_file(file, replace(HOURLY, decimal=".", time_format="month-first"))
    assert (str(read.days[0].date), read.most) == ("2026-01-02", 1.234)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='0123456789.,;:-/ \tTt|"{}[]<>\nnaé', max_size=120))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("any") / "history.csv"
    file.write_text(text, "utf-8")
    refusal = ""
    try:
        read_file(file, HOURLY)
    except CsvError as error:
        refusal = str(error)
    assert not refusal or "history.csv" in refusal


# --- counters ---------------------------------------------------------------------------------------------------------


def rates(values: Sequence[float]) -> tuple[list[float], list[str]]:
    times = np.arange(len(values), dtype=np.float64) * 60.0
    _, found, remarks = counter_rates(times, np.array(values), 120.0)
    return [round(value, 6) for value in found.tolist()], [text for _, text in remarks]


def test_a_small_step_back_is_no_restart() -> None:
    found, remarks = rates([9e14, 9e14 + 6e5, 9e14 + 6e5 - 1500, 9e14 + 18e5, 9e14 + 24e5])
    assert found == [1e4] * 4
    assert len(remarks) == 1
    assert "steps back by 1500" in remarks[0]


def test_a_restart_counts_from_zero() -> None:
    found, remarks = rates([6e5, 12e5, 3e5, 9e5])
    assert found == [1e4, 5e3, 1e4]
    assert "began again at zero" in remarks[0]


@pytest.mark.parametrize("bits", [32, 64])
def test_a_full_counter_goes_on(bits: int) -> None:
    top = 2.0**bits
    step = 2.0**26
    found, remarks = rates([top - 2 * step, top - step, 0.0, step])
    assert found == [round(step / 60, 6)] * 3
    assert f"{bits} bits was full" in remarks[0]


def test_a_fall_that_is_neither_is_left_out() -> None:
    found, remarks = rates([9e14, 9e14 + 6e5, 5e14, 5e14 + 6e5])
    assert found == [1e4, 1e4]
    assert "is left out" in remarks[0]


@pytest.mark.parametrize("second", ["1234", "9999"])
def test_two_values_of_one_second_are_told_and_none_is_dropped(tmp_path: Path, second: str) -> None:
    # Zabbix tells values of one second apart by their nanoseconds only.
    rows = [{"itemid": "7", "clock": str(UNIX + 3600 * hour), "value": "1234", "ns": "1"} for hour in range(24)]
    rows.insert(3, rows[2] | {"value": second, "ns": "2"})
    path = tmp_path / "history.json"
    path.write_text(json.dumps({"jsonrpc": "2.0", "result": rows}))
    with pytest.raises(CsvError, match=rf"item 7 has two values at {UNIX + 7200}; leave one of them"):
        read_file(path, HOURLY)


@pytest.mark.parametrize("lag", [0.0, 300.0])
def test_a_counter_that_two_replicas_wrote_into_one_series(lag: float) -> None:
    # VictoriaMetrics without deduplication keeps both samples of one instant, in any order.
    times = np.repeat(np.arange(0, 3600, 60.0), 2)
    values = np.repeat(6000.0 * np.arange(1, 61), 2)
    values[np.arange(0, 120, 2) + np.arange(60) % 2] -= lag
    minutes, rates, remarks = counter_rates(times, values, 120.0)
    assert (len(minutes), set(rates.tolist())) == (59, {100.0})
    assert remarks == [(0.0, "several values at one instant; here and wherever that is so the greatest counts")]
