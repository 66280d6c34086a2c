"""Simulated customers who complain: through the desk's own API, as the personal cabinet would.

Whose edge did not answer, or answered with an error, may complain after a while: the more viewers a fault reaches, the
more of them do. Apart from that somebody asks about something else now and then, as they do every day.
"""

import argparse
import heapq
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

import httpx

from demo.platform import middleware
from demo.platform.ledger import Trouble, follow
from demo.platform.viewers import HOUSEHOLDS
from service import logs

CALLS = 0.5  # of those whose picture failed
PATIENCE_SECONDS = (5.0, 45.0)  # before somebody complains
QUIET_SECONDS = 1800.0  # nobody complains, or makes up their mind, again so soon
EVERY_DAY_SECONDS = 120.0  # between two questions about something else, on average
AGAIN_SECONDS = 5.0  # while the desk does not answer
NO_CHANNEL, ONE_CHANNEL = "01", "02"
EVERY_DAY = ("05", "07", "10", "13", "18")
TEXTS = {
    NO_CHANNEL: "Телевизор пишет, что сервер не отвечает, ни один канал не открывается.",
    ONE_CHANNEL: "Канал не открывается, остальные показывают.",
    "05": "Звук отстаёт от изображения примерно на секунду.",
    "07": "Не могу войти: пишет, что пароль неверный, хотя я его не менял.",
    "10": "Приложение на телевизоре закрывается само.",
    "13": "В тарифе канал есть, а в списке его нет.",
    "18": "Какой тариф нужен, чтобы смотреть на двух телевизорах?",
}


class Complaint(NamedTuple):
    """What a customer will say, and when."""

    time: float
    account: int
    region: str
    code: str


@dataclass
class Customers:
    """Who will complain about what."""

    accounts: list[int]
    regions: dict[str, str]  # of the edges
    rng: random.Random
    waiting: list[Complaint] = field(default_factory=list)
    decided: dict[int, float] = field(default_factory=dict)
    next_question: float = 0.0

    def suffer(self, trouble: Trouble) -> None:
        """Let a viewer decide whether to complain; none decides twice about the same."""
        if trouble.time - self.decided.get(trouble.account, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self.decided[trouble.account] = trouble.time
        if self.rng.random() < CALLS:
            code = ONE_CHANNEL if trouble.answered else NO_CHANNEL
            at = trouble.time + self.rng.uniform(*PATIENCE_SECONDS)
            heapq.heappush(self.waiting, Complaint(at, trouble.account, self.regions[trouble.edge], code))

    def due(self, now: float) -> list[Complaint]:
        """Return what is said now."""
        if now >= self.next_question:
            self.next_question = now + self.rng.expovariate(1 / EVERY_DAY_SECONDS)
            region = self.rng.choice(sorted(set(self.regions.values())))
            question = Complaint(now, self.rng.choice(self.accounts), region, self.rng.choice(EVERY_DAY))
            heapq.heappush(self.waiting, question)
        result = []
        while self.waiting and self.waiting[0].time <= now:
            result.append(heapq.heappop(self.waiting))
        return result


def say(client: httpx.Client, complaint: Complaint) -> None:
    """Register an appeal; raise httpx.HTTPError where the desk does not take it."""
    appeal = {
        "number": f"+7701{2_000_000 + complaint.account}",
        "service": "ott",
        "code": complaint.code,
        "text": TEXTS[complaint.code],
        "region": complaint.region,
        "answerBy": "mobile",
        "cabinetRef": f"LK-{complaint.account}",
    }
    client.post("/api/v1/appeals", json=appeal).raise_for_status()


def run(client: httpx.Client, customers: Customers, troubles: TextIO) -> None:
    """Complain until killed; what the desk did not take is said again."""
    while True:
        for trouble in follow(troubles):
            customers.suffer(trouble)
        for complaint in customers.due(time.time()):
            try:
                say(client, complaint)
            except httpx.HTTPStatusError as error:
                if not error.response.is_server_error:
                    sys.exit(f"the desk refuses {complaint}: {error.response.text}")
                _later(customers, complaint)
            except httpx.HTTPError:
                _later(customers, complaint)
        time.sleep(1)


def _later(customers: Customers, complaint: Complaint) -> None:
    heapq.heappush(customers.waiting, complaint._replace(time=time.time() + AGAIN_SECONDS))


def main() -> None:
    """Complain until killed."""
    parser = argparse.ArgumentParser("callers")
    parser.add_argument("--edge", action="append", required=True, metavar="NAME=REGION")
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--troubles", type=Path, required=True)
    parser.add_argument("--desk", required=True, metavar="URL")
    parser.add_argument("--token", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logs.configure("text")
    regions = dict(text.partition("=")[::2] for text in arguments.edge)
    accounts = middleware.subscribers(arguments.database, "ott", HOUSEHOLDS)
    customers = Customers(accounts, regions, random.Random(arguments.seed))
    headers = {"Authorization": f"Bearer {arguments.token.read_text('utf-8').strip()}"}
    with (
        httpx.Client(base_url=arguments.desk, headers=headers, timeout=10, trust_env=False) as client,
        arguments.troubles.open(encoding="ascii", newline="") as troubles,
    ):
        run(client, customers, troubles)


if __name__ == "__main__":
    main()
