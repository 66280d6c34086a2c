"""What the billing watch costs: a billing whose accounts are due around the clock, healthy, with months of charges."""

import compileall
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

import psutil

import agent as package
import service
from agent.sources.billing.checks.check import Check
from agent.sources.billing.job import checks
from agent.sources.billing.settings import BillingSettings
from bench.agent_memory import resident
from bench.billing_figures import Figures
from bench.billing_fill import fill_mariadb, fill_postgresql
from tests.contract.agent.billing.asked import PRESET, billing
from tests.contract.agent.billing.schema import Store
from tests.contract.agent.databases import mariadb, postgresql
from tests.contract.agent.program import Agent, agent

MINUTES = 12  # more than the ten after which days are counted again
DEADLINE = 120.0
SERVERS: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "postgresql": postgresql,
    # The settings of a server of a few million accounts; without, every page would come from the disk.
    "mariadb": partial(mariadb, "--innodb-buffer-pool-size=2G", "--innodb-flush-log-at-trx-commit=0"),
}
FILLS = {"postgresql": fill_postgresql, "mariadb": fill_mariadb}
SETTINGS = '[[billing]]\nservice = "mobile"\ndatabase = "{url}"\ninterval = "10s"\nfee_bucket = "main"\n'


def cost(figures: Figures, accounts: int, charges: int, server: str) -> None:
    """Measure the queries of each minute, the comparison of snapshots, and the agent's memory."""
    now = datetime.now(UTC).replace(microsecond=0)
    with SERVERS[server]() as url:
        filled = f"{server} filled with {charges:,} charges"
        figures.timed(filled, lambda: FILLS[server](Store(url), accounts, charges // accounts, now))
        each_minute(figures, url, now)
        snapshots(figures, url, now)
        memory(figures, url)


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
    figures.most(f"slowest of the minutes ({worst})", max(others), 2.5, "s")
    figures.most("share of a core, on average", 100 * statistics.mean(others) / 60, 1.0, "%")


def ask(of: BillingSettings, asked: Sequence[Check], at: datetime) -> dict[str, float]:
    """Return what each check took of a processor, the server's and the agent's, in seconds.

    The clock's seconds would be those of everything else that the machine does.
    """
    source, processor = billing(of, at), Processor(str(of.database))
    taken = {}
    with source.session(source.quick, DEADLINE) as asking:
        for check in asked:
            began = processor.seconds()
            list(check.collect(asking))
            taken[check.name] = processor.seconds() - began
    return taken


class Processor:
    """The time on the processor that a database's server and this process have used."""

    def __init__(self, url: str) -> None:
        port = str(urlsplit(url).port)
        asked = {("-p", port), (f"--port={port}",)}
        self._server = next(
            process
            for process in psutil.process_iter(["cmdline"])
            if any(each in pairs(process.info["cmdline"] or []) for each in asked)
        )

    def seconds(self) -> float:
        """Return it; PostgreSQL's servers for a connection are children of its first process."""
        own, times = time.process_time(), self._server.cpu_times()
        total = own + times.user + times.system + times.children_user + times.children_system
        for child in self._server.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                times = child.cpu_times()
                total += times.user + times.system
        return float(total)


def pairs(words: Sequence[str]) -> set[tuple[str, ...]]:
    """Return each word of a command line by itself, and with the one after it."""
    return {(word,) for word in words} | set(pairwise(words))


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
    with (
        tempfile.TemporaryDirectory() as name,
        agent(Path(name), SETTINGS.format(url=url)) as running,
    ):
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
