"""Links between appeals and emergency tickets over simulated incidents: precision, recall, and nothing across services.

Customers of eight regions and two services appeal about anything, as a negative binomial process. Into that come
incidents, one a day: of one service or of both, at one site or on the platform, of which alarms tell after a while or
not at all; from shortly after the beginning to some time after the end their customers appeal. Tickets that no customer
notices are open beside them. Every appeal goes through the desk's registration, and the desk looks for masses every
minute. A link is right if the appeal was caused by the incident whose ticket it leads to. In the end every link is
undone. Prints one JSON object; exit status 1 when a bound is passed.

    python -m bench.appeal_links [--incidents 200] [--seed 1]
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from alerts.desk.appeals import linking, mass_tickets
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.codes import Code
from alerts.desk.appeals.mass_tickets import Opening
from alerts.desk.appeals.states import Entry
from alerts.desk.core.appeal_settings import AppealSettings
from alerts.desk.core.appeal_tables import appeal_link
from alerts.desk.core.settings import Settings
from alerts.desk.core.tables import ticket
from alerts.desk.tickets.policy import policy_of
from tests.contract.desk.appeals.appeals_desk import CALL, START, Bureau, rules
from tests.support.migrated import sqlite_database

REGIONS = tuple(f"Region {number}" for number in range(8))
SITES: dict[str, tuple[str, ...]] = {region: (region.lower().replace(" ", "-"),) for region in REGIONS}
SERVICES = ("ott", "iptv")
FAULTY = ("playback", "quality")  # code groups of most customers of an incident; the rest says something else
MEAN, DISPERSION = 0.08, 1.0  # customers of a code group, region and service in a quarter of an hour
BEFORE, LATER = timedelta(minutes=45), timedelta(minutes=45)  # of quiet traffic before an incident and after it
PRECISION, RECALL = 0.95, 0.8
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Incident:
    """What is broken, when, and who tells of it; moments are minutes after the beginning of the fault."""

    number: int
    region: str  # empty: the whole platform
    service: str  # empty: both
    duration: float
    alarms_at: float | None  # None: no alarm tells of it
    callers: int  # in a quarter of an hour, in each region and service
    tickets: set[int] = field(default_factory=set)

    def concerns(self, region: str, service: str) -> bool:
        """Return whether customers of a region and service notice it."""
        return self.region in ("", region) and self.service in ("", service)


@dataclass(slots=True)
class World:
    """The desk, and what really was the cause of each appeal."""

    bureau: Bureau
    opening: Opening
    chance: np.random.Generator
    codes: Sequence[Code]
    baseline: Baseline = field(default_factory=Baseline)
    causes: dict[int, int] = field(default_factory=dict)  # by appeal: the number of the incident
    customers: int = 0

    def appeal(self, region: str, service: str, code: Code, incident: int | None) -> None:
        """Let a customer appeal."""
        self.customers += 1
        number = self.bureau.registered(
            replace(CALL, entry=Entry.CALL_160),
            number=f"+7701{2_000_000 + self.customers}",
            region=region,
            service=service,
            code=code.id,
            text="",
            name="",
        )
        if incident is not None:
            self.causes[number] = incident

    def code(self, *groups: str) -> Code:
        """Return a code of one of the groups, or any."""
        known = [code for code in self.codes if not groups or code.group in groups]
        return known[int(self.chance.integers(len(known)))]

    def look(self) -> None:
        """Let the desk look for masses."""
        mass_tickets.look(self.opening, self.baseline, self.bureau.now)

    def quiet(self) -> None:
        """Let a minute of usual traffic pass in all regions."""
        groups = sorted({code.group for code in self.codes})
        for region in REGIONS:
            for service in SERVICES:
                rates = self.chance.gamma(DISPERSION, MEAN / DISPERSION, len(groups)) / 15
                for group, calls in zip(groups, self.chance.poisson(rates), strict=True):
                    for _ in range(calls):
                        self.appeal(region, service, self.code(group), None)


def incident(number: int, chance: np.random.Generator) -> Incident:
    """Return an incident: a tenth on the platform, a half of one service, an eighth without an alarm."""
    return Incident(
        number,
        region="" if chance.random() < 0.1 else str(chance.choice(REGIONS)),
        service=str(chance.choice(SERVICES)) if chance.random() < 0.5 else "",
        duration=float(chance.uniform(20, 90)),
        alarms_at=None if chance.random() < 0.125 else float(chance.uniform(0.5, 4)),
        callers=int(chance.integers(10, 40)),
    )


def happen(world: World, of: Incident) -> None:
    """Let an incident happen in its day, from the quiet before it to the quiet after it."""
    bureau, chance = world.bureau, world.chance
    begin = bureau.now = START + timedelta(days=of.number)
    other = Counter({float(chance.uniform(-30, of.duration)): 1} if chance.random() < 0.3 else {})
    bureau.now -= BEFORE
    while bureau.now < begin + timedelta(minutes=of.duration) + LATER:
        since = (bureau.now - begin) / MINUTE
        if of.alarms_at is not None and since <= of.alarms_at < since + 1:
            of.tickets.add(bureau.incident(f"fault {of.number}", SITES.get(of.region, ("",))[0], of.service or None))
        if any(since <= moment < since + 1 for moment in other):
            site, service = SITES[str(chance.choice(REGIONS))][0], str(chance.choice(SERVICES))
            bureau.incident(f"unnoticed {of.number}", site, service)
        world.quiet()
        notice(world, of, since)
        world.look()
        bureau.now += MINUTE
        if since <= of.duration < since + 1:
            over(world, of, begin)
    over(world, of, begin)


def notice(world: World, of: Incident, since: float) -> None:
    """Let the customers of an incident call: more and more in the first minutes, few after its end."""
    if since < 1:
        return
    share = min(1.0, since / 5) if since < of.duration else max(0.0, 0.2 * (1 - (since - of.duration) / 20))
    for region in REGIONS:
        for service in SERVICES:
            if of.concerns(region, service):
                for _ in range(world.chance.poisson(of.callers / 15 * share)):
                    groups = FAULTY if world.chance.random() < 0.85 else ("access", "app")
                    world.appeal(region, service, world.code(*groups), of.number)


def over(world: World, of: Incident, begin: datetime) -> None:
    """End the tickets of the day; those of masses that the incident explains are its own. People confirm its links."""
    wanted = select(ticket.c.id, ticket.c.labels).where(ticket.c.opened_at >= begin - BEFORE)
    with world.bureau.database.read() as connection:
        rows = connection.execute(wanted.where(ticket.c.status.not_in(linking.OVER))).all()
    for number, labels in rows:
        mine = labels.get("appeals_region")
        if mine is not None and of.concerns(mine, labels["service"]):
            of.tickets.add(number)
        world.bureau.ticket_status(number, "resolved")
    with world.bureau.database.read() as connection:
        links = connection.execute(
            select(appeal_link.c.appeal_id, appeal_link.c.ticket_id).where(
                appeal_link.c.ticket_id.in_(of.tickets), appeal_link.c.state == "proposed"
            )
        ).all()
    for appeal, number in links:
        linking.confirm(world.bureau.hand(appeal), number)


def judged(world: World, incidents: Sequence[Incident]) -> dict[str, Any]:
    """Compare the links with the causes."""
    database = world.bureau.database
    with database.read() as connection:
        links = connection.execute(select(appeal_link.c.appeal_id, appeal_link.c.ticket_id)).all()
        services = {number: labels.get("service", "") for number, labels in
                    connection.execute(select(ticket.c.id, ticket.c.labels))}  # fmt: skip
    owners = {number: each.number for each in incidents for number in each.tickets}
    right = {appeal for appeal, number in links if world.causes.get(appeal, -1) == owners.get(number, -2)}
    across = sum(services[number] not in ("", world.bureau.appeal(appeal).service) for appeal, number in links)
    linked = {appeal for appeal, _ in links}
    precision, recall = len(right) / len(linked), len(right) / len(world.causes)
    for number in {number for _, number in links}:
        linking.undo_all(database, world.bureau.rules, number, "Dana", world.bureau.now)
    with database.read() as connection:
        proposed = connection.execute(
            select(appeal_link.c.appeal_id, appeal_link.c.ticket_id).where(appeal_link.c.state == "proposed")
        ).all()
    for appeal, number in proposed:
        linking.undo(world.bureau.hand(appeal), number)
    with database.read() as connection:
        left = len(connection.execute(select(appeal_link.c.id).where(appeal_link.c.state != "undone")).all())
    fine = precision >= PRECISION and recall >= RECALL and not across and not left
    return {
        "incidents": len(incidents), "appeals": world.customers, "caused": len(world.causes), "linked": len(linked),
        "precision": round(precision, 4), "recall": round(recall, 4), "across_services": across,
        "links_left_after_undoing": left, "without_alarms": sum(each.alarms_at is None for each in incidents),
        "false_to_unnoticed": sum(number not in owners for _, number in links), "fine": fine,
    }  # fmt: skip


def main() -> int:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incidents", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = np.random.default_rng(options.seed)
    known = rules()
    keys = known.settings.keys
    known = replace(known, settings=AppealSettings(keys=keys, services=SERVICES, regions=REGIONS, sites=SITES))
    with tempfile.TemporaryDirectory() as name:
        database = sqlite_database(Path(name) / "desk.db")
        opening = Opening(database, known, policy_of(Settings(), lambda *_: None))
        world = World(Bureau(database, known), opening, chance, list(known.codes.values()))
        incidents = [incident(number, chance) for number in range(options.incidents)]
        for each in incidents:
            happen(world, each)
        result = judged(world, incidents)
        database.dispose()
    print(json.dumps(result, indent=2))
    return int(not result["fine"])


if __name__ == "__main__":
    sys.exit(main())
