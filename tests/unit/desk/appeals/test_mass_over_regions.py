"""A mass over all regions: one fault is one mass, whether it is in a region, in several, or thinly in all of them."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.desk.appeals.mass import ANY, DAYS, FALSE, Cell, Mass, Usual, Word, bound, exceeding, found
from alerts.desk.appeals.usual import NOTHING_KNOWN, Hour, Moments, learn
from bench import mass_detection
from tests.unit.desk.appeals.clock_cases import MONDAY

REGIONS = [f"Region {number}" for number in range(17)]
GROUPS = [f"group {number}" for number in range(20)]
WHOLE = Cell("group 0", ANY, "ott")
QUIET, TOGETHER = Usual(0.08, 1.0), Usual(1.36, 17.0)
NOW = MONDAY + timedelta(minutes=14)


def usual(regional: Usual = QUIET, together: Usual = TOGETHER, **others: Usual) -> dict[Cell, Usual]:
    """Return what is usual in seventeen regions and twenty groups; `others`: of regions of the first group."""
    known = {Cell(group, region, "ott"): regional for group in GROUPS for region in REGIONS}
    known |= {Cell(group, ANY, "ott"): together for group in GROUPS}
    return known | {Cell("group 0", name.replace("_", " "), "ott"): each for name, each in others.items()}


def calls(region: str, number: int, first: int = 0) -> list[Word]:
    return [
        Word(MONDAY + timedelta(seconds=5 * place), f"customer {first + place}", Cell("group 0", region, "ott"))
        for place in range(number)
    ]


def spread(number: int) -> list[Word]:
    return [word for place in range(number) for word in calls(REGIONS[place % len(REGIONS)], 1, place)]


def test_what_is_spread_over_all_regions_is_one_mass() -> None:
    assert bound(QUIET, 360) == 8
    assert bound(TOGETHER, 360) == 15
    assert found(spread(14), usual(), QUIET, NOW) == []
    (mass,) = found(spread(15), usual(), QUIET, NOW)
    assert (mass.cell, mass.customers, mass.bound, mass.apart) == (WHOLE, 15, 15, ())
    assert dict(mass.regions) == Counter(word.cell.region for word in spread(15))


def test_one_region_that_alone_explains_it_is_told_alone() -> None:
    fault = calls(REGIONS[3], 40) + calls(REGIONS[4], 3, 100) + calls(REGIONS[5], 2, 200)
    (mass,) = found(fault, usual(), QUIET, NOW)
    assert (mass.cell.region, mass.customers, mass.regions) == (REGIONS[3], 40, ())


def test_two_regions_at_once_are_one_mass() -> None:
    fault = calls(REGIONS[3], 9) + calls(REGIONS[4], 8, 100) + calls(REGIONS[5], 1, 200)
    (mass,) = found(fault, usual(), QUIET, NOW)
    assert (mass.cell, mass.customers) == (WHOLE, 18)
    assert mass.regions == ((REGIONS[3], 9), (REGIONS[4], 8), (REGIONS[5], 1))


def test_a_region_and_many_others_are_one_mass() -> None:
    (mass,) = found(calls(REGIONS[0], 12) + [*spread(32)][15:], usual(), QUIET, NOW)
    assert mass.cell == WHOLE


def test_two_regions_are_told_one_by_one_where_all_together_are_usual() -> None:
    """A large city has many calls at any time: those of two small regions are no excess of the whole."""
    fault = calls("Region 0", 60) + calls(REGIONS[3], 9, 100) + calls(REGIONS[4], 8, 200)
    masses = found(fault, usual(together=Usual(61.0, 20.0), Region_0=Usual(60.0, 20.0)), QUIET, NOW)
    assert [each.cell.region for each in masses] == [REGIONS[3], REGIONS[4]]


def test_what_one_region_often_has_makes_no_mass_of_all() -> None:
    city = Usual(4.0, 1.0)
    assert bound(city, 360) > 60
    assert found(calls(REGIONS[0], 40), usual(Region_0=city), QUIET, NOW) == []
    assert found(calls(REGIONS[0], 40) + spread(16)[1:], usual(Region_0=city), QUIET, NOW) == []


def test_who_appeals_from_two_regions_counts_once() -> None:
    twice = [
        word for place in range(14) for word in calls(REGIONS[place], 1, place) + calls(REGIONS[place + 1], 1, place)
    ]
    assert found(twice, usual(), QUIET, NOW) == []
    (mass,) = found([*twice, *calls(REGIONS[0], 1, 99)], usual(), QUIET, NOW)
    assert mass.customers == 15
    one = [word for region in REGIONS for word in calls(region, 1)]
    assert found(one * 2, usual(), QUIET, NOW) == []


def test_appeals_without_a_region_belong_to_no_other_cell() -> None:
    nowhere = calls("", 14, 100)
    assert not WHOLE.has(Cell("group 0", "", "ott"))
    (mass,) = found(nowhere + spread(14), usual(), QUIET, NOW)
    assert (mass.cell.region, mass.customers) == ("", 14)


def test_groups_and_services_are_not_added_up() -> None:
    other = [Word(word.at, word.customer, Cell("group 1", word.cell.region, "ott")) for word in spread(14)]
    third = [Word(word.at, word.customer, Cell("group 0", word.cell.region, "iptv")) for word in spread(14)]
    assert found(spread(14) + other + third, usual(), QUIET, NOW) == []


def test_a_desk_without_a_history_takes_all_regions_for_as_bursty_as_one() -> None:
    assert found(spread(15), {}, NOTHING_KNOWN, NOW) == []
    (mass,) = found(spread(40), {}, NOTHING_KNOWN, NOW)
    assert mass.cell == WHOLE
    assert mass.bound > 25


def test_regions_with_a_cause_of_their_own_are_told_beside_the_others() -> None:
    fault = {REGIONS[0]: 20, REGIONS[1]: 9, REGIONS[2]: 9}
    customers = {Cell("group 0", region, "ott"): number for region, number in fault.items()}

    def count(_: Cell, without: Collection[str]) -> int:
        return sum(number for region, number in fault.items() if region not in without)

    def own(_: Mass, parts: Sequence[Mass]) -> list[str]:
        assert {each.cell.region for each in parts} == set(fault)
        return [REGIONS[0]]

    alone, together = exceeding(customers, usual(), QUIET, count, own)
    assert (alone.cell.region, alone.customers) == (REGIONS[0], 20)
    assert (together.cell, together.customers, together.apart) == (WHOLE, 18, (REGIONS[0],))
    assert together.regions == ((REGIONS[1], 9), (REGIONS[2], 9))
    # What is left is no mass: regions are told one by one.
    fault[REGIONS[2]] = customers[Cell("group 0", REGIONS[2], "ott")] = 2
    masses = exceeding(customers, usual(), QUIET, count, lambda *_: [REGIONS[0]])
    assert [each.cell.region for each in masses] == [REGIONS[0], REGIONS[1]]


def cells(regions: list[str]) -> st.SearchStrategy[Cell]:
    return st.builds(Cell, st.sampled_from(["a", "b"]), st.sampled_from(regions), st.just("ott"))


SAID = st.dictionaries(cells(["", "r", "s", "t"]), st.sets(st.integers(0, 60), min_size=1, max_size=24), max_size=8)
USUAL = st.dictionaries(
    cells(["", "r", "s", "t", ANY]), st.builds(Usual, st.floats(0.01, 0.5), st.floats(0.5, 50.0)), max_size=10
)


@given(said=SAID, known=USUAL, apart=st.sets(st.sampled_from(["r", "s", "t"])))
def test_no_excess_is_proposed_twice(said: dict[Cell, set[int]], known: dict[Cell, Usual], apart: set[str]) -> None:
    """Whatever customers say, and whichever regions have causes of their own."""
    number = len(known.keys() | said.keys() | {cell.whole for cell in said if cell.region})

    def of(cell: Cell, without: Collection[str] = ()) -> set[int]:
        parts = (who for other, who in said.items() if cell.has(other) and other.region not in without)
        return set[int]().union(*parts)

    masses = exceeding(
        {cell: len(who) for cell, who in said.items()},
        known,
        QUIET,
        lambda whole, without: len(of(whole, without)),
        lambda _, parts: [each.cell.region for each in parts if each.cell.region in apart],
    )
    for mass in masses:
        assert mass.customers == len(of(mass.cell, mass.apart)) >= mass.bound
        if mass.cell.region == ANY:
            beside = {each.cell.region for each in masses if each != mass and mass.cell.has(each.cell)}
            assert beside == set(mass.apart) <= apart
            assert {region for region, _ in mass.regions}.isdisjoint(mass.apart)
            # No region of it is a mass and explains the excess alone.
            high = [cell for cell, who in said.items() if len(who) >= bound(known.get(cell, QUIET), number)]
            alone = [cell.region for cell in high if mass.cell.has(cell) and cell.region not in mass.apart]
            assert len(alone) != 1 or len(of(mass.cell, (*mass.apart, *alone))) >= mass.bound
    # Nobody is forgotten: a region that is a mass is proposed, by itself or with all regions.
    for cell, who in said.items():
        if len(who) >= bound(known.get(cell, QUIET), number):
            assert [each for each in masses if each.cell.has(cell) and cell.region not in each.apart]


@pytest.mark.parametrize("dispersion", [1.0, 5.0])
def test_dispersion_of_all_regions_is_that_of_their_own_windows(dispersion: float) -> None:
    """Where everybody calls in the same bursts, seventeen regions together are as bursty as one."""
    chance = np.random.default_rng(1)
    windows: dict[Hour, int] = {(free, hour): 64 if free else 160 for free in (False, True) for hour in range(24)}
    for shared, expected in ((True, dispersion), (False, dispersion * len(REGIONS))):
        counts: dict[Cell, dict[Hour, Moments]] = {}
        for group in GROUPS:
            for hour, number in windows.items():
                shape = (1 if shared else len(REGIONS), number)
                rates = np.broadcast_to(chance.gamma(dispersion, 0.08 / dispersion, shape), (len(REGIONS), number))
                seen = chance.poisson(rates)
                for region, row in [*zip(REGIONS, seen, strict=True), (ANY, seen.sum(axis=0))]:
                    cell = counts.setdefault(Cell(group, region, "ott"), {})
                    cell[hour] = Moments(int(row.sum()), int((row * row).sum()))
        known = learn(counts, windows).usual((False, 12))
        assert len(known) == len(GROUPS) * (len(REGIONS) + 1)
        assert known[WHOLE].dispersion == pytest.approx(expected, rel=0.25)
        assert known[WHOLE].mean == pytest.approx(1.36, rel=0.25)
        # Regions are learned apart from that.
        assert known[Cell("group 0", REGIONS[0], "ott")].dispersion == pytest.approx(dispersion, rel=0.25)


def test_simulated_traffic_makes_hardly_any_mass_over_all_regions() -> None:
    alarms = 0
    for seed in range(3):
        chance = np.random.default_rng((seed, 2))
        known = mass_detection.traffic(34, 0.08, 1.0, chance)
        alarms += sum(cell.region == ANY for cell, _ in mass_detection.alarms(known, chance))
    assert DAYS == 90
    assert alarms <= 3 * FALSE
