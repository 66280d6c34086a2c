"""How long the steps of a case took, from its rows: the beginning, the frozen scopes, the counts, the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.desk.billing.case import Case, Frozen
from alerts.desk.billing.figures import Counts
from alerts.desk.billing.kinds import CORRECTING, Stage
from alerts.desk.billing.records import CountRecord
from alerts.desk.core.billing_settings import BillingCaseSettings

SHARES = (80, 95, 100)


class Clock(NamedTuple):
    """A step with its target: when it was done, or how much of the time is left."""

    name: str
    target: float
    begun: datetime | None
    done: datetime | None

    def left(self, now: datetime) -> float | None:
        """Return the seconds that are left, or were when it was done; None where it has not begun."""
        if self.begun is None:
            return None
        return self.target - ((self.done or now) - self.begun).total_seconds()


class Measures(NamedTuple):
    """Seconds from the beginning of the fault; None: not known, or not yet."""

    noticed: float | None
    scoped: float | None
    corrected: Mapping[int, float | None]  # by percent


def reached(case: Case, counts: Sequence[CountRecord], stages: Sequence[Stage], share: int) -> datetime | None:
    """Return since when so many percent of the accounts of some stages are dealt with, and stayed so."""
    wanted = [stage for stage in stages if stage in case.required]
    moment = None
    for each in counts:
        held = each.stages
        if wanted and all(stage in held and _enough(held[stage], share) for stage in wanted):
            moment = moment or each.at
        else:
            moment = None
    return moment


def _enough(counts: Counts, share: int) -> bool:
    return counts.over if share == 100 else counts.share * 100 >= share


def clocks(
    case: Case,
    versions: Sequence[Frozen],
    counts: Sequence[CountRecord],
    settings: BillingCaseSettings,
) -> list[Clock]:
    """Return the clocks of a case."""
    corrected = reached(case, counts, CORRECTING, 100)
    result = [
        Clock("scoped", settings.scoped, case.opened_at, versions[0].at if versions else None),
        Clock("contained", settings.contained, case.opened_at, case.contained_at),
        Clock("corrected", settings.corrected, case.opened_at, corrected),
        Clock("told", settings.told, corrected, reached(case, counts, (Stage.TOLD,), 100)),
        Clock("compensated", settings.compensated, case.opened_at, reached(case, counts, (Stage.COMPENSATED,), 100)),
    ]
    waived = [name for name in ("told", "compensated") if name in case.waived]
    return [clock for clock in result if clock.name not in waived]


def measures(case: Case, versions: Sequence[Frozen], counts: Sequence[CountRecord]) -> Measures:
    """Return how long noticing, freezing and correcting took."""

    def after(moment: datetime | None) -> float | None:
        if moment is None or case.since is None:
            return None
        return max(moment - case.since, timedelta()).total_seconds()

    return Measures(
        noticed=after(case.opened_at),
        scoped=after(versions[0].at if versions else None),
        corrected={share: after(reached(case, counts, CORRECTING, share)) for share in SHARES},
    )
