"""The subcommands of ott-busyhour: settings and arguments in, exit status out."""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.busy_hour.app import reports, settings
from dashboards.busy_hour.app.settings import Settings
from dashboards.busy_hour.measures import quantities, scenario
from dashboards.busy_hour.measures.quantities import sources
from dashboards.busy_hour.measures.scenario import Scenario
from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records import importer
from dashboards.busy_hour.records.recorder import Recorder, is_over
from dashboards.busy_hour.records.store import Store, StoreError
from dashboards.busy_hour.report.render_json import to_object
from dashboards.busy_hour.report.render_text import days_csv, table
from dashboards.busy_hour.report.report import Report, ReportError, Rules
from dashboards.busy_hour.report.words import Words
from service import progress
from service.durations import parse_duration
from service.nouns import counted
from service.program import Exit
from service.secrets import read_by_root_alone, unreadable
from service.setting_types import time_zone
from service.settings import SettingsError

if TYPE_CHECKING:
    from dashboards.busy_hour.records.query import Server


class _CallError(ValueError):
    """The call makes no sense."""


def run(arguments: argparse.Namespace) -> int:
    """Run the subcommand; what was asked wrongly is status 2, what failed is status 1."""
    try:
        chosen = settings.read(arguments.config)
        return _COMMANDS[arguments.command](arguments, chosen)
    except (_CallError, ReportError, importer.CsvError) as error:
        print(f"ott-busyhour: {error}", file=sys.stderr)
        return Exit.UNUSABLE if isinstance(error, _CallError) else Exit.FAILED
    except OSError as error:  # the database, the server, a secret
        print(f"ott-busyhour: {error}", file=sys.stderr)
        return Exit.FAILED


def _check_config(arguments: argparse.Namespace, chosen: Settings) -> int:
    if faults := unreadable(chosen, arguments.config or Path("defaults")):
        raise SettingsError(faults)
    for note in read_by_root_alone(chosen):
        print(f"{arguments.config}: {note}", file=sys.stderr)
    print("the settings can be used")
    return Exit.FINE


def _serve(arguments: argparse.Namespace, chosen: Settings) -> int:
    from dashboards.busy_hour.app import serve  # noqa: PLC0415 - a report needs no scheduler

    store = Store(_database(arguments, chosen))
    stopping = threading.Event()
    # A wait between two attempts ends with the service.
    return serve.run(lambda: settings.read(arguments.config), store, _server(chosen, stopping.wait), stopping)


def _backfill(arguments: argparse.Namespace, chosen: Settings) -> int:
    now = time.time()
    first, last = _day(arguments.first, "--from"), _day(arguments.last, "--to")
    calendar = chosen.calendar
    if first > last:
        raise _CallError(f"--from {first} is later than --to {last}")
    if not is_over(calendar.day(first), now):
        raise _CallError(f"--from {first}: that day is not over in {calendar.zone.key}, nothing can be recorded yet")
    with closing(Store(_database(arguments, chosen))) as store, closing(_server(chosen)) as server:
        recorder = Recorder(server, store, sources(chosen.source), calendar, chosen.replica_labels)
        days = calendar.days(first, min(last, calendar.day_of(now)))
        written = recorder.record(progress.over(list(days), "backfill", "days"), now)
    print(f"{counted(written, 'record')} written for {first} to {last}")
    return Exit.FINE


def _import(arguments: argparse.Namespace, chosen: Settings) -> int:
    try:
        scope = quantities.scope_name(arguments.scope)
        quantity = quantities.quantity_name(arguments.quantity)
        zone = time_zone(arguments.zone) if arguments.zone else chosen.time_zone
        layout = importer.Layout(
            time_column=arguments.time_column,
            value_column=arguments.value_column,
            kind=arguments.kind,
            step=_whole_seconds(arguments.step, "--step"),
            phase=_whole_seconds(arguments.phase, "--phase"),
            calendar=Calendar(zone, chosen.day_begins),
            scale=arguments.scale,
            quantity=quantity,
            where=_where(arguments.where),
            any_order="sort" if arguments.sort else "refuse",
            repeated_hour=arguments.repeated_hour,
            form=_form(arguments),
            decimal=arguments.decimal,
            thousands={"space": " ", "none": ""}.get(arguments.thousands, arguments.thousands),
            time_format=arguments.time_format,
            stamps=arguments.stamps,
        )
    except importer.CsvError:
        raise
    except ValueError as error:
        raise _CallError(str(error)) from None
    read = importer.read_file(arguments.file, layout)
    _show_reading(read)
    days = read.days
    if not days:
        raise importer.CsvError(f"{arguments.file}: no value lies in any day")
    now = time.time()
    # What is imported stays, so half a day would stand for the whole one and a slip of the year for the future.
    coming = [day.date for day in days if not is_over(day.series.span, now)]
    if coming:
        raise importer.CsvError(
            f"{arguments.file}: {coming[0]} is not over in {zone.key}; leave out its rows and those after it; "
            "nothing was imported"
        )
    summary = _summary(read, chosen.min_coverage)
    if arguments.dry_run:
        print(f"{summary}\nnothing was recorded (--dry-run)")
        return Exit.FINE
    with closing(Store(_database(arguments, chosen))) as store:
        known = importer.overlap(days, store.sources_of(days[0].date, days[-1].date), scope, quantity)
        if known and not arguments.replace:
            raise importer.CsvError(
                f"{arguments.file}: days recorded already: {len(known)}, the first {known[0]}; "
                "nothing was imported (--replace overwrites them)"
            )
        _check_kind(arguments, store.kinds_of(scope, quantity), f"{quantity} of {scope}")
        source = f"import:{arguments.file.name}"[:255]
        store.save(importer.records(days, (scope, quantity), source, int(now)))
    print(f"{summary}\n{counted(len(days), 'day')} imported, {days[0].date} to {days[-1].date}")
    return Exit.FINE


def _check_kind(arguments: argparse.Namespace, known: Collection[str], series: str) -> None:
    """Refuse amounts where means are recorded, and means where amounts are."""
    amounts = arguments.kind == "volume"
    if found := sorted(kind for kind in known if (kind == "volume") != amounts):
        raise importer.CsvError(
            f"{arguments.file}: {series} is recorded as {' and '.join(found)}, which is never mixed with "
            f"{arguments.kind}; say --kind {found[-1]}, or name another --quantity; nothing was imported"
        )


def _form(arguments: argparse.Namespace) -> importer.Form:
    delimiter = "\t" if arguments.delimiter in ("tab", "\\t") else arguments.delimiter
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise _CallError(f'--delimiter "{arguments.delimiter}": write one sign, or "tab"')
    if arguments.preamble is not None and arguments.preamble < 0:
        raise _CallError("--preamble is a number of lines")
    return importer.Form(
        delimiter=delimiter,
        encoding=arguments.encoding,
        header=None if arguments.header is None else arguments.header == "yes",
        preamble=arguments.preamble,
        sheet=arguments.sheet,
    )


def _show_reading(read: importer.Imported) -> None:
    for name, text in read.notes:
        print(f"{name}: {text}", file=sys.stderr)
    for remark in read.remarks[:20]:
        print(f"remark: {remark}", file=sys.stderr)
    if len(read.remarks) > 20:
        print(f"remark: and {len(read.remarks) - 20} more", file=sys.stderr)


def _summary(read: importer.Imported, min_coverage: float) -> str:
    complete = sum(day.coverage >= min_coverage for day in read.days)
    return (
        f"{counted(read.rows, 'row')} from {read.first} to {read.last}; as in the file: minimum {read.least:g}, "
        f"mean {read.mean:g}, maximum {read.most:g}; without a value {read.missing}, gaps {read.gaps}; "
        f"days {len(read.days)}, complete {complete}"
    )


def _report(arguments: argparse.Namespace, chosen: Settings) -> int:
    rules = _rules(arguments, chosen)
    first, last = _period(arguments)
    scopes = arguments.scope or None
    try:
        for name in scopes or []:
            quantities.scope_name(name)
        for name in arguments.quantity or []:
            quantities.quantity_name(name)
    except ValueError as error:
        raise _CallError(str(error)) from None
    now = time.time()
    if first is not None and not is_over(rules.calendar.day(first), now):
        raise _CallError(f"{first} is not over in {rules.calendar.zone.key}: there is nothing to report yet")
    if arguments.live:
        if first is None or last is None:
            raise _CallError("--live needs --from and --to (or --month, --year)")
        store = Store("sqlite://")
        wanted = [
            source
            for source in sources(chosen.source)
            if (scopes is None or source.level in {name.split(":")[0] for name in _with_elements(scopes)})
            and (not arguments.quantity or source.quantity in arguments.quantity)
        ]
        last_over = min(last, rules.calendar.day_of(now) - timedelta(days=1))
        with closing(_server(chosen)) as server:
            Recorder(server, store, wanted, rules.calendar, chosen.replica_labels).record(
                progress.over(list(rules.calendar.days(first, last_over)), "report", "days"), now
            )
    else:
        store = Store(_database(arguments, chosen))
    with closing(store):
        made = reports.build_all(store, rules, (scopes, arguments.quantity or None), (first, last))
    _write(made, arguments, arguments.language or chosen.language)
    return Exit.FINE


def _with_elements(scopes: Sequence[str]) -> list[str]:
    """A report of a platform or site compares it with its nodes."""
    return [*scopes, "node:*"] if any(not name.startswith("node:") for name in scopes) else list(scopes)


def _write(made: Sequence[Report], arguments: argparse.Namespace, language: str) -> None:
    try:
        settings.check_language("--language", language)
    except ValueError as error:
        raise _CallError(str(error)) from None
    chosen = Words(language)
    if arguments.json:
        objects = [to_object(report) for report in made]
        several = len(objects) > 1
        print(json.dumps(objects if several else objects[0], ensure_ascii=False, allow_nan=False))
    elif arguments.csv:
        texts = [days_csv(report) for report in made]
        print(texts[0] + "".join(text.partition("\n")[2] for text in texts[1:]), end="")
    elif arguments.xlsx:
        from dashboards.busy_hour.report.render_xlsx import workbook  # noqa: PLC0415 - a table needs no workbook

        _replace(arguments.xlsx, workbook(made, chosen))
        print(f"written: {arguments.xlsx}", file=sys.stderr)
    elif arguments.pdf:
        from dashboards.busy_hour.report.render_html import page  # noqa: PLC0415 - a table needs no templates
        from dashboards.busy_hour.report.render_pdf import printed  # noqa: PLC0415

        _replace(arguments.pdf, printed(page(made, chosen, time.time())))
        print(f"written: {arguments.pdf}", file=sys.stderr)
    elif arguments.html:
        from dashboards.busy_hour.report.render_html import page  # noqa: PLC0415 - a table needs no templates

        _replace(arguments.html, page(made, chosen, time.time()).encode())
        print(f"written: {arguments.html}", file=sys.stderr)
    else:
        print("\n".join(table(report, chosen) for report in made), end="")


def _replace(path: Path, content: bytes) -> None:
    """Write the whole file or leave the old one."""
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as error:
        raise ReportError(f"{path}: cannot be written: {error.strerror}") from None


def _rules(arguments: argparse.Namespace, chosen: Settings) -> Rules:
    rules = reports.rules_of(chosen)
    coverage = rules.min_coverage if arguments.min_coverage is None else arguments.min_coverage
    if not 0 < coverage <= 1:
        raise _CallError("--min-coverage is a share above 0 and up to 1")
    confirmed = {_day(text, "--exceptional"): "" for text in arguments.exceptional}
    try:
        zone = time_zone(arguments.zone) if arguments.zone else chosen.time_zone
        return replace(
            rules,
            calendar=Calendar(zone, chosen.day_begins),
            min_coverage=coverage,
            fixed_clock=settings.clock_seconds(arguments.fixed_hour) if arguments.fixed_hour else rules.fixed_clock,
            fixed_period=settings.period(arguments.fixed_period) if arguments.fixed_period else rules.fixed_period,
            exceptional={**confirmed, **rules.exceptional},
            scenario=_scenario(arguments, rules),
        )
    except ValueError as error:
        raise _CallError(str(error)) from None


def _scenario(arguments: argparse.Namespace, rules: Rules) -> Scenario:
    if arguments.add_node and len(arguments.quantity or []) != 1:
        raise ValueError("--add-node needs one --quantity: the one that its amount is of")
    texts = scenario.Texts(
        arguments.growth or "", tuple(arguments.add_node), arguments.lose or "", arguments.event or ""
    )
    return scenario.scenario_of(texts, rules.capacities)


def _period(arguments: argparse.Namespace) -> tuple[date | None, date | None]:
    named = [name for name in ("month", "year") if getattr(arguments, name)]
    if len(named) > 1 or (named and (arguments.first or arguments.last)):
        raise _CallError("give --month, or --year, or --from and --to")
    try:
        if arguments.month:
            first = date.fromisoformat(f"{arguments.month}-01")
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if arguments.year:
            return date(int(arguments.year), 1, 1), date(int(arguments.year), 12, 31)
    except ValueError:
        raise _CallError("write --month 2026-10 or --year 2026") from None
    first_day = _day(arguments.first, "--from") if arguments.first else None
    last_day = _day(arguments.last, "--to") if arguments.last else None
    if first_day and last_day and first_day > last_day:
        raise _CallError(f"--from {first_day} is later than --to {last_day}")
    return first_day, last_day


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _CallError(f'{option}: "{text}" is not a day; write 2026-01-31') from None


def _where(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    column, equals, value = text.partition("=")
    if not equals:
        raise _CallError(f'--where: "{text}" is not COLUMN=VALUE')
    return column, value


def _whole_seconds(text: str, option: str) -> int:
    seconds = 0.0 if text == "0" else parse_duration(text)
    if seconds != int(seconds):
        raise _CallError(f"{option} must be whole seconds")
    return int(seconds)


def _database(arguments: argparse.Namespace, chosen: Settings) -> str:
    try:
        return arguments.database or chosen.database_url()
    except OSError as error:
        raise StoreError(f"database: {error}") from None


def _server(chosen: Settings, pause: Callable[[float], object] = time.sleep) -> "Server":
    from dashboards.busy_hour.records.query import connect  # noqa: PLC0415 - a report from records asks nobody

    token = None
    if chosen.prometheus_token is not None:
        try:
            token = chosen.prometheus_token.read()
        except OSError as error:
            raise OSError(f"prometheus_token: {error}") from None
    return connect(chosen.prometheus, token, chosen.prometheus_timeout, pause)


_COMMANDS = {
    "serve": _serve,
    "report": _report,
    "backfill": _backfill,
    "import": _import,
    "check-config": _check_config,
}
