"""An agent's figures of a case, as Prometheus gives them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from service.prometheus import Sample

NOTHING = dict.fromkeys(("required", "done", "wrong", "twice", "unreachable", "outside"), 0)


@dataclass
class Agent:
    """What an agent counted; `query` answers as Prometheus would."""

    at: datetime
    since: datetime
    case: str = "1"
    fingerprint: int = 2**48 - 1
    accounts: Mapping[str, int] = field(default_factory=lambda: {"alga": 1000, "prestige": 200})
    stages: dict[str, dict[str, int]] = field(default_factory=dict)
    settled: bool = False
    clean: bool = False
    left_out: str = ""

    def query(self, expression: str) -> list[Sample]:
        assert f'case=~"{self.case}"' in expression
        result = [
            self._sample("counted_timestamp_seconds", self.at.timestamp()),
            self._sample("since_timestamp_seconds", self.since.timestamp()),
            self._sample("settled", self.settled),
            self._sample("clean", self.clean),
            self._sample("fingerprint", self.fingerprint),
            self._sample("scope_subscriptions", sum(self.accounts.values())),
        ]
        for tariff, number in self.accounts.items():
            result.append(self._sample("scope_accounts", number, tariff=tariff))
            result.append(self._sample("scope_amount_minor", number * 99000, tariff=tariff, money="not_charged"))
        for stage, counts in self.stages.items():
            for state, number in (NOTHING | counts).items():
                result.append(self._sample("accounts", number, stage=stage, state=state))
        return [each for each in result if each.labels["__name__"] != self.left_out]

    def _sample(self, name: str, value: float, **labels: str) -> Sample:
        own = {"__name__": f"ott_billing_case_{name}", "service": "mobile", "case": self.case, "instance": "agent"}
        return Sample(own | labels, float(value))
