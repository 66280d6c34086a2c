"""The subcommands of ott-busyhour: settings and arguments in, exit status out."""

import argparse
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

from dashboards.busy_hour.app import import_command, report_command, settings
from dashboards.busy_hour.app.call import CallError, database, day, server
from dashboards.busy_hour.app.settings import Settings
from dashboards.busy_hour.measures.quantities import sources
from dashboards.busy_hour.records.importer import CsvError
from dashboards.busy_hour.records.recorder import Recorder, is_over
from dashboards.busy_hour.records.store import Store
from dashboards.busy_hour.report.report import ReportError
from service import progress
from service.nouns import counted
from service.program import Exit
from service.secrets import read_by_root_alone, unreadable
from service.settings import SettingsError


def run(arguments: argparse.Namespace) -> int:
    """Run the subcommand; what was asked wrongly is status 2, what failed is status 1."""
    try:
        chosen = settings.read(arguments.config)
        return _COMMANDS[arguments.command](arguments, chosen)
    except (CallError, ReportError, CsvError) as error:
        print(f"ott-busyhour: {error}", file=sys.stderr)
        return Exit.UNUSABLE if isinstance(error, CallError) else Exit.FAILED
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

    store = Store(database(arguments, chosen))
    stopping = threading.Event()
    # A wait between two attempts ends with the service.
    return serve.run(lambda: settings.read(arguments.config), store, server(chosen, stopping.wait), stopping)


def _backfill(arguments: argparse.Namespace, chosen: Settings) -> int:
    now = time.time()
    first, last = day(arguments.first, "--from"), day(arguments.last, "--to")
    calendar = chosen.calendar
    if first > last:
        raise CallError(f"--from {first} is later than --to {last}")
    if not is_over(calendar.day(first), now):
        raise CallError(f"--from {first}: that day is not over in {calendar.zone.key}, nothing can be recorded yet")
    with closing(Store(database(arguments, chosen))) as store, closing(server(chosen)) as asked:
        recorder = Recorder(asked, store, sources(chosen.source), calendar, chosen.replica_labels)
        days = calendar.days(first, min(last, calendar.day_of(now)))
        written = recorder.record(progress.over(list(days), "backfill", "days"), now)
    print(f"{counted(written, 'record')} written for {first} to {last}")
    return Exit.FINE


_COMMANDS = {
    "serve": _serve,
    "report": report_command.run,
    "backfill": _backfill,
    "import": import_command.run,
    "check-config": _check_config,
}
