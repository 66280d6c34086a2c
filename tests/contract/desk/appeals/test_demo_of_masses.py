"""What the demo's customers make of its faults: one mass where one region is hit, each with its ticket by alarms."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.desk.appeals import mass_store
from alerts.desk.core.database import Database
from demo.layout import EDGES, REGIONS
from demo.platform.callers import Customers
from demo.platform.ledger import Trouble
from tests.contract.desk.appeals.appeals_desk import ALMATY, Bureau, rules

SITES = {node.name: node.site for node in EDGES}
VIEWERS = 40  # of an edge


@pytest.mark.parametrize(
    ("broken", "sites", "told"),
    [
        (("edge-2",), ("astana",), {"Астана": ["astana"]}),
        (("edge-2", "edge-3"), ("astana",), {"Астана": ["astana"]}),
        (("edge-1", "edge-2"), ("almaty", "astana"), {"Алматы": ["almaty"], "Астана": ["astana"]}),
        (("edge-1", "edge-2", "edge-3"), ("almaty",), {"Алматы": ["almaty"], "Астана": []}),  # the origin is in Almaty
        (("edge-1", "edge-2", "edge-3"), ("",), {"*": [""]}),
    ],
)
def test_faults_of_the_demo(
    quick: Database, broken: tuple[str, ...], sites: tuple[str, ...], told: dict[str, list[str]]
) -> None:
    known = rules()
    by_region: dict[str, tuple[str, ...]] = {region: (site,) for site, region in REGIONS.items()}
    settings = replace(known.settings, regions=tuple(by_region), sites=by_region)
    bureau = Bureau(quick, replace(known, settings=settings))
    regions = {edge: REGIONS[site] for edge, site in SITES.items()}
    customers = Customers(list(range(1, 1000)), regions, random.Random(1))
    begin = bureau.now.timestamp()
    for second in range(-1200, 0, 60):  # as every day
        for said in customers.due(begin + second):
            call(bureau, said.time, said.account, said.region, said.code)
    for edge in broken:
        for viewer in range(VIEWERS):
            account = 2000 + 100 * int(edge[-1]) + viewer
            customers.suffer(Trouble(begin, account, edge, answered=False))
    for said in customers.due(begin + 60):
        call(bureau, said.time, said.account, said.region, said.code)
    bureau.now = (start := bureau.now) + timedelta(seconds=begin + 60 - start.timestamp())
    tickets = {bureau.incident(site, site): site for site in sites}
    with quick.read() as connection:
        usual = mass_store.usual(connection, ALMATY, bureau.now)
        found = mass_store.proposals(connection, bureau.rules, usual, bureau.now)
    assert {each.mass.cell.region: [tickets[ticket.id] for ticket in each.tickets] for each in found} == told


def call(bureau: Bureau, moment: float, account: int, region: str, code: str) -> None:
    bureau.now += timedelta(seconds=moment - bureau.now.timestamp())
    bureau.registered(number=f"+7701{2_000_000 + account}", region=region, code=code)
