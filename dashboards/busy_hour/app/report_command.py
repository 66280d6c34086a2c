"""`ott-busyhour report`: reports from the database or from Prometheus, as a table or as a file."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from dashboards.busy_hour.app import reports, settings
from dashboards.busy_hour.app.call import CallError, database, day, server
from dashboards.busy_hour.app.settings import Settings
from dashboards.busy_hour.measures import quantities, scenario
from dashboards.busy_hour.measures.quantities import sources
from dashboards.busy_hour.measures.scenario import Scenario
from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.recorder import Recorder, is_over
from dashboards.busy_hour.records.store import Store
from dashboards.busy_hour.report.render_json import to_object
from dashboards.busy_hour.report.render_text import days_csv, table
from dashboards.busy_hour.report.report import Report, ReportError, Rules
from dashboards.busy_hour.report.words import Words
from service import progress
from service.program import Exit
from service.setting_types import time_zone


def run(arguments: argparse.Namespace, chosen: Settings) -> int:
    """Write reports; raise CallError or ReportError."""
    rules = _rules(arguments, chosen)
    first, last = _period(arguments)
    scopes = arguments.scope or None
    try:
        for name in scopes or []:
            quantities.scope_name(name)
        for name in arguments.quantity or []:
            quantities.quantity_name(name)
    except ValueError as error:
        raise CallError(str(error)) from None
    now = time.time()
    if first is not None and not is_over(rules.calendar.day(first), now):
        raise CallError(f"{first} is not over in {rules.calendar.zone.key}: there is nothing to report yet")
    if arguments.live:
        if first is None or last is None:
            raise CallError("--live needs --from and --to (or --month, --year)")
        store = Store("sqlite://")
        wanted = [
            source
            for source in sources(chosen.source)
            if (scopes is None or source.level in {name.split(":")[0] for name in _with_elements(scopes)})
            and (not arguments.quantity or source.quantity in arguments.quantity)
        ]
        last_over = min(last, rules.calendar.day_of(now) - timedelta(days=1))
        with closing(server(chosen)) as asked:
            Recorder(asked, store, wanted, rules.calendar, chosen.replica_labels).record(
                progress.over(list(rules.calendar.days(first, last_over)), "report", "days"), now
            )
    else:
        store = Store(database(arguments, chosen))
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
        raise CallError(str(error)) from None
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
        raise CallError("--min-coverage is a share above 0 and up to 1")
    confirmed = {day(text, "--exceptional"): "" for text in arguments.exceptional}
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
        raise CallError(str(error)) from None


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
        raise CallError("give --month, or --year, or --from and --to")
    try:
        if arguments.month:
            first = date.fromisoformat(f"{arguments.month}-01")
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if arguments.year:
            return date(int(arguments.year), 1, 1), date(int(arguments.year), 12, 31)
    except ValueError:
        raise CallError("write --month 2026-10 or --year 2026") from None
    first_day = day(arguments.first, "--from") if arguments.first else None
    last_day = day(arguments.last, "--to") if arguments.last else None
    if first_day and last_day and first_day > last_day:
        raise CallError(f"--from {first_day} is later than --to {last_day}")
    return first_day, last_day
