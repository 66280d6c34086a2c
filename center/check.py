"""`ott-center check`: the whole chain from the nodes to the tickets, each fault with its remedy."""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from center import access, nodes, services
from center.places import ALERTMANAGER, BUSY_HOUR, DESK, PROMETHEUS, UNITS, Places
from center.services import CommandError
from center.setup import PROGRAMS, not_up
from service.program import Exit

SETUP = "ott-center setup"
WATCHDOG_SILENT = 120.0  # seconds; it comes every half minute


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and what to do."""

    what: str
    remedy: str


def run(_: argparse.Namespace, places: Places) -> int:
    """Print each step of the chain; exit status 1 when one is broken."""
    broken = False
    for title, step in STEPS:
        faults = list(_found(step, places))
        print(f"{'FAULT' if faults else 'ok   '} {title}")
        for fault in faults:
            print(f"      {fault.what}\n      remedy: {fault.remedy}")
        broken = broken or bool(faults)
    return Exit.FAILED if broken else Exit.FINE


def _found(step: Callable[[Places], Iterator[Fault]], places: Places) -> Iterator[Fault]:
    try:
        yield from step(places)
    except CommandError as error:
        yield Fault(str(error), "repair what is reported above, then repeat")


def _units(_: Places) -> Iterator[Fault]:
    for unit in UNITS:
        if not services.is_active(unit):
            yield Fault(f"{unit} does not run", f"journalctl -u {unit}; then systemctl restart {unit}")


def _arguments(places: Places) -> Iterator[Fault]:
    for service in PROGRAMS:
        if (other := services.started_by(places, service)) is not None:
            what = f"{other} says how {service} is started, so what ottwatch needs, such as the retention, may be lost"
            yield Fault(what, f"{services.arguments_remedy(places, service)}; then {SETUP}")


def _files(places: Places) -> Iterator[Fault]:
    for command in (
        ("promtool", "check", "config", str(places.prometheus)),
        ("amtool", "check-config", str(places.alertmanager)),
    ):
        try:
            services.run(*command)
        except CommandError as error:
            yield Fault(str(error), f"correct the file, or take its last copy from {places.state / 'copies'}")


def _rules(_: Places) -> Iterator[Fault]:
    groups = services.get(f"{PROMETHEUS}/api/v1/rules")["data"]["groups"]
    if not any(group["name"] == "ottwatch:self:watchdog" for group in groups):
        yield Fault("Prometheus has not loaded ottwatch's rules", f"{SETUP}; systemctl reload prometheus")
    for group in groups:
        for rule in group["rules"]:
            if rule["health"] == "err":
                yield Fault(f"rule {rule['name']} fails: {rule.get('lastError', '')}", "see the runbook RuleFailures")


def _targets(places: Places) -> Iterator[Fault]:
    for what in not_up(places):
        remedy = "on that machine: systemctl status ott-agent; between them: firewall, address, certificate"
        yield Fault(what, SETUP if "settings" in what else remedy)
    if not nodes.nodes(places.nodes):
        yield Fault("no node is monitored", "ott-center node add NAME --site SITE --role ROLE ADDRESS")


def _alertmanager(_: Places) -> Iterator[Fault]:
    active = services.get(f"{PROMETHEUS}/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
    if not active:
        yield Fault("Prometheus knows no Alertmanager", f"{SETUP}; or the part alerting of prometheus.yml")
    status = services.get(f"{ALERTMANAGER}/api/v2/status")
    if f"{DESK}/webhook/alertmanager" not in status["config"]["original"]:
        yield Fault(
            "Alertmanager has not loaded the desk as a receiver", f"{SETUP}; systemctl reload prometheus-alertmanager"
        )


def _token(places: Places) -> Iterator[Fault]:
    if fault := access.token_fault(places):
        refused = "refuses the token" in fault or str(places.token) in fault
        yield Fault(fault, f"{SETUP} makes a new one" if refused else "journalctl -u ott-desk")
    try:
        status = places.token.stat()
    except OSError:
        return
    if status.st_uid != access.owner_of("prometheus")[0] or status.st_mode & 0o077:
        remedy = f"chown prometheus {places.token}; chmod 400 {places.token}"
        yield Fault(f"{places.token} does not belong to prometheus alone", remedy)


def _desk(_: Places) -> Iterator[Fault]:
    for url, unit in ((f"{DESK}/readyz", "ott-desk"), (f"{BUSY_HOUR}/readyz", "ott-busyhour")):
        if fault := services.answers(url):
            yield Fault(fault, f"journalctl -u {unit}")


def _watchdog(_: Places) -> Iterator[Fault]:
    query = f"{PROMETHEUS}/api/v1/query?query=ott_desk_watchdog_last_timestamp_seconds"
    result = services.get(query)["data"]["result"]
    last = max((float(row["value"][1]) for row in result), default=0.0)
    if not last:
        yield Fault(
            "no alert has come all the way from Prometheus to the desk yet", "wait half a minute; then the faults above"
        )
    elif (age := time.time() - last) > WATCHDOG_SILENT:
        yield Fault(
            f"the last alert came from Prometheus to the desk {age:.0f} s ago",
            "the faults above; the clocks of the machines",
        )


STEPS: tuple[tuple[str, Callable[[Places], Iterator[Fault]]], ...] = (
    ("the services run", _units),
    ("Prometheus and Alertmanager are started with what ottwatch needs", _arguments),
    ("the settings of Prometheus and Alertmanager are valid", _files),
    ("every target is up", _targets),
    ("the rules are loaded and none fails", _rules),
    ("Prometheus sends alerts to Alertmanager, which sends them to the desk", _alertmanager),
    ("the desk takes Alertmanager's token", _token),
    ("the desk and the busy hour are ready", _desk),
    ("the alert that always fires has reached the desk", _watchdog),
)
