"""`ott-busyhour import`: days from a file into the database."""

import argparse
import sys
import time
from collections.abc import Collection
from contextlib import closing

from dashboards.busy_hour.app.call import CallError, database, whole_seconds
from dashboards.busy_hour.app.settings import Settings
from dashboards.busy_hour.measures import quantities
from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records import importer
from dashboards.busy_hour.records.recorder import is_over
from dashboards.busy_hour.records.store import Store
from service.nouns import counted
from service.program import Exit
from service.setting_types import time_zone


def run(arguments: argparse.Namespace, chosen: Settings) -> int:
    """Import a file; raise CallError or CsvError, and then nothing is imported."""
    try:
        scope = quantities.scope_name(arguments.scope)
        quantity = quantities.quantity_name(arguments.quantity)
        zone = time_zone(arguments.zone) if arguments.zone else chosen.time_zone
        layout = importer.Layout(
            time_column=arguments.time_column,
            value_column=arguments.value_column,
            kind=arguments.kind,
            step=whole_seconds(arguments.step, "--step"),
            phase=whole_seconds(arguments.phase, "--phase"),
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
        raise CallError(str(error)) from None
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
    with closing(Store(database(arguments, chosen))) as store:
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
        raise CallError(f'--delimiter "{arguments.delimiter}": write one sign, or "tab"')
    if arguments.preamble is not None and arguments.preamble < 0:
        raise CallError("--preamble is a number of lines")
    return importer.Form(
        delimiter=delimiter,
        encoding=arguments.encoding,
        header=None if arguments.header is None else arguments.header == "yes",
        preamble=arguments.preamble,
        sheet=arguments.sheet,
    )


def _where(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    column, equals, value = text.partition("=")
    if not equals:
        raise CallError(f'--where: "{text}" is not COLUMN=VALUE')
    return column, value


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
