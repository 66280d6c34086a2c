"""Many customers at once: operators who register them over the API, and desks that look after what they registered."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import httpx

from alerts.desk.access import tokens
from alerts.desk.access.trail import By
from alerts.desk.app.appeal_mail import send
from alerts.desk.app.jobs import watch_masses
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mass import Cell
from alerts.desk.core.appeal_settings import AppealMail
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings
from alerts.desk.notify.deliver import Pace
from alerts.desk.tickets.policy import policy_of
from alerts.desk.tickets.runtime import Runtime
from service.mail import Smtp
from tests.contract.desk.appeals.appeals_desk import START, rules

SUPPLIER = "support@supplier.example"
CELL = Cell("playback", "Astana", "ott")
PER_MINUTE = 60


@dataclass(slots=True)
class Storm:
    """What all desks of a storm share: a database, rules and a clock."""

    database: Database
    port: int  # of the mail server
    now: datetime = START
    rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        known = rules()
        mail = AppealMail(SUPPLIER, language="en", per_minute=PER_MINUTE)
        self.rules = replace(known, settings=replace(known.settings, mail=mail))

    def runtime(self) -> Runtime:
        settings = Settings(smtp=Smtp("127.0.0.1", "Desk <desk@desk.example>", self.port, "none"))
        return Runtime(settings, self.database, policy_of(settings, lambda *_: None), lambda: self.now)

    def token(self) -> str:
        return tokens.create(self.database, By("tests"), "cabinet", "cabinet", self.now)


@dataclass(slots=True)
class Workers:
    """The workers of one desk that concern masses and mail."""

    storm: Storm
    runtime: Runtime
    baseline: Baseline = field(default_factory=Baseline)
    waiting: dict[Cell, datetime] = field(default_factory=dict)
    pace: Pace = field(default_factory=lambda: Pace(PER_MINUTE))

    def round(self) -> None:
        watch_masses(self.runtime, self.storm.rules, self.baseline, self.waiting)
        send(self.runtime, self.storm.rules, self.pace, self.baseline)


@dataclass(slots=True)
class Registered:
    """What operators were answered, and how long they waited."""

    statuses: Counter[int] = field(default_factory=Counter)
    numbers: set[int] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)


def register(url: str, token: str, customers: Sequence[int]) -> Registered:
    """Register these customers one after the other, as one operator does."""
    done = Registered()
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
    ) as client:
        for customer in customers:
            said = {
                "number": f"+7701{2_000_000 + customer}",
                "service": CELL.service,
                "code": "01",
                "region": CELL.region,
                "answerBy": "mobile",
                "text": "No channel plays",
            }
            started = time.perf_counter()
            answer = client.post("/api/v1/appeals", json=said)
            done.seconds.append(time.perf_counter() - started)
            done.statuses[answer.status_code] += 1
            if answer.is_success:
                done.numbers.add(answer.json()["id"])
    return done
