"""What views over HTTP cost the agent: as many rows as it takes, from a billing that does as docs/billing.md says."""

import compileall
import json
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import psutil

import agent as package
import service
from agent.sources.billing.views.columns import VIEWS
from agent.sources.billing.views.loaded import MOST_ROWS
from bench.agent_memory import resident
from bench.billing_figures import Figures
from tests.contract.agent.program import Agent, agent
from tests.contract.web import Answering, web

ALMATY = ZoneInfo("Asia/Almaty")
SETTINGS = '[[billing]]\nservice = "mobile"\nurl = "{url}"\nfee_bucket = "main"\ncharge_days = 35\n'
# Of each thousand rows.
SHARES = {"subscription": 250, "charge": 310, "movement": 180, "balance": 250}
MEASURED = 660.0  # seconds: one whole reading and ten of what is new


class Views:
    """The rows of each view in order of their moment, written once."""

    def __init__(self, rows: int, now: datetime) -> None:
        self._now = now
        self.at: dict[str, list[str]] = {}
        self.rows: dict[str, list[str]] = {}
        accounts = rows * SHARES["subscription"] // 1000
        self._put("source", [{"up_to": text(now + timedelta(days=1))}])
        self._put("subscription", map(self._subscription, range(accounts)))
        self._put("charge", (self._charge(n, accounts) for n in range(rows * SHARES["charge"] // 1000)))
        self._put("movement", (self._movement(n) for n in range(rows * SHARES["movement"] // 1000)))
        half = rows * SHARES["balance"] // 2000
        self._put("balance", (self._balance(n % half, n // half) for n in range(2 * half)))
        for name in ("outcome", "document", "run", "notice"):
            self._put(name, ())

    def page(self, name: str, asked: dict[str, str]) -> bytes:
        """Return a page."""
        at, rows = self.at[name], self.rows[name]
        first, last = 0, len(rows)
        if VIEWS[name].at:
            first, last = (bisect_left(at, asked[key].replace("Z", "+00:00")) for key in ("from", "until"))
        first = int(asked.get("cursor", first))
        end = min(first + int(asked["limit"]), last)
        following = json.dumps(str(end)) if end < last else "null"
        return f'{{"rows": [{", ".join(rows[first:end])}], "next": {following}}}'.encode()

    def _put(self, name: str, rows: Any) -> None:
        moment = VIEWS[name].at
        ordered = sorted(rows, key=lambda row: row[moment]) if moment else list(rows)
        self.at[name] = [row[moment] for row in ordered] if moment else []
        self.rows[name] = [json.dumps(row) for row in ordered]

    def _due(self, n: int) -> datetime:
        """Return when account n was charged last: at one second of the last thirty days."""
        return self._now - timedelta(seconds=600 + n * 7919 % (28 * 86400))

    def _subscription(self, n: int) -> dict[str, Any]:
        due = self._due(n).astimezone(ALMATY)
        following = (due.replace(day=1) + timedelta(days=32)).replace(day=min(due.day, 28))
        return {
            "id": f"subscription-{n:07}",
            "service": "mobile",
            "tariff": f"tariff-{n % 10}",
            "price_minor": 100000,
            "anchor_day": due.day,
            "status": "active",
            "next_charge_at": text(following),
            "ended_at": None,
            "account_key": f"account-{n:07}",
            "product": None,
        }

    def _charge(self, n: int, accounts: int) -> dict[str, Any]:
        due = self._due(n % accounts) - timedelta(days=31 * (n // accounts))
        day = due.astimezone(ALMATY).date()
        return {
            "id": f"charge-{n:08}",
            "subscription_id": f"subscription-{n % accounts:07}",
            "service": "mobile",
            "tariff": f"tariff-{n % 10}",
            "kind": "recurringCharge",
            "period_start": day.isoformat(),
            "period_end": (day + timedelta(days=30)).isoformat(),
            "amount_minor": 100000,
            "at": text(due),
            "reversal_of": None,
            "order_id": None,
        }

    def _movement(self, n: int) -> dict[str, Any]:
        at = self._now - timedelta(hours=2, seconds=n * 7919 % 80_000)
        return {
            "account_key": f"account-{n:07}",
            "service": "mobile",
            "tariff": f"tariff-{n % 10}",
            "bucket": "main",
            "kind": "topup",
            "amount_minor": 1000,
            "before_minor": 5000,
            "after_minor": 6000,
            "at": text(at),
            "case_ref": None,
        }

    def _balance(self, n: int, latest: int) -> dict[str, Any]:
        at = self._now - timedelta(hours=1 if latest else 25)
        return {
            "account_key": f"account-{n:07}",
            "tariff": f"tariff-{n % 10}",
            "bucket": "main",
            "balance_minor": 6000 if latest else 5000,
            "taken_at": text(at),
        }


def text(moment: datetime) -> str:
    """Return a moment in UTC, as JSON has it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


@contextmanager
def served(views: Views) -> Iterator[str]:
    """Serve the views on loopback; give their URL."""

    class Handler(Answering):
        def do_GET(self) -> None:  # noqa: N802 - http.server's name
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.answer(views.page(parts.path.rpartition("/billing_")[2], asked))

    with web(Handler) as address:
        yield f"http://{address}/views"


def over_http(figures: Figures, rows: int = MOST_ROWS - 1000) -> None:
    """Measure the agent's memory and its time on the processor."""
    for place in (*package.__path__, *service.__path__):
        compileall.compile_dir(place, quiet=1)
    views = figures.timed(f"{rows:,} rows written", lambda: Views(rows, datetime.now(UTC).replace(microsecond=0)))
    with (
        served(views) as url,
        tempfile.TemporaryDirectory() as name,
        agent(Path(name), SETTINGS.format(url=url)) as running,
    ):
        process = psutil.Process(running.process.pid)
        began = time.monotonic()
        while "displayed" not in checked(running) and time.monotonic() - began < 120:
            time.sleep(1)
        figures.tell("all views read and all checks made, processor", f"{seconds(process):.1f} s")
        before, largest, began = seconds(process), 0.0, time.monotonic()
        while time.monotonic() - began < MEASURED:
            time.sleep(1)
            largest = max(largest, resident(running).total / 2**20)
        share = 100 * (seconds(process) - before) / (time.monotonic() - began)
        figures.tell("share of a core, on average", f"{share:.2f} %")
        figures.most("the agent's memory, at most", largest, 120, "MiB")
        failed = {line for line in running.get("/metrics").text.splitlines() if failing(line)}
        figures.same("checks that fail", failed, set())


def failing(line: str) -> bool:
    """Return whether a line of /metrics tells of a check that failed."""
    return line.startswith('ott_collector_success{collector="billing_') and line.endswith(" 0.0")


def seconds(process: psutil.Process) -> float:
    """Return the time on the processor that a process has used."""
    times = process.cpu_times()
    return float(times.user + times.system)


def checked(running: Agent) -> str:
    """Return which checks are on, as /metrics says it."""
    with suppress(OSError, URLError):
        return "".join(line for line in running.get("/metrics").text.splitlines() if "ott_billing_check{" in line)
    return ""
