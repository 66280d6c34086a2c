"""What the billing watch costs: a billing whose accounts are due around the clock, healthy, with months of charges."""

import compileall
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from urllib.error import URLError

import agent as package
import service
from agent.sources.billing.checks.check import Check
from agent.sources.billing.job import checks
from agent.sources.billing.settings import BillingSettings
from bench.agent_memory import resident
from bench.billing_figures import Figures
from tests.contract.agent.billing.asked import PRESET, billing
from tests.contract.agent.billing.schema import INDEXES, Store, statements
from tests.contract.agent.databases import postgresql
from tests.contract.agent.program import Agent, agent

MINUTES = 12  # more than the ten after which days are counted again
DEADLINE = 120.0
SETTINGS = '[[billing]]\nservice = "mobile"\ndatabase = "{url}"\ninterval = "10s"\nfee_bucket = "main"\n'
# Account n is due on day n mod 28 + 1 of each month, at second 7919 n of the day; d0 is this month's.
_DUE = """
(SELECT n, date_trunc('month', {now}) + make_interval(days => (n % 28)::int, secs => n * 7919 % 86400) AS d0
 FROM generate_series(CAST(0 AS BIGINT), {last}) n) a
"""


def cost(figures: Figures, accounts: int, charges: int) -> None:
    """Measure the queries of each minute, the comparison of snapshots, and the agent's memory."""
    now = datetime.now(UTC).replace(microsecond=0)
    with postgresql() as url:
        figures.timed(f"filled with {charges:,} charges", lambda: fill(Store(url), accounts, charges // accounts, now))
        each_minute(figures, url, now)
        snapshots(figures, url, now)
        memory(figures, url)


def fill(store: Store, accounts: int, months: int, now: datetime) -> None:
    """Write healthy accounts, their last charges, and two snapshots with a movement for each account between them."""
    at = f"TIMESTAMPTZ '{now.isoformat()}'"
    due = _DUE.format(now=at, last=accounts - 1)
    later = f"d0 + CASE WHEN d0 <= {at} THEN INTERVAL '1 month' ELSE INTERVAL '0' END"
    each = f"d0 - make_interval(months => k + CASE WHEN d0 <= {at} THEN 0 ELSE 1 END)"
    store.execute(
        "SET TIME ZONE 'Asia/Almaty'",
        *statements(store.url)[: -len(INDEXES)],
        "INSERT INTO billing_subscription SELECT 's' || n, 'mobile', 'tariff-' || n % 10, 100000 + n % 10, n % 28 + 1,"
        f" 'active', {later}, NULL, 'a' || n, NULL FROM {due}",
        "INSERT INTO billing_charge SELECT 'c' || n || '-' || k, 's' || n, 'mobile', 'tariff-' || n % 10,"
        " 'recurringCharge', due::date, (due + INTERVAL '1 month')::date - 1, 100000 + n % 10,"
        f" due + INTERVAL '5' SECOND, NULL, NULL FROM (SELECT n, k, {each} AS due FROM {due}"
        f" CROSS JOIN generate_series(0, {months - 1}) k) c",
        "INSERT INTO billing_movement SELECT 'a' || n, 'mobile', 'tariff-' || n % 10, 'main', 'topup',"
        f" 1000, 5000, 6000, {at} - INTERVAL '12 hours' + make_interval(secs => n % 3600), NULL"
        f" FROM generate_series(CAST(0 AS BIGINT), {accounts - 1}) n",
        *(
            f"INSERT INTO billing_balance SELECT 'a' || n, 'tariff-' || n % 10, 'main', {balance},"
            f" {at} - INTERVAL '{ago}' FROM generate_series(CAST(0 AS BIGINT), {accounts - 1}) n"
            for balance, ago in ((5000, "25 hours"), (6000, "1 hour"))
        ),
        f"INSERT INTO billing_source VALUES ({at} + INTERVAL '1 day')",
        *INDEXES,
        "ANALYZE",
    )


def each_minute(figures: Figures, url: str, now: datetime) -> None:
    """Ask what is asked each minute, in minutes on end; the first one after a start counts the days before."""
    of = BillingSettings("mobile", url, fee_bucket="main")
    asked = [check for check in checks(of, PRESET) if check.name not in ("source", "cases", "conservation")]
    taken: list[dict[str, float]] = []
    for minute in range(MINUTES + 1):
        at = now - timedelta(minutes=MINUTES + 1 - minute)
        due = [check for check in asked if minute % max(1, int(check.interval // 60)) == 0]
        taken.append(ask(of, due, at))
    first, *others = [sum(each.values()) for each in taken]
    worst = slowest(max(taken[1:], key=lambda each: sum(each.values())))
    figures.tell("all checks after a start", f"{first:.1f} s")
    figures.most("the queries of a minute, median", statistics.median(others), 0.5, "s")
    figures.tell("slowest of the minutes", f"{max(others):.2f} s ({worst})")
    figures.most("share of a core, on average", 100 * statistics.mean(others) / 60, 1.0, "%")


def ask(of: BillingSettings, asked: Sequence[Check], at: datetime) -> dict[str, float]:
    """Return how long each check took, in seconds."""
    source = billing(of, at)
    taken = {}
    with source.session(source.quick, DEADLINE) as asking:
        for check in asked:
            began = perf_counter()
            list(check.collect(asking))
            taken[check.name] = perf_counter() - began
    return taken


def slowest(taken: dict[str, float]) -> str:
    """Return the four checks that took longest, in seconds."""
    return ", ".join(f"{name} {s:.2f}" for name, s in sorted(taken.items(), key=lambda item: -item[1])[:4])


def snapshots(figures: Figures, url: str, now: datetime) -> None:
    """Compare two snapshots, slice by slice."""
    of = BillingSettings("mobile", url)
    asked = [check for check in checks(of, PRESET) if check.name == "conservation"]
    slices = [ask(of, asked, now)["conservation"] for _ in range(of.slices)]
    figures.most(f"snapshots compared, the slowest of {of.slices} slices", max(slices), 5, "s")
    figures.most("snapshots compared, all slices", sum(slices), 300, "s")


def memory(figures: Figures, url: str) -> None:
    """Run the real agent until every check has run."""
    for place in (*package.__path__, *service.__path__):
        compileall.compile_dir(place, quiet=1)
    with tempfile.TemporaryDirectory() as name, agent(Path(name), SETTINGS.format(url=url)) as running:
        end = time.monotonic() + 600
        while (missing := _missing(running)) and time.monotonic() < end:
            time.sleep(2)
        figures.same("checks that the agent has not made", missing, set())
        figures.most("the agent's memory", resident(running).total / 2**20, 120, "MiB")


def _missing(running: Agent) -> set[str]:
    names = {"flow", "overdue", "completeness", "extra", "periods", "chain", "conservation", "displayed", "exclusive"}
    with suppress(OSError, URLError):
        text = running.get("/metrics").text
        return {name for name in names if f'check="{name}",service="mobile",state="on"' not in text.replace(", ", ",")}
    return names
