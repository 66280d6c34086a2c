"""One fault in several regions in the database: one mass, one ticket, one request, whatever was proposed before."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from alerts.desk.appeals import events as ev
from alerts.desk.appeals import mass_members, mass_store
from alerts.desk.appeals.mass import ANY, Cell
from alerts.desk.appeals.mass_store import Proposal
from alerts.desk.appeals.states import Entry
from alerts.desk.core.database import Database
from tests.contract.desk.appeals.appeals_desk import ALMATY
from tests.contract.desk.appeals.test_mass_tickets import Office, office_of
from tests.contract.mailbox import Box, taking_mail

WHOLE = Cell("playback", ANY, "ott")
SITES: dict[str, tuple[str, ...]] = {
    "Astana": ("edge-2",),
    "Karaganda": ("edge-2",),
    "Almaty": ("edge-1",),
    "Shymkent": ("edge-1",),
}


@pytest.fixture
def office(database: Database) -> Iterator[Office]:
    out = Box()
    with taking_mail(out) as port:
        result = office_of(database, port, out)
        settings = replace(result.bureau.rules.settings, regions=tuple(SITES), sites=SITES)
        rules = replace(result.bureau.rules, settings=settings)
        result.bureau.rules = rules
        result.opening = replace(result.opening, rules=rules)
        result.post = replace(result.post, rules=rules)
        yield result


def calls(office: Office, **regions: int) -> dict[str, list[int]]:
    """Let so many customers of each region call, each for the first time."""
    first = office.bureau.count()
    result = {}
    for region, number in regions.items():
        result[region] = office.call(number, first=first, region=region)
        first += number
    return result


def proposals(office: Office) -> list[Proposal]:
    bureau = office.bureau
    with bureau.database.read() as connection:
        known = mass_store.usual(connection, ALMATY, bureau.now)
        return mass_store.proposals(connection, bureau.rules, known, bureau.now)


def link(office: Office, ticket: int, cell: Cell = WHOLE, apart: Sequence[str] = ()) -> int:
    bureau = office.bureau
    return mass_members.link_all(bureau.database, bureau.rules, cell, ticket, "Dana", bureau.now, apart)


def cells(office: Office) -> list[tuple[str, int]]:
    """Return the region and the ticket of each mass that has one."""
    return [(row["region"], row["ticket_id"]) for row in office.masses()]


def states(office: Office, numbers: Sequence[int]) -> set[tuple[int, str]]:
    return {(ticket, state) for number in numbers for ticket, state, _ in office.links(number)}


def test_two_regions_at_once_are_one_mass_one_ticket_and_one_request(office: Office) -> None:
    called = calls(office, Astana=10, Almaty=9)
    (found,) = proposals(office)
    assert (found.mass.cell, found.mass.customers, found.mass.regions) == (WHOLE, 19, (("Astana", 10), ("Almaty", 9)))
    assert list(found.appeals) == sorted(called["Astana"] + called["Almaty"])
    assert office.wait() == 1
    (opened,) = office.tickets()
    assert (opened["site"], opened["labels"]["appeals_region"]) == ("", ANY)
    assert opened["names"] == {
        "en": "Mass appeals: playback, all regions, ott",
        "ru": "Массовые обращения: воспроизведение, все регионы, ott",
    }
    (mail,) = office.out.mails
    body = mail.letter.get_content()
    assert "Region: all regions" in body
    assert "Customers so far: 19" in body
    assert "*" not in body + str(mail.letter["subject"])
    later = calls(office, Shymkent=1)["Shymkent"]
    office.round()
    # RT6 proposes the ticket to whoever calls later, wherever.
    assert office.links(later[0]) == [(opened["id"], "proposed", "Aigerim")]
    members = called["Astana"] + called["Almaty"] + later
    assert {office.bureau.appeal(number).mass_id for number in members} == {office.masses()[0]["id"]}
    assert [office.asked(number) for number in members] == [[ev.RequestSent(1)]] * 20
    (found,) = proposals(office)
    assert (found.members, [each.id for each in found.tickets]) == ({opened["id"]: 20}, [opened["id"]])
    assert link(office, opened["id"]) == 20
    assert proposals(office) == []
    assert len(office.out.mails) == len(office.masses()) == 1


def test_what_is_thin_in_every_region_is_one_mass(office: Office) -> None:
    calls(office, Astana=3, Karaganda=3, Almaty=3)
    assert proposals(office) == []
    calls(office, Shymkent=4)
    (found,) = proposals(office)
    assert (found.mass.cell, found.mass.customers) == (WHOLE, 13)
    assert office.wait() == 1
    assert cells(office) == [(ANY, office.tickets()[0]["id"])]


def test_who_appeals_from_two_regions_counts_once(office: Office) -> None:
    """Twelve customers from two regions each, by two codes of a group: they are no twenty-four."""
    for place in range(12):
        for region, code in zip(list(SITES)[place % 2 :: 2], ("01", "02"), strict=True):
            office.bureau.registered(number=f"87012345{place:03}", region=region, code=code)
    assert office.bureau.count() == 24
    (found,) = proposals(office)
    assert found.mass.customers == 12
    assert sum(number for _, number in found.mass.regions) == 24


def test_appeals_without_a_region_are_no_members(office: Office) -> None:
    nowhere = office.call(9, first=800, region="", entry=Entry.CABINET)
    calls(office, Astana=10, Almaty=9)
    assert {(each.mass.cell.region, each.mass.customers) for each in proposals(office)} == {(ANY, 19), ("", 9)}
    assert office.wait() == 1
    assert {office.bureau.appeal(number).mass_id for number in nowhere} == {None}
    assert link(office, office.tickets()[0]["id"]) == 19


def test_a_ticket_of_the_platform_explains_all_regions(office: Office) -> None:
    platform = office.bureau.incident("origin", site="")
    here = office.bureau.incident("edge-2", site="edge-2")
    calls(office, Astana=10, Almaty=9)
    (found,) = proposals(office)
    assert [each.id for each in found.tickets] == [platform]
    assert office.round() == 0
    assert cells(office) == [(ANY, platform)]
    assert [row["id"] for row in office.tickets()] == [platform, here]


def test_a_site_of_several_regions_explains_theirs(office: Office) -> None:
    """One press links both regions of the site; a caller from elsewhere is no member, and is asked about alone."""
    ticket = office.bureau.incident("edge-2", site="edge-2")
    called = calls(office, Astana=10, Karaganda=9, Almaty=1)
    (found,) = proposals(office)
    assert (found.mass.cell, found.mass.customers) == (WHOLE, 20)
    assert ([each.id for each in found.tickets], found.members) == ([ticket], {ticket: 19})
    assert office.round() == 0
    office.bureau.pass_(minutes=20)
    office.round()
    assert cells(office) == [(ANY, ticket)]
    assert states(office, called["Almaty"]) == set()
    assert office.asked(called["Almaty"][0]) == [ev.RequestSent()]
    assert office.asked(called["Karaganda"][0]) == [ev.RequestSent(1)]
    assert len(office.out.mails) == 2
    assert link(office, ticket) == 19


def test_regions_with_tickets_of_their_own_are_told_one_by_one(office: Office) -> None:
    second, first = office.bureau.incident("edge-2", "edge-2"), office.bureau.incident("edge-1", "edge-1")
    called = calls(office, Astana=10, Almaty=9)
    found = proposals(office)
    assert [(each.mass.cell.region, [ticket.id for ticket in each.tickets]) for each in found] == [
        ("Astana", [second]),
        ("Almaty", [first]),
    ]
    assert office.round() == 0
    assert cells(office) == [("Astana", second), ("Almaty", first)]
    assert states(office, called["Almaty"]) == {(first, "proposed")}


def test_a_region_with_a_ticket_of_its_own_is_told_beside_the_others(office: Office) -> None:
    ticket = office.bureau.incident("edge-1", "edge-1", service="ott")
    called = calls(office, Almaty=12, Astana=9, Karaganda=8)
    others, alone = proposals(office)
    assert (others.mass.cell.region, others.mass.customers, others.mass.apart) == (ANY, 17, ("Almaty",))
    assert (alone.mass.cell.region, [each.id for each in alone.tickets]) == ("Almaty", [ticket])
    assert office.wait() == 1
    opened = office.tickets()[-1]["id"]
    assert sorted(cells(office)) == [(ANY, opened), ("Almaty", ticket)]
    assert states(office, called["Almaty"]) == {(ticket, "proposed")}
    assert states(office, called["Astana"]) == {(opened, "proposed")}
    assert len(office.out.mails) == 2


def test_what_is_linked_over_all_regions_leaves_those_apart(office: Office) -> None:
    called = calls(office, Almaty=12, Astana=9, Karaganda=8)
    platform = office.bureau.incident("origin", site="")
    assert link(office, platform, apart=["Almaty"]) == 17
    assert states(office, called["Almaty"]) == set()


def test_a_fault_that_spreads_before_anybody_confirmed_it(office: Office) -> None:
    """The region keeps its ticket, what is left gets one more; afterwards no region gets a further one."""
    astana = calls(office, Astana=10)["Astana"]
    assert office.wait() == 1
    first = office.tickets()[0]["id"]
    office.bureau.pass_(minutes=2)
    rest = calls(office, Almaty=7, Shymkent=1)
    (found,) = proposals(office)
    assert (found.mass.cell, found.mass.customers) == (WHOLE, 18)
    assert office.wait() == 1
    second = office.tickets()[1]["id"]
    assert cells(office) == [("Astana", first), (ANY, second)]
    assert states(office, astana) == {(first, "proposed")}
    assert states(office, rest["Almaty"] + rest["Shymkent"]) == {(second, "proposed")}
    assert len(office.out.mails) == 2
    # Later callers of the region are members of its mass, all others of the wider one.
    later = calls(office, Astana=12, Karaganda=12)
    office.bureau.pass_(minutes=4)
    assert office.round() == 0
    assert cells(office) == [("Astana", first), (ANY, second)]
    assert {office.bureau.appeal(number).mass_id for number in later["Astana"]} == {1}
    assert {office.bureau.appeal(number).mass_id for number in later["Karaganda"]} == {2}
    assert len(office.out.mails) == 2
    # The operator sees one mass, and may put everybody to the wider ticket with one key.
    (found,) = proposals(office)
    assert [each.id for each in found.tickets] == [second]
    assert link(office, second) == 42
    assert proposals(office) == []
    # From then on all follow that decision, those of the first region as well.
    after = calls(office, Astana=1, Shymkent=1)
    office.round()
    assert states(office, after["Astana"] + after["Shymkent"]) >= {(second, "confirmed")}
    assert [office.links(number)[-1][1:] for number in after["Astana"]] == [("confirmed", "Dana")]


def test_a_fault_that_spreads_after_somebody_confirmed_it(office: Office) -> None:
    """What a person has linked stays where it is, and counts no more."""
    astana = calls(office, Astana=10)["Astana"]
    office.wait()
    first = office.tickets()[0]["id"]
    assert link(office, first, Cell("playback", "Astana", "ott")) == 10
    rest = calls(office, Almaty=10)["Almaty"]
    (found,) = proposals(office)
    assert (found.mass.cell.region, found.mass.customers, found.tickets) == ("Almaty", 10, ())
    more = calls(office, Karaganda=10, Astana=2)
    office.round()  # those of Astana go with the ones that were confirmed
    (found,) = proposals(office)
    assert (found.mass.cell, found.mass.customers) == (WHOLE, 20)
    office.bureau.pass_(minutes=3)
    assert office.round() == 1
    second = office.tickets()[1]["id"]
    assert states(office, astana + more["Astana"]) == {(first, "confirmed")}
    assert states(office, rest + more["Karaganda"]) == {(second, "proposed")}


def test_a_mass_that_spreads_has_waited_since_it_began(office: Office) -> None:
    calls(office, Astana=10)
    assert office.round() == 0
    office.bureau.pass_(minutes=2)
    calls(office, Almaty=10)
    assert office.round() == 0
    office.bureau.pass_(minutes=1)
    assert office.round() == 1
    assert [region for region, _ in cells(office)] == [ANY]


def test_counting_over_all_regions_costs_no_more_questions_for_more_customers(office: Office) -> None:
    asked: list[str] = []
    for engine in {office.bureau.database.engine, office.bureau.database.writing}:
        event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    def questions() -> int:
        asked.clear()
        office.round()
        return len(asked)

    calls(office, Astana=10, Almaty=10)
    office.round()  # what is usual is read once an hour
    few = questions()
    calls(office, Astana=30, Almaty=30)
    assert questions() == few


def test_what_is_usual_of_all_regions_is_learned_from_their_own_windows(office: Office) -> None:
    """On seven days a customer of each region called in the same quarter of an hour; one of them from two regions."""
    now = office.bureau.now
    for days in range(7, 56, 7):
        office.bureau.now = now - timedelta(days=days)
        for place, region in enumerate(SITES):
            office.bureau.registered(number=f"8701{days:02}{place:05}", region=region, answer="Restart it")
        office.bureau.registered(number=f"8701{days:02}00000", region="Almaty", code="02", answer="Restart it")
    office.bureau.now = now
    with office.bureau.database.read() as connection:
        known = mass_store.usual(connection, ALMATY, now)
    assert set(known) == {WHOLE, *(replace(WHOLE, region=region) for region in SITES)}
    # 28 customers in the 140 windows of this hour, and 7 of a region, or 14.
    assert known[WHOLE].mean == pytest.approx(28 / 140, rel=0.1)
    assert known[replace(WHOLE, region="Almaty")].mean == pytest.approx(14 / 140, rel=0.25)
    # All of them in the same windows: the whole is burstier than its regions.
    assert known[WHOLE].dispersion < known[replace(WHOLE, region="Astana")].dispersion
