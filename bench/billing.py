"""The billing watch on a million accounts: December 2017 again, exact and in time, and what its queries cost.

A PostgreSQL of its own holds the generic views of docs/billing.md; its settings are Debian's, without fsync. Time is
simulated: every check is asked as of a minute, and an alert that waits a minute needs two of them.

1. Ten tariffs; four are not charged from midnight on. Measured: the minute of the first ticket (charges stopped) and of
   the scope's (incomplete), scope, money, fingerprint and spending outside the bundle against the truth, at opening and
   when contained; then a correction with stragglers, double and wrong refunds, and some outside the set.
2. Three of a hundred accounts of one tariff are not charged; then a single account.
3. A year's charges of accounts that are due around the clock: the queries of each minute, the comparison of two
   snapshots by slices, and the memory of the real agent.
4. As many rows as the agent takes from a billing that offers its views over HTTP: its memory and its share of a core.
5. A run that charges 200,000 fees twice, and balances that are shown wrong (`bench.billing_faults`).
6. Healthy months in which much happens that looks like a fault: no alarm (`bench.billing_quiet`).

Exit status 1 where a bound is missed. Seconds of queries are the processor's, of the server and the agent; others
are the clock's: a machine that does other work needs more.

    python -m bench.billing [--accounts 1000000] [--charges 10000000] [--server mariadb] [--seeds 5] [--days 92] [PART…]
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter

from agent.sources.billing.job import checks
from agent.sources.billing.settings import BillingSettings
from bench.billing_correction import SILENT, correct, outside, spend
from bench.billing_cost import FILLS, ask, cost, slowest
from bench.billing_faults import doubled, shown
from bench.billing_figures import Figures, load
from bench.billing_http import over_http
from bench.billing_quiet import quiet
from bench.billing_world import ACCOUNTS
from service.metric import Sample
from tests.contract.agent.billing.asked import PRESET, samples, settings
from tests.contract.agent.billing.cases import Counted, scope_in, scope_of, stage, values
from tests.contract.agent.billing.december import TARIFFS, December
from tests.contract.agent.billing.schema import Store, moment
from tests.contract.agent.databases import postgresql

SINCE, UNTIL = "2017-12-01T00:00:00+06:00", "2017-12-02T10:00:00+06:00"
GRACE, CUT_OFF = 30, 360  # minutes
STOPPED, MISSING, MISSING_RATIO = 20, 50, 0.02  # docs/alerts.md
CURSOR = ("overdue", "completeness")


class Patient(Counted):
    """A case with the deadline of the shipped queries."""

    deadline = 120.0


def december(figures: Figures, accounts: int, folder: Path) -> None:
    """Replay December."""
    with postgresql() as url:
        store = Store(url)
        truth = December(store, accounts, SILENT)
        figures.timed("filled", truth.fill)
        of = settings("mobile", url)
        minute, _ = first_ticket(truth, of, ("overdue",), stopped, range(1, 8))
        figures.most("first ticket (charges stopped), after the first fee was due", minute, 5, "min")
        minute, seen = first_ticket(truth, of, CURSOR, incomplete, range(GRACE - 1, GRACE + 8))
        figures.most("scope's ticket (incomplete)", minute, 35, "min")
        opened = clock(minute or GRACE + 8)
        before = clock((minute or GRACE + 8) - GRACE)
        figures.same("tariffs, accounts and money at opening", overdue_of(seen), truth.overdue(before))
        counted = Patient(store, folder / "cases.json")
        figures.same(
            "the case's scope at opening", scope_in(counted.at(moment(opened))), scope_of(truth.due_before(before))
        )
        busiest_minute(figures, truth, url, (minute or GRACE) + 1)
        figures.timed("two days of charges and of use outside the bundle", lambda: contain(truth, store, accounts))
        contained = figures.timed(
            "case counted when contained", lambda: counted.at(moment("2017-12-02 10:31"), since=SINCE, until=UNTIL)
        )
        everything = truth.due_before("2017-12-02 00:00")
        figures.same("scope, money and fingerprint when contained", scope_in(contained), scope_of(everything))
        spent = {tariff: values(contained, "scope_amount_minor", tariff).get("outside_bundle") for tariff in SILENT}
        figures.same("spent outside the bundle, to the tiyn", spent, by_tariff(everything))
        wanted = figures.timed("corrected", lambda: correct(store, accounts))
        began = perf_counter()
        corrected = counted.at(moment("2017-12-03 12:00"), since=SINCE, until=UNTIL)
        figures.most("correction counted", perf_counter() - began, 120, "s")
        for name, states in wanted.items():
            figures.same(f"stage {name}", stage(corrected, name), states)
        again = Patient(store, folder / "cases.json").at(moment("2017-12-03 12:00"), since=SINCE, until=UNTIL)
        figures.same("samples that a restart changes", [s for s in again if s not in corrected], [])


def contain(truth: December, store: Store, accounts: int) -> None:
    """Charge until the second day, and let the silent tariffs' accounts pay outside their bundles."""
    truth.charge_until("2017-12-02 10:00")
    spend(store, accounts)


def busiest_minute(figures: Figures, truth: December, url: str, minute: int) -> None:
    """Measure what is asked in a minute of the run, while four tariffs are overdue."""
    of = BillingSettings("mobile", url)
    asked = [check for check in checks(of, PRESET) if check.name not in ("source", "cases", "bucket", "conservation")]
    ask(of, asked, moment(clock(minute)))
    truth.charge_until(clock(minute + 1))
    taken = ask(of, [check for check in asked if not check.interval], moment(clock(minute + 1)))
    figures.most(f"the queries of the busiest minute ({slowest(taken)})", sum(taken.values()), 2.5, "s")


def partial(figures: Figures, accounts: int) -> None:
    """Replay losses of a part of a tariff, and of one account."""
    with postgresql() as url:
        truth = December(Store(url), accounts, TARIFFS[:1], lost=3, of=100)
        truth.fill()
        of = settings("mobile", url)
        minute, seen = first_ticket(truth, of, CURSOR, incomplete, range(GRACE + 1, 112))
        figures.most("3 % of a tariff are missing: ticket", minute, 110, "min")
        figures.same("tariff, accounts and money", overdue_of(seen), truth.overdue(clock((minute or 111) - GRACE)))
    with postgresql() as url:
        truth = December(Store(url), accounts, TARIFFS[:1], lost=1, of=accounts)
        truth.fill()
        of = settings("mobile", url)
        asked = [check for check in checks(of, PRESET) if check.name == "completeness"]
        truth.charge_until(clock(CUT_OFF - 1))
        found = None
        for minute in range(CUT_OFF - 1, CUT_OFF + 4):
            seen = list(samples(of, moment(clock(minute)), asked))
            if sum(_by_tariff(seen, "ott_billing_left_over").values()) == 1:
                found = minute - CUT_OFF
                break
        figures.most("one account is missing: ticket after the cut-off", found, 2, "min")


def first_ticket(
    truth: December,
    of: BillingSettings,
    names: Sequence[str],
    holds: Callable[[Iterable[Sample]], bool],
    minutes: range,
) -> tuple[int | None, list[Sample]]:
    """Return the first minute at which a rule has held for a minute, and what was seen; fees are charged meanwhile."""
    asked = [check for check in checks(of, PRESET) if check.name in names]
    held, seen = False, list[Sample]()
    for minute in minutes:
        truth.charge_until(clock(minute))
        seen = list(samples(of, moment(clock(minute)), asked))
        now = holds(seen)
        if held and now:
            return minute, seen
        held = now
    return None, seen


def stopped(seen: Iterable[Sample]) -> bool:
    """Return whether charges have stopped, as the alert has it."""
    return sum(_by_tariff(seen, "ott_billing_stopped").values()) > STOPPED


def incomplete(seen: Iterable[Sample]) -> bool:
    """Return whether a tariff misses more than a number and a share, as the alert has it."""
    listed = list(seen)
    due = _by_tariff(listed, "ott_billing_due")
    late, unexplained = _by_tariff(listed, "ott_billing_overdue"), _by_tariff(listed, "ott_billing_unexplained")
    missing = {tariff: max(late.get(tariff, 0), unexplained.get(tariff, 0)) for tariff in {*late, *unexplained}}
    return any(
        count > MISSING and not (tariff in due and count / due[tariff] <= MISSING_RATIO)
        for tariff, count in missing.items()
    )


def overdue_of(seen: Iterable[Sample]) -> dict[str, tuple[float, float]]:
    """Return the overdue accounts and their fees, by tariff."""
    listed = list(seen)
    money = _by_tariff(listed, "ott_billing_overdue_amount_minor")
    return {tariff: (n, money[tariff]) for tariff, n in _by_tariff(listed, "ott_billing_overdue").items() if n}


def _by_tariff(seen: Iterable[Sample], name: str) -> dict[str, float]:
    return {s.labels[1]: s.value for s in seen if s.metric.name == name and isinstance(s.value, float | int)}


def by_tariff(accounts: Iterable[int]) -> dict[str, float]:
    """Return what accounts spent outside their bundles."""
    spent = dict.fromkeys(SILENT, 0.0)
    for account in accounts:
        spent[TARIFFS[account % 10]] += outside(account)
    return spent


def clock(minute: int) -> str:
    """Return a minute of 1 December as the tables write it."""
    return f"2017-12-01 {minute // 60:02}:{minute % 60:02}"


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        "bench.billing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--charges", type=int, default=10_000_000)
    parser.add_argument("--server", choices=sorted(FILLS), default="postgresql", help="of the part cost")
    parser.add_argument("--seeds", type=int, default=5, help="of the part quiet")
    parser.add_argument("--days", type=int, default=92, help="of the part quiet, for each seed")
    parts = ("december", "partial", "cost", "http", "faults", "quiet")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; all without")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(parts):
        parser.error(f'"{min(unknown)}" is none of {", ".join(parts)}')
    if arguments.accounts < 20_000 or arguments.accounts % 100:
        parser.error("--accounts must be hundreds, and 20000 at least")
    figures = Figures()
    for part in arguments.parts or parts:
        print(f"{part}, {arguments.accounts if part != 'quiet' else ACCOUNTS:,} accounts, {load()}", flush=True)
        if part == "december":
            with tempfile.TemporaryDirectory() as name:
                december(figures, arguments.accounts, Path(name))
        elif part == "partial":
            partial(figures, arguments.accounts)
        elif part == "http":
            over_http(figures)
        elif part == "faults":
            doubled(figures)
            shown(figures)
        elif part == "quiet":
            quiet(figures, arguments.seeds, arguments.days)
        else:
            cost(figures, arguments.accounts, arguments.charges, arguments.server)
        print(f"  {load()}", flush=True)
    for what in figures.missed:
        print(f"bound missed: {what}")
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
