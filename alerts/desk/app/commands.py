"""What the subcommands do. Imported only when the desk's extra is installed."""

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from alerts.desk.alarms.correlation.correlator import Correlator, plan_of
from alerts.desk.app import access_commands, node_commands
from alerts.desk.app.check import check
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.backup import backup
from alerts.desk.core.database import Database
from alerts.desk.core.migrate import migrate
from alerts.desk.core.settings import Settings, database_url, read_settings
from alerts.desk.core.words import catalogue, languages
from service.database_trouble import trouble
from service.program import Exit
from service.secrets import read_by_root_alone

log = logging.getLogger("desk")
Command = Callable[[argparse.Namespace, Settings], int]


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen subcommand."""
    for language in languages():
        catalogue(language)  # terms that cannot be used are refused now, not on a page
    settings = read_settings(arguments.config)
    try:
        return _COMMANDS[arguments.command](arguments, settings)
    except SQLAlchemyError as error:
        print(f"the database does not work: {trouble(error)}", file=sys.stderr)
        return Exit.FAILED
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return Exit.FAILED


def topology_file(settings: Settings, config: Path) -> Path | None:
    """Return the file of the topology, relative to the settings; None where there is none."""
    return config.parent / settings.topology if settings.topology else None


def reread(config: Path, correlator: Correlator) -> Settings:
    """Read settings and topology again; raise SettingsError, with the old topology kept, for a mistake in either."""
    settings = read_settings(config)
    correlator.replace(plan_of(topology_file(settings, config)))
    return settings


def open_database(settings: Settings, path: Path) -> Database:
    """Return the database in this version's schema; SQLite's file and folder are made where they are missing."""
    url = database_url(settings, path)
    database = Database(url)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # what it tells of itself means nothing to an operator
    if database.sqlite and database.url.database:
        Path(database.url.database).parent.mkdir(parents=True, exist_ok=True)
    migrate(database)
    if not database.has_log():
        log.warning(
            "SQLite cannot keep a write-ahead log in this file system, so that readers hold up webhooks; move the "
            "database to a disk of this machine"
        )
    return database


# The web framework and the HTTP client cost a second of processor time to load: only who needs them loads them.
def _serve(arguments: argparse.Namespace, settings: Settings) -> int:
    from alerts.desk.app.kinds import CLOCKS  # noqa: PLC0415
    from alerts.desk.app.serve import serve  # noqa: PLC0415
    from alerts.desk.appeals.desk import rules_of  # noqa: PLC0415
    from alerts.desk.tickets.runtime import Runtime  # noqa: PLC0415
    from service.http_clients import check_environment  # noqa: PLC0415

    check_environment()
    appeals = rules_of(settings, arguments.config.parent)

    correlator = Correlator(plan_of(topology_file(settings, arguments.config)))
    runtime = Runtime(settings, open_database(settings, arguments.config), policy_of(settings, CLOCKS))
    serve(runtime, correlator, lambda: reread(arguments.config, correlator), appeals)
    return Exit.FINE


def _check(arguments: argparse.Namespace, settings: Settings) -> int:
    from alerts.desk.appeals.desk import rules_of  # noqa: PLC0415
    from service.http_clients import check_environment  # noqa: PLC0415

    check(settings, arguments.config)
    check_environment()
    policy_of(settings)
    rules_of(settings, arguments.config.parent)
    plan_of(topology_file(settings, arguments.config))
    for note in read_by_root_alone(settings):
        print(f"{arguments.config}: {note}", file=sys.stderr)
    print(f"{arguments.config}: fine")
    return Exit.FINE


def _migrate(arguments: argparse.Namespace, settings: Settings) -> int:
    open_database(settings, arguments.config).dispose()
    return Exit.FINE


def _token(arguments: argparse.Namespace, settings: Settings) -> int:
    return access_commands.token(arguments, open_database(settings, arguments.config))


def _account(arguments: argparse.Namespace, settings: Settings) -> int:
    return access_commands.account(arguments, lambda: open_database(settings, arguments.config), settings.language)


def _node(arguments: argparse.Namespace, settings: Settings) -> int:
    return node_commands.node(arguments, open_database(settings, arguments.config))


def _backup(arguments: argparse.Namespace, settings: Settings) -> int:
    # Not migrated: the copy made before an upgrade must be of what was there before the upgrade.
    backup(Database(database_url(settings, arguments.config)), arguments.to)
    return Exit.FINE


def _keys(arguments: argparse.Namespace, settings: Settings) -> int:
    from alerts.desk.alarms import dry_run as keys  # noqa: PLC0415
    from alerts.desk.tickets.runtime import utc_now  # noqa: PLC0415
    from service.prometheus import connect  # noqa: PLC0415

    policy = policy_of(settings)
    if arguments.payload:
        found = keys.from_payloads(arguments.payload, policy)
    elif settings.prometheus:
        group_by = arguments.group_by.split(",") if arguments.group_by else keys.GROUP_BY
        client = connect(settings.prometheus, token=settings.token_of_prometheus())
        try:
            found = keys.from_prometheus(client, policy, now=utc_now(), hours=arguments.hours, group_by=group_by)
        finally:
            client.close()
    else:
        raise ValueError(f"{arguments.config}: prometheus: is missing; add it, or name recorded webhooks")
    print(*keys.report(found), sep="\n")
    return Exit.FINE


def _topology(arguments: argparse.Namespace, settings: Settings) -> int:
    from alerts.desk.app.topology_commands import topology  # noqa: PLC0415

    return topology(arguments, settings, topology_file(settings, arguments.config))


def _appeals(arguments: argparse.Namespace, settings: Settings) -> int:
    from alerts.desk.appeals import csv_import  # noqa: PLC0415
    from alerts.desk.appeals.desk import rules_of  # noqa: PLC0415
    from alerts.desk.tickets.runtime import utc_now  # noqa: PLC0415

    rules = rules_of(settings, arguments.config.parent)
    if rules is None:
        raise ValueError(f"{arguments.config}: appeals: is missing; add the table [appeals]")
    now = utc_now()
    rows = csv_import.read(arguments.file, rules, now)
    database = open_database(settings, arguments.config)
    try:
        done = csv_import.bring_in(database, rules, rows, now, dry_run=arguments.dry_run)
    finally:
        database.dispose()
    what = "would be registered" if arguments.dry_run else "registered"
    print(
        f"{arguments.file}: {done.registered} {what}, {done.added} added to an open appeal of the same customer, "
        f"{done.known} were there already; {done.late} late"
    )
    return Exit.FINE


_COMMANDS: dict[str, Command] = {
    "serve": _serve,
    "check-config": _check,
    "migrate": _migrate,
    "token": _token,
    "account": _account,
    "node": _node,
    "backup": _backup,
    "keys": _keys,
    "topology": _topology,
    "appeals": _appeals,
}
