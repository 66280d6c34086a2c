"""ott-busyhour: records busy hours, reports them, and says when capacity runs out."""

import argparse
import gc
import os
import sys
from pathlib import Path

from service import program
from service.program import Exit

EXAMPLES = (
    "ott-busyhour serve --config /etc/ottwatch/busyhour.toml",
    "ott-busyhour report --scope platform --quantity sessions --month 2026-10",
    "ott-busyhour report --live --from 2026-11-01 --to 2026-11-07 --xlsx week.xlsx",
    "ott-busyhour backfill --from 2026-10-01 --to 2026-10-31",
    "ott-busyhour import cacti.csv --quantity egress_bits_per_second --step 5m --dry-run",
    "ott-busyhour check-config --config /etc/ottwatch/busyhour.toml",
)


def command_line() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = program.parser("ott-busyhour", __doc__, EXAMPLES)
    commands = program.subcommands(
        parser,
        [
            ("serve", "record every day shortly after local midnight and serve /metrics"),
            ("report", "print a report from the records, or straight from Prometheus"),
            ("backfill", "record past days from Prometheus; days that have a record are left alone"),
            ("import", "record days from a file: CSV, Excel, RRDtool, Zabbix, Prometheus's JSON"),
            ("check-config", "read the settings and say whether they can be used"),
        ],
    )
    for name, command in commands.items():
        command.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML); without it the defaults")
        if name != "check-config":
            command.add_argument("--database", metavar="URL", help="instead of the database in the settings")
    _report(commands["report"])
    _import(commands["import"])
    backfill = commands["backfill"]
    backfill.add_argument("--from", dest="first", required=True, metavar="DAY", help="first local day, 2026-01-31")
    backfill.add_argument("--to", dest="last", required=True, metavar="DAY", help="last local day")
    return parser


def _report(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--scope", action="append", metavar="SCOPE", help='"platform", "site:NAME" or "node:NAME"; may be repeated')
    add("--quantity", action="append", metavar="NAME", help="may be repeated; without it everything recorded")
    add("--from", dest="first", metavar="DAY", help="first local day; without it the first recorded")
    add("--to", dest="last", metavar="DAY", help="last local day; without it the last recorded")
    add("--month", metavar="YYYY-MM", help="instead of --from and --to")
    add("--year", metavar="YYYY", help="instead of --from and --to")
    add("--zone", metavar="NAME", help="cut the days in this zone of the tz database")
    add("--min-coverage", type=float, metavar="SHARE", help="days with less are shown but not counted")
    add("--fixed-hour", metavar="HH:MM", help="the hour of FDMH")
    add("--fixed-period", metavar="HH:MM-HH:MM", help="the period of FDMP")
    add("--exceptional", action="append", default=[], metavar="DAY", help="confirm a day as exceptional")
    add("--language", metavar="CODE", help="of the table, the page and the workbook, such as en")
    add("--live", action="store_true", help="compute from Prometheus without touching the database")
    what_if = parser.add_argument_group("what if (the forecast keeps its range)").add_argument
    what_if("--growth", metavar="PERCENT", help='a month, such as "2%%", or "30%%/year", in place of the one found')
    what_if("--add-node", action="append", default=[], metavar="SITE=AMOUNT", help="a further node; may be repeated")
    what_if("--lose", metavar="SITE", help="a site or node that fails, in place of the largest node")
    what_if("--event", metavar="PERCENT", help='how much more an event asks for, such as "+30%%"')
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="one JSON object; a list where several are asked for")
    output.add_argument("--csv", action="store_true", help="one row a day")
    output.add_argument("--xlsx", type=Path, metavar="FILE", help="an Excel workbook")
    output.add_argument("--pdf", type=Path, metavar="FILE", help="the page, printed by Chromium")
    output.add_argument("--html", type=Path, metavar="FILE", help="a self-contained page with charts")


def _import(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", type=Path, metavar="FILE")
    add("--scope", default="platform", help="whose traffic this is")
    add("--quantity", required=True, help="what it is, such as sessions")
    add("--time-column", metavar="NAME", help="name or number of the column with the time stamp; detected")
    add(
        "--value-column",
        metavar="NAME",
        help="name or number of the column with the value; detected if it is the only one",
    )
    add("--where", metavar="COLUMN=VALUE", help="only the rows with this value")
    add(
        "--kind",
        choices=["gauge", "volume", "counter"],
        default="gauge",
        help="mean, amount per step, or running total",
    )
    add("--step", required=True, metavar="DURATION", help="length of a row's interval: 1m, 5m, 15m, 30m or 1h …")
    add(
        "--phase",
        default="0s",
        metavar="DURATION",
        help="where intervals begin in the hour: 30m for stamps at half past",
    )
    add("--scale", type=float, help="factor for every value, such as 1e6 for Mbit/s; without it 1")
    add("--zone", metavar="NAME", help="of stamps without an offset, and of the days; without it the settings' zone")
    add("--sort", action="store_true", help="accept rows in any order")
    add("--repeated-hour", choices=["refuse", "skip"], default="refuse", help="stamps that happen twice without offset")
    add("--replace", action="store_true", help="overwrite days that have a record")
    add("--dry-run", action="store_true", help="read the file and show how, but record nothing")
    _form(parser)


def _form(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group(
        "how the file is written (each is detected and shown; give it where it is not)"
    ).add_argument
    add("--delimiter", metavar="SIGN", help='between columns: ",", ";", "tab" or "|"')
    add("--decimal", choices=[".", ","], help="the decimal sign")
    add("--thousands", choices=[".", ",", "space", "none"], help="the mark between groups of three digits")
    add("--encoding", metavar="NAME", help="such as utf-8, utf-16, cp1251 or cp866")
    add(
        "--time-format",
        metavar="FORM",
        help='iso, epoch, epoch-ms, epoch-us, epoch-ns, day-first, month-first, year-first or "%%d %%b %%Y %%H:%%M"',
    )
    add(
        "--stamps",
        choices=["start", "end"],
        help="whether stamps are the start or the end of intervals; known of some programs, otherwise the start",
    )
    add("--header", choices=["yes", "no"], help="whether a row names the columns")
    add("--preamble", type=int, metavar="LINES", help="lines to leave out at the beginning")
    add("--sheet", metavar="NAME", help="of a workbook")


def main() -> int:
    """Run the program."""
    parsed = command_line().parse_args()
    if parsed.command == "report" and not parsed.live:
        # Records are many objects without cycles; looking for cycles as often as usual takes a tenth of the run.
        gc.set_threshold(100_000)
    # On import numpy's linear algebra starts a busy thread for every core; no figure here needs one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from dashboards.busy_hour.app import commands  # noqa: PLC0415 - --help and --version answer without the extra
    except ImportError as error:
        return program.missing_extra("ott-busyhour", "busyhour", error)
    return program.run(commands.run, parsed)


if __name__ == "__main__":
    sys.exit(main() or Exit.FINE)
