"""Two faults of a whole billing: a run that charges 200,000 fees twice, and balances that are shown wrong.

Of the second there are 200 runs each with one of a hundred and one of a thousand balances wrong, drawn by lot, as is
the moment between two rounds of the check at which they become wrong.
"""

import random
from datetime import timedelta
from functools import partial

from agent.sources.billing.checks.balances import Displayed
from agent.sources.billing.checks.check import Check
from agent.sources.billing.checks.rows import RULES, Rows
from bench.billing_figures import Figures
from bench.billing_quiet import sums
from tests.contract.agent.billing.asked import samples, settings
from tests.contract.agent.billing.december import PRICES, TARIFFS, December
from tests.contract.agent.billing.schema import Store, moment
from tests.contract.agent.databases import postgresql

DOUBLED, PARTS = 200_000, 10
RUNS = 200
# Of the check, in seconds: its rounds, the alert's `for`, and a scrape with an evaluation.
ROUND, WAIT, SCRAPE, MEMORY = 300, 240, 30, 900
# Fewer balances in a slice than a million accounts have in one of 64.
SHOWN, SLICES, ENOUGH = 100_000, 10, 2
TAKEN = "2026-03-05 04:00"
NAMES = ("extra_charges", "extra_charges_amount_minor")
NAME = "displayed_wrong_total"


def doubled(figures: Figures) -> None:
    """Charge everybody after midnight, and again from half past two on, a tenth a minute; look each minute."""
    with postgresql() as url:
        store = Store(url)
        truth = December(store, DOUBLED, ("none",))
        figures.timed("filled", truth.fill)
        truth.charge_until("2017-12-01 01:05")
        of = settings("mobile", url)
        rows = Rows(of, next(rule for rule in RULES if rule.query == "extra"))
        check, began, noticed = Check("extra", rows.collect), moment("2017-12-01 02:30"), None
        seen = dict[str, float]()
        for minute in range(PARTS + 3):
            if minute < PARTS:
                _charge_again(store, minute)
            now = began + timedelta(minutes=minute + 1)
            found = list(samples(of, now, [check]))
            seen = {name: sums(found, name) for name in NAMES}
            if noticed is None and seen["extra_charges"]:
                noticed = minute + 1
        figures.most("a double run is seen, after it began", noticed, 2, "min")
        figures.same("its charges, when it is over", seen["extra_charges"], DOUBLED)
        total = sum(PRICES.values()) * DOUBLED / len(TARIFFS)
        figures.same("its money, to the tiyn", seen["extra_charges_amount_minor"], total)


def shown(figures: Figures) -> None:
    """Show balances wrong and count how soon the alert would fire."""
    with postgresql() as url:
        store = Store(url)
        figures.timed("filled", partial(_fill, store))
        of = settings("mobile", url, displayed_slices=SLICES)
        check, lot = Check("displayed", Displayed(of).collect), random.Random(1)
        told = 0.0

        def wrong() -> float:
            return sums(samples(of, moment("2026-03-05 06:00"), [check]), NAME)

        for one_in, minutes in ((100, 10), (1000, 15)):
            waits = list[int]()
            for run in range(RUNS):
                store.execute(
                    "UPDATE billing_balance SET balance_minor = balance_minor + 1"
                    f" WHERE MOD(hashtextextended(account_key, {run + 1}), {one_in}) = 0"
                )
                at, known = lot.randrange(ROUND), list[tuple[int, float]]()
                while sum(count for when, count in known if when > at - ROUND - MEMORY) < ENOUGH and at < 3600:
                    before, told = told, wrong()
                    known.append((at, told - before))
                    at += ROUND
                waits.append(at - ROUND + SCRAPE + WAIT)
                store.execute("UPDATE billing_balance SET balance_minor = 6000 WHERE balance_minor <> 6000")
            waits.sort()
            what = f"one balance in {one_in} is wrong"
            figures.tell(f"{what}: alert in the median, and the slowest", f"{waits[RUNS // 2]} s, {waits[-1]} s")
            late = sum(wait > 60 * minutes for wait in waits)
            figures.most(f"{what}: alerts later than {minutes} min, of {RUNS}", late, RUNS * 0.05, "")


def _charge_again(store: Store, part: int) -> None:
    store.execute(
        "INSERT INTO billing_charge SELECT 'again-' || id, subscription_id, service, tariff, kind, period_start,"
        f" period_end, amount_minor, TIMESTAMPTZ '2017-12-01 02:{30 + part}:00+06' + make_interval(secs => n % 60)"
        " FROM (SELECT *, CAST(SUBSTR(subscription_id, 2) AS BIGINT) AS n FROM billing_charge"
        f" WHERE id NOT LIKE 'again-%') c WHERE n / 10 % {PARTS} = {part}",
        "ANALYZE",
    )


def _fill(store: Store) -> None:
    store.create()
    store.execute(
        "INSERT INTO billing_movement SELECT 'a' || n, 'mobile', 'T', 'main', 'topup', 1000, 5000, 6000,"
        f" TIMESTAMPTZ '2026-03-05 01:00+05', NULL FROM generate_series(1, {SHOWN}) n",
        "INSERT INTO billing_balance SELECT 'a' || n, 'T', 'main', 6000,"
        f" TIMESTAMPTZ '{TAKEN}+05' FROM generate_series(1, {SHOWN}) n",
        "ANALYZE",
    )
