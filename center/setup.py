"""`ott-center setup`: configure this machine as a control centre; repeating it changes nothing."""

import argparse
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from center import access, alertmanager_file, authority, changes, desk_file, node, nodes, prometheus_file, services
from center.changes import Change
from center.places import ALERTMANAGER, DESK, PROMETHEUS, UNITS, Places
from center.refused import RefusedError, refusing
from center.services import CommandError
from service.nodes import Node
from service.program import Exit

PROGRAMS = {
    "prometheus": Path("/usr/bin/prometheus"),
    "prometheus-alertmanager": Path("/usr/bin/prometheus-alertmanager"),
}
OTHERS = {
    "desk": "127.0.0.1:9781",
    "busyhour": "127.0.0.1:9782",
    "prometheus": "127.0.0.1:9090",
    "alertmanager": "127.0.0.1:9093",
}
# Beside the usual one: a size, which may stand alone, and the old name, which the new one would overrule.
RETENTIONS = ("--storage.tsdb.retention.size", "--storage.tsdb.retention")
JOBS = frozenset(prometheus_file.JOBS)
UP_IN_TIME = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add("--site", help="the site of this machine; needed the first time")
    add("--name", default=os.uname().nodename, help="this machine's name in tickets; default: %(default)s")
    add("--administrator", default="admin", metavar="NAME", help="the first account; default: %(default)s")
    add("--yes", action="store_true", help="do not ask before anything is changed")
    add("--dry-run", action="store_true", help="show what would be changed, and change nothing")
    tls = parser.add_argument_group("TLS between Prometheus and the nodes")
    which = tls.add_mutually_exclusive_group()
    which.add_argument("--tls", action="store_true", help="with an authority of its own")
    which.add_argument("--tls-files", nargs=3, type=Path, metavar=("CA", "CERTIFICATE", "KEY"), help="given ones")
    which.add_argument("--no-tls", action="store_true", help="without")
    pictures = parser.add_argument_group("pictures of channels that the console shows").add_mutually_exclusive_group()
    pictures.add_argument("--pictures", action="store_true", default=None, help="get them from the agents; the default")
    pictures.add_argument("--no-pictures", action="store_false", dest="pictures", help="show none")


def run(arguments: argparse.Namespace, places: Places) -> int:
    """Show what changes, ask, change it, start everything and wait until every target is up."""
    if os.geteuid() != 0:
        raise RefusedError("only root can configure this machine")
    now = datetime.now(UTC)
    was = authority.is_on(places)
    tls = (was or arguments.tls or bool(arguments.tls_files)) and not arguments.no_tls
    shipped = _shipped(places)
    planned = plan(places, arguments.site, arguments.name, tls=tls, shipped=shipped)
    planned += desk_file.change(places, tls=tls, pictures=arguments.pictures)
    needed = [change for change in planned if change.needed]
    sys.stdout.writelines(change.difference() for change in needed)
    if arguments.dry_run:
        return Exit.FINE
    if needed and not arguments.yes and not _agreed():
        print("nothing was changed")
        return Exit.FAILED
    _switch_tls(arguments, places, now)
    renewed = _share(places, planned, tls=tls)
    if tls != was:
        node.tell(places, now)
    # Checked now: Prometheus refuses a file that names certificates which are not there.
    changes.verify(needed)
    for path in shipped:
        changes.write(changes.remembered(places, path), path.read_text("utf-8"), 0o600)
    for copy in changes.apply(planned, places, now.strftime("%Y%m%dT%H%M%SZ")):
        print(f"copy of what was there: {copy}")
    # Nodes that are there have to join first: nothing is wrong when Prometheus cannot ask them yet.
    jobs = JOBS - {"ott-agent"} if tls != was else JOBS
    changed = {change.path for change in needed} | ({places.desk} if renewed else set())
    return _start(arguments, places, changed, jobs)


def plan(places: Places, site: str | None, name: str, *, tls: bool, shipped: set[Path]) -> list[Change]:
    """Return every file of Prometheus and Alertmanager as it should be."""
    result = [
        changes.change(
            places.prometheus,
            lambda text: prometheus_file.merged(
                prometheus_file.SKELETON if places.prometheus in shipped else text, places, tls=tls
            ),
            ("promtool", "check", "config"),
        ),
        changes.change(
            places.alertmanager,
            lambda text: alertmanager_file.merged(
                alertmanager_file.SKELETON if places.alertmanager in shipped else text, places
            ),
            ("amtool", "check-config"),
        ),
    ]
    for service, flags in _flags(places, shipped).items():
        text = services.drop_in(places, service, flags, PROGRAMS[service])
        result.append(changes.change(places.drop_in(service), lambda _, text=text: text))  # type: ignore[misc]
    return result + list(_targets(places, site, name))


def _flags(places: Places, shipped: set[Path]) -> dict[str, dict[str, str]]:
    prometheus = {"--web.user-assets": str(places.share / "runbooks")}
    given = services.arguments(places, "prometheus")
    if not any(services.has_flag(given, flag) for flag in RETENTIONS):
        prometheus["--storage.tsdb.retention.time"] = "60d"
    alertmanager: dict[str, str] = {}
    # A Prometheus that somebody has configured may be asked from elsewhere, and goes on listening where it does.
    if places.prometheus in shipped or _bound(places, "prometheus"):
        prometheus["--web.listen-address"] = "127.0.0.1:9090"
    if places.alertmanager in shipped or _bound(places, "prometheus-alertmanager"):
        alertmanager = {"--web.listen-address": "127.0.0.1:9093", "--cluster.listen-address": ""}
    return {"prometheus": prometheus} | ({"prometheus-alertmanager": alertmanager} if alertmanager else {})


def _bound(places: Places, service: str) -> bool:
    return "--web.listen-address=127.0.0.1" in (changes.read(places.drop_in(service)) or "")


def _targets(places: Places, site: str | None, name: str) -> Iterable[Change]:
    for target, address in OTHERS.items():
        file = places.targets / f"{target}.yml"
        if (text := changes.read(file)) is not None:
            yield Change(file, text, text)
            continue
        if site is None:
            raise RefusedError("name the site of this machine: ott-center setup --site NAME")
        with refusing():
            Node(name, site, "control", address).check()
        yield Change(
            file, None, f'- targets: ["{address}"]\n  labels: {{node: "{name}", site: "{site}", role: "control"}}\n'
        )
    text = changes.read(places.nodes)
    yield Change(places.nodes, text, nodes.HEAD if text is None else text)


def _shipped(places: Places) -> set[Path]:
    packages = {places.prometheus: "prometheus", places.alertmanager: "prometheus-alertmanager"}
    return {path for path, package in packages.items() if changes.is_shipped(path, package)}


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise RefusedError("nobody can be asked here; repeat it with --yes when the changes above are right")
    return input("Change these files? [y/N] ").strip().lower() in {"y", "yes"}


def _switch_tls(arguments: argparse.Namespace, places: Places, now: datetime) -> None:
    if arguments.tls:
        authority.create(places, now, access.owner_of("prometheus"))
    elif arguments.tls_files:
        ca, certificate, key = arguments.tls_files
        authority.take(places, ca, (certificate, key), access.owner_of("prometheus"))
    elif arguments.no_tls:
        authority.remove(places)


def _share(places: Places, planned: list[Change], *, tls: bool) -> bool:
    """Give the desk the files that its table of pictures names; return whether they are new."""
    desk = next((change for change in planned if change.path == places.desk), None)
    if desk is not None and tls and desk_file.has_table(desk.after):
        return desk_file.share(places, access.owner_of("ott-desk"))
    if desk is not None and desk_file.has_table(desk.before or ""):
        desk_file.withhold(places)
    return False


def _start(arguments: argparse.Namespace, places: Places, changed: set[Path], jobs: frozenset[str]) -> int:
    places.site_rules.mkdir(parents=True, exist_ok=True)
    services.run("systemctl", "daemon-reload")
    for unit in ("ott-desk", "ott-busyhour"):
        services.run("systemctl", "enable", "--now", f"{unit}.service")
    if not services.wait(lambda: not services.answers(f"{DESK}/healthz"), UP_IN_TIME):
        raise CommandError(f"the desk does not answer at {DESK}; see: journalctl -u ott-desk")
    if places.desk in changed:
        services.run("systemctl", "reload", "ott-desk.service")
    if access.ensure_token(places):
        print(f"Alertmanager's token: {places.token}")
    account = access.ensure_account(arguments.administrator)
    for service in PROGRAMS:
        # Debian's Alertmanager has given up by now on a machine whose addresses are all public, or that has none.
        services.run("systemctl", "reset-failed", f"{service}.service")
        services.run("systemctl", "enable", f"{service}.service")
        restart = places.drop_in(service) in changed or not services.is_active(service)
        try:
            services.run("systemctl", "restart" if restart else "reload", f"{service}.service")
        except CommandError:
            services.run("systemctl", "restart", f"{service}.service")
    problems = _wait(places, jobs)
    print(*problems, sep="\n", end="\n" if problems else "")
    if account:
        print(f"account {account.name}, password {account.password} (shown this once; change it in the console)")
    if not nodes.nodes(places.nodes):
        print("no node yet: ott-center node add NAME --site SITE --role ROLE ADDRESS")
    print(f"the console: {DESK}/")
    return Exit.FAILED if problems else Exit.FINE


def _wait(places: Places, jobs: frozenset[str]) -> list[str]:
    """Wait until every target is up; return what is not."""
    problems: list[str] = []

    def fine() -> bool:
        problems[:] = [
            f"{unit} does not run; see: journalctl -u {unit}" for unit in UNITS if not services.is_active(unit)
        ]
        problems.extend(not_up(places, jobs))
        return not problems

    services.wait(fine, UP_IN_TIME)
    return problems


def not_up(places: Places, jobs: frozenset[str] = JOBS) -> list[str]:
    """Return what is wrong with the targets of these jobs of ours."""
    try:
        answer = services.get(f"{PROMETHEUS}/api/v1/targets?state=active")
    except CommandError as error:
        return [str(error)]
    found = answer["data"]["activeTargets"]
    expected = len(OTHERS) + (len(nodes.nodes(places.nodes)) if "ott-agent" in jobs else 0)
    result = [
        f"{target['labels'].get('node', '')} {target['scrapeUrl']} ({target['labels']['job']}) is not up: "
        f"{target['lastError'] or 'it was not asked yet'}"
        for target in found
        if target["health"] != "up" and target["labels"]["job"] in jobs
    ]
    ours = sum(target["labels"]["job"] in jobs for target in found)
    if ours < expected:
        result.append(f"targets that Prometheus asks: {ours} of {expected}; it has not read its new settings yet")
    return result


__all__ = ["ALERTMANAGER", "add_arguments", "not_up", "plan", "run"]
