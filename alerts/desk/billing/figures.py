"""What the agent counted of a case, read from Prometheus's samples and kept as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite

from service.prometheus import Sample

COUNTED = "ott_billing_case_counted_timestamp_seconds"
SINCE = "ott_billing_case_since_timestamp_seconds"
SETTLED = "ott_billing_case_settled"
CLEAN = "ott_billing_case_clean"
SUBSCRIPTIONS = "ott_billing_case_scope_subscriptions"
FINGERPRINT = "ott_billing_case_fingerprint"
SCOPE = "ott_billing_case_scope_accounts"
MONEY = "ott_billing_case_scope_amount_minor"
ACCOUNTS = "ott_billing_case_accounts"
STAGE_MONEY = "ott_billing_case_amount_minor"
UNREACHABLE = "ott_billing_case_unreachable"
ALL = (COUNTED, SINCE, SETTLED, CLEAN, SUBSCRIPTIONS, FINGERPRINT, SCOPE, MONEY, ACCOUNTS, STAGE_MONEY, UNREACHABLE)
STATES = ("required", "done", "wrong", "twice", "unreachable", "outside")


@dataclass(frozen=True, slots=True)
class Counts:
    """One stage: of those that are required, how many are in which state, and how many outside the set."""

    required: int = 0
    done: int = 0
    wrong: int = 0
    twice: int = 0
    unreachable: int = 0
    outside: int = 0
    money_required: int = 0
    money_done: int = 0

    @property
    def open(self) -> int:
        """Return how many are still to be dealt with; what is wrong or twice is not done."""
        return self.required - self.done - self.unreachable

    @property
    def over(self) -> bool:
        """Return whether nothing is left to do or to undo."""
        return not (self.open or self.wrong or self.twice or self.outside)

    @property
    def share(self) -> float:
        """Return which part is dealt with."""
        return 1.0 if not self.required else (self.done + self.unreachable) / self.required


@dataclass(frozen=True, slots=True)
class Scope:
    """What a fault concerned: accounts and money (minor units) by tariff, and the set's fingerprint."""

    subscriptions: int = 0
    fingerprint: int = 0
    accounts: Mapping[str, int] = field(default_factory=dict)
    money: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # by kind of money and tariff

    @property
    def total(self) -> int:
        """Return the accounts of all tariffs."""
        return sum(self.accounts.values())

    @property
    def same_set(self) -> tuple[int, int]:
        """Return what two scopes of one set have in common."""
        return self.subscriptions, self.fingerprint

    def sum_of(self, money: str) -> int | None:
        """Return a kind of money for all tariffs; None where it was not counted."""
        return sum(self.money[money].values()) if money in self.money else None


@dataclass(frozen=True, slots=True)
class KeptFigures:
    """What a case keeps of its figures; of one that was never counted nothing."""

    settled: bool = False
    clean: bool = False
    scope: Scope | None = None
    stages: Mapping[str, Counts] = field(default_factory=dict)
    unreachable: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figures:
    """A case as counted at one moment."""

    at: datetime
    since: datetime | None
    settled: bool
    clean: bool
    scope: Scope
    stages: Mapping[str, Counts]
    unreachable: Mapping[str, int]

    @property
    def kept(self) -> KeptFigures:
        """Return what the case keeps."""
        return KeptFigures(self.settled, self.clean, self.scope, self.stages, self.unreachable)


def read(samples: Iterable[Sample]) -> dict[int, Figures]:
    """Return the figures by the number of the case; of several agents that count one, the latest."""
    by_case: dict[tuple[int, str], list[Sample]] = {}
    for sample in samples:
        text, labels = sample.labels.get("case", ""), sample.labels
        if text.isascii() and text.isdigit() and isfinite(sample.value):
            agent = "|".join(labels.get(name, "") for name in ("job", "instance", "node"))
            by_case.setdefault((int(text), agent), []).append(sample)
    result: dict[int, Figures] = {}
    for (number, _), own in by_case.items():
        found = _figures(own)
        if found and (number not in result or result[number].at < found.at):
            result[number] = found
    return result


def _figures(samples: list[Sample]) -> Figures | None:
    single: dict[str, float] = {}
    accounts: dict[str, int] = {}
    money: dict[str, dict[str, int]] = {}
    stages: dict[str, dict[str, int]] = {}
    unreachable: dict[str, int] = {}
    for labels, value in samples:
        name = labels.get("__name__", "")
        if name == SCOPE:
            accounts[labels.get("tariff", "")] = int(value)
        elif name == MONEY:
            money.setdefault(labels.get("money", ""), {})[labels.get("tariff", "")] = int(value)
        elif name == ACCOUNTS and labels.get("state") in STATES:
            stages.setdefault(labels.get("stage", ""), {})[labels["state"]] = int(value)
        elif name == STAGE_MONEY and labels.get("state") in ("required", "done"):
            stages.setdefault(labels.get("stage", ""), {})[f"money_{labels['state']}"] = int(value)
        elif name == UNREACHABLE:
            unreachable[labels.get("reason", "")] = int(value)
        else:
            single[name] = value
    if not {COUNTED, SUBSCRIPTIONS, FINGERPRINT} <= single.keys():
        return None  # half of a scrape is no count
    since = single.get(SINCE)
    return Figures(
        at=datetime.fromtimestamp(single[COUNTED], UTC),
        since=None if since is None else datetime.fromtimestamp(since, UTC),
        settled=single.get(SETTLED) == 1,
        clean=single.get(CLEAN) == 1,
        scope=Scope(int(single[SUBSCRIPTIONS]), int(single[FINGERPRINT]), accounts, money),
        # A stage whose states are not all there was not counted.
        stages={name: Counts(**values) for name, values in stages.items() if set(STATES) <= values.keys()},
        unreachable=unreachable,
    )
