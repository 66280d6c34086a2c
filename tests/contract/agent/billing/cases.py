"""The truth about December 2017's case, worked out without the queries that are tested."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from agent.sources.billing.cases.count import Cases
from service.metric import Sample
from tests.contract.agent.billing.asked import PRESET, billing, settings
from tests.contract.agent.billing.december import PRICES, TARIFFS
from tests.contract.agent.billing.offered import Offered, offer
from tests.contract.agent.billing.schema import Store

KEY = "k" * 32


class Scope(NamedTuple):
    """Accounts and money by tariff, and the fingerprint of the set."""

    accounts: dict[str, int]
    money: dict[str, int]
    fingerprint: int


def scope_of(accounts: Iterable[int], day: int = 20171201) -> Scope:
    """Return the scope of some of December's accounts."""
    numbers, money, total = dict[str, int](), dict[str, int](), 0
    for account in accounts:
        tariff = TARIFFS[account % 10]
        numbers[tariff] = numbers.get(tariff, 0) + 1
        money[tariff] = money.get(tariff, 0) + PRICES[tariff]
        total += int(hashlib.md5(f"{KEY}|s{account}|{day}".encode(), usedforsecurity=False).hexdigest()[:12], 16)
    return Scope(numbers, money, total % 2**48)


class Counted:
    """A case counted by the agent; where `offered` is set, over HTTP too, which gives the same samples."""

    deadline = 60.0  # seconds, of each query
    offered: ClassVar[Offered | None] = None

    def __init__(self, store: Store, book: Path, **case: Any) -> None:
        self._store, self._book = store, book
        self.case = {
            "id": "17",
            "service": "mobile",
            "kind": "missing",
            "opened": "2017-12-01T00:04:00+06:00",
            "since": None,
            "until": None,
            "reference": "case-17",
            "key": KEY,
            "stages": ["charged", "refunded", "told"],
            "compensation": None,
            **case,
        }

    def at(self, now: datetime, **changed: Any) -> list[Sample]:
        """Return the samples of one round."""
        self._book.write_text(json.dumps({"cases": [self.case | changed]}), "utf-8")
        found = self._of(self._store.url, now)
        if self.offered is not None and self._store.url.startswith("postgresql"):
            offer(self.offered, self._store.url)
            over_http = self._of(self.offered.url, now)
            assert set(map(told, over_http)) == set(map(told, found)), set(map(told, over_http)) ^ set(map(told, found))
        return found

    def _of(self, url: str, now: datetime) -> list[Sample]:
        of = settings(self.case["service"], url, cases=str(self._book))
        source = billing(of, now)
        for _ in range(2):  # over HTTP the rows of a case's time are there in the second round
            with source.session(source.slow, self.deadline) as asking:
                try:
                    return list(Cases(of, PRESET).collect(asking))
                except ValueError as error:
                    assert "are not there yet" in str(error)  # noqa: PT017
        raise AssertionError


def told(sample: Sample) -> tuple[str, tuple[str, ...], float]:
    """Return what a sample says, in an order that the database does not choose."""
    assert isinstance(sample.value, float | int)
    return sample.metric.name, sample.labels, float(sample.value)


def values(samples: Sequence[Sample], name: str, *labels: str) -> dict[str, float]:
    """Return the values of a metric by the last label, for those whose other labels end so."""
    result: dict[str, float] = {}
    for sample in samples:
        if sample.metric.name == f"ott_billing_case_{name}" and sample.labels[2:-1] == labels:
            assert isinstance(sample.value, float | int)
            result[sample.labels[-1]] = sample.value
    return result


def scope_in(samples: Sequence[Sample]) -> Scope:
    """Return the scope as the agent counted it."""
    money = {
        s.labels[2]: int(s.value)  # type: ignore[arg-type]
        for s in samples
        if s.metric.name == "ott_billing_case_scope_amount_minor" and s.labels[3] == "not_charged"
    }
    (fingerprint,) = values(samples, "fingerprint").values() or [0.0]
    return Scope({k: int(v) for k, v in values(samples, "scope_accounts").items()}, money, int(fingerprint))


def stage(samples: Sequence[Sample], name: str) -> dict[str, float]:
    """Return how many accounts of a stage are in which state; zeros left out."""
    return {state: value for state, value in values(samples, "accounts", name).items() if value}
