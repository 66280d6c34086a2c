"""What monitoring programs write: JSON of several of them, XML and text of RRDtool."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from dashboards.busy_hour.records.table import CsvError, Table
from service.nouns import counted

_TIMES = ("time", "value")


def from_json(path: Path, text: str) -> Table:
    """Read what Prometheus, VictoriaMetrics, Zabbix (API, .ndjson), LibreNMS and RRDtool write as JSON."""
    found = _documents(path, text)
    if isinstance(found, dict) and found.get("status") == "error":
        raise CsvError(f"{path}: is an error: {found.get('error') or found.get('message')}; export it again")
    if isinstance(found, dict) and (found.get("warnings") or found.get("isPartial")):
        raise CsvError(f"{path}: is a partial answer ({found.get('warnings') or 'isPartial'}); export it again")
    if isinstance(found, dict) and isinstance(found.get("error"), dict):
        raise CsvError(
            f"{path}: is an error of Zabbix: {found['error'].get('data') or found['error'].get('message')}; "
            "export it again"
        )
    try:
        return (
            _prometheus(found)
            or _victoriametrics(found)
            or _zabbix(found)
            or _librenms(found)
            or _rrd_json(found)
            or _unknown(path)
        )
    except CsvError:
        raise
    except KeyError as error:
        raise CsvError(f'{path}: "{error.args[0]}" is missing from a part of it; export it again') from None
    except (TypeError, ValueError, IndexError, AttributeError):
        raise CsvError(f"{path}: is JSON of a known form, but part of it has another shape; export it again") from None


def _documents(path: Path, text: str) -> Any:
    """Return the one document, or those of a file with one on each line as a list."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for _, line in lines):
        return [_parsed(path, line, f"line {number}: ") for number, line in lines]
    return _parsed(path, text)


def _parsed(path: Path, text: str, place: str = "") -> Any:
    try:
        # RRDtool before 1.5 writes its keys without quotes; only documents that are JSON are read.
        return json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        where = place.removesuffix(": ") or f"line {error.lineno}"
        raise CsvError(
            f"{path}: {where}, column {error.colno}: begins as JSON but is none, or breaks off; export it again"
        ) from None
    except ValueError:  # a number of more digits than Python reads
        raise CsvError(f"{path}: {place}has a number that is too long to be a value; export it again") from None


def _unknown(path: Path) -> Table:
    raise CsvError(
        f"{path}: is JSON, but no range of Prometheus, export of VictoriaMetrics, history of Zabbix, bill of LibreNMS "
        "or export of RRDtool; export one of these, or CSV"
    )


def _prometheus(found: Any) -> Table | None:
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, dict) or "resultType" not in data:
        return None
    if data["resultType"] != "matrix":
        raise CsvError(f"Prometheus answered a {data['resultType']}, not a range; export from /api/v1/query_range")
    series = data["result"] or []
    names = [_labels(one["metric"]) for one in series]
    if bare := next((name for name, one in zip(names, series, strict=True) if one.get("histograms")), None):
        raise CsvError(f"{bare} has native histograms, not values; export a figure of them, such as histogram_count()")
    table = _joined([(name, one["values"]) for name, one in zip(names, series, strict=True)], "Prometheus, query_range")
    table.doubt = (
        "Prometheus looks back from each stamp: of rate(…) or avg_over_time(…) over a range such as [1h] the stamp is "
        "the end of the interval, and it is taken for the start; say --stamps end, or --stamps start where it is right"
    )
    return table


def _labels(metric: dict[str, str]) -> str:
    rest = ",".join(f'{key}="{value}"' for key, value in sorted(metric.items()) if key != "__name__")
    return f"{metric.get('__name__', '')}{{{rest}}}"


_EXPORTED = {"metric", "values", "timestamps"}


def _victoriametrics(found: Any) -> Table | None:
    """Read `/api/v1/export`: an object a line, with samples as they are stored; a long series has several lines."""
    lines = found if isinstance(found, list) else [found]
    if not lines or not all(isinstance(line, dict) and line.keys() >= _EXPORTED for line in lines):
        return None
    series: dict[str, list[tuple[Any, Any]]] = {}
    for line in lines:
        series.setdefault(_labels(line["metric"]), []).extend(zip(line["timestamps"], line["values"], strict=True))
    return _joined(list(series.items()), "VictoriaMetrics, export")


def _zabbix(found: Any) -> Table | None:
    """Read `history.get` and `trend.get`, and what the server's ExportDir holds: one object a line."""
    rows = found.get("result") if isinstance(found, dict) else found
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict) or "clock" not in rows[0]:
        return None
    key, program = next((each for each in _ZABBIX if each[0] in rows[0]), ("value", "Zabbix, history"))
    items: dict[str, list[tuple[Any, Any]]] = {}
    for row in rows:
        items.setdefault(_item(row), []).append((row["clock"], row[key]))
    return _joined(list(items.items()), program)


# The field with a row's figure: of history, of `trend.get`, and of exported trends.
_ZABBIX = (("value", "Zabbix, history"), ("value_avg", "Zabbix, trend.get"), ("avg", "Zabbix, exported trends"))


def _item(row: dict[str, Any]) -> str:
    """Return the name of a row's item: with its host where the file has names, else its number."""
    host = row.get("host")
    if isinstance(host, dict) and "name" in row:
        return f"{host.get('name') or host['host']}: {row['name']}"
    return f"item {row.get('itemid', '')}".strip()


_POLLS = 450  # s: LibreNMS polls its bills every 300 s; a longer distance is a mean of several polls
_BILL = {"in_data": "in", "out_data": "out", "tot_data": "total"}


def _librenms(found: Any) -> Table | None:
    """Read `/api/v0/bills/:id/graphdata/bits`: bits a second, each the mean of the time up to its tick."""
    data = found.get("graph_data") if isinstance(found, dict) else None
    if not isinstance(data, dict):
        return None
    again = "export /api/v0/bills/ID/graphdata/bits?reducefactor=1&from=…&to=…"
    if "ticks" not in data:
        raise CsvError(f"has sums of whole billing periods of LibreNMS, which have no busy hour; {again}")
    ticks = [int(tick) for tick in data["ticks"]]
    for key in _BILL:
        if len(data[key]) != len(ticks):
            values, wanted = counted(len(data[key]), "value"), counted(len(ticks), "tick")
            raise CsvError(f'"{key}" of LibreNMS has {values} for {wanted}; export it again')
    distances = sorted(after - before for before, after in pairwise(ticks))
    if distances and distances[len(distances) // 2] > _POLLS:
        raise CsvError(f"LibreNMS put the means of {distances[len(distances) // 2]} s into one value; {again}")
    table = _joined([(name, list(zip(ticks, data[key], strict=True))) for key, name in _BILL.items()], "LibreNMS, bits")
    table.stamps = "end"
    return table


def _rrd_json(found: Any) -> Table | None:
    if not isinstance(found, dict) or "meta" not in found or "data" not in found:
        return None
    meta = found["meta"]
    start, step = int(meta["start"]), int(meta["step"])
    names = [str(name) for name in meta["legend"]]
    return _steps(names, start, step, found["data"], "RRDtool, xport")


def _joined(series: Sequence[tuple[str, Sequence[Sequence[Any]]]], program: str) -> Table:
    """Return one row an instant, one column a series; a series without a value there has an empty cell."""
    doubled = [name for name, count in Counter(name for name, _ in series).items() if count > 1]
    if doubled:
        raise CsvError(f"two series are named {doubled[0]}; export one of them")
    rows: dict[str, list[str]] = {}
    for place, (name, points) in enumerate(series):
        for moment, value in points:
            cells = rows.setdefault(str(moment), [""] * len(series))
            if cells[place]:
                raise CsvError(
                    f"{name} has two values at {moment}; leave one of them, or export means of whole minutes"
                )
            cells[place] = "" if value is None else str(value)
    ordered = sorted(rows.items(), key=lambda item: float(item[0]))
    table = [(number, [moment, *cells]) for number, (moment, cells) in enumerate(ordered, 1)]
    return Table([_TIMES[0], *(name for name, _ in series)], table, "", named=True, notes=[("program", program)])


# RRDtool states the end of an interval, in `xport` and in `fetch`.
def _steps(names: Sequence[str], start: int, step: int, data: Sequence[Sequence[Any]], program: str) -> Table:
    rows = [
        (number + 1, [str(start + number * step), *("" if value is None else str(value) for value in values)])
        for number, values in enumerate(data)
    ]
    notes = [("program", program), ("step", f"{step} s")]
    return Table([_TIMES[0], *names], rows, "", named=True, notes=notes, stamps="end", step=step)


def cacti_step(preamble: Sequence[Sequence[str]]) -> int | None:
    """Return the step that Cacti states above a graph's values, whatever the language; None for another program.

    graph_xport.php of Cacti 1.2.24 writes the start, the end, the step and the number of rows, two fields each, and
    hands on the stamps of `rrdtool xport`.
    """
    cells = [row[1] if len(row) == 2 else "" for row in preamble]
    for start, end, step, rows in zip(cells, cells[1:], cells[2:], cells[3:], strict=False):
        if _CACTI.fullmatch(start) and _CACTI.fullmatch(end) and step.isdigit() and rows.isdigit():
            return int(step)
    return None


def is_sadf(header: Sequence[str]) -> bool:
    """Return whether `sadf -d` of sysstat wrote a header: its stamps are the ends of the intervals that it averages."""
    return list(header[:3]) == ["# hostname", "interval", "timestamp"]


_CACTI = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def from_xml(path: Path, text: str) -> Table:
    """Read the XML of `rrdtool xport`."""
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415 - only XML needs it

    try:
        root: Element = fromstring(
            text.encode() if "encoding=" not in text[:100] else text.encode("iso-8859-1", "replace")
        )
    except ParseError as error:
        line, column = error.position
        raise CsvError(
            f"{path}: line {line}, column {column + 1}: begins as XML but is none, or breaks off; export it again"
        ) from None
    except ValueError:  # entities, which an export has none of, or an encoding that does not exist
        raise CsvError(
            f"{path}: is XML that no export of RRDtool has (entities, or an unknown encoding); export it again"
        ) from None
    rows = root.findall("./data/row")
    legend = [entry.text or "" for entry in root.findall("./meta/legend/entry")]
    start, step = root.findtext("./meta/start"), root.findtext("./meta/step")
    if root.tag != "xport" or not rows or start is None or step is None:
        raise CsvError(f"{path}: is XML, but not what `rrdtool xport` writes; export it so, or as CSV")
    cells = [[value.text or "" for value in row.findall("v")] for row in rows]
    times = [row.findtext("t") for row in rows]
    table = _steps(legend, int(start), int(step), cells, "RRDtool, xport")
    if all(times):
        table.rows = [(number, [str(at), *row]) for number, (at, row) in enumerate(zip(times, cells, strict=True), 1)]
    return table


_FETCHED = re.compile(r"(\d{9,10}): +(\S.*)")


def fetched(text: str) -> Table | None:
    """Return what `rrdtool fetch` printed: names of the sources, an empty line, and "1791140400: 1.2e+03 nan"."""
    lines = text.splitlines()
    first = next((place for place, line in enumerate(lines) if _FETCHED.fullmatch(line.strip())), None)
    if first is None:
        return None
    names = next((line.split() for line in lines[:first] if line.strip()), [])
    rows = []
    for number, line in enumerate(lines[first:], first + 1):
        if not line.strip():
            continue
        found = _FETCHED.fullmatch(line.strip())
        cells = found[2].split() if found else []
        if found is None or len(cells) != len(names):
            values = counted(len(names), "value")
            raise CsvError(f"row {number} is no row of `rrdtool fetch` with {values}: {line[:80]}; export it again")
        rows.append((number, [found[1], *cells]))
    return Table([_TIMES[0], *names], rows, "", named=True, notes=[("program", "RRDtool, fetch")], stamps="end")
