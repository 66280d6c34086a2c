"""The kinds of billing fault, the alerts that tell of each, and the stages of its correction."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What was wrong."""

    MISSING = "missing"
    DOUBLED = "doubled"
    SHOWN = "shown"


class Stage(StrEnum):
    """A step of the correction."""

    CHARGED = "charged"
    ADJUSTED = "adjusted"
    REFUNDED = "refunded"
    TOLD = "told"
    COMPENSATED = "compensated"


ALERTS: Mapping[str, Kind] = {
    "BillingRunMissing": Kind.MISSING,
    "BillingChargesStopped": Kind.MISSING,
    "BillingIncomplete": Kind.MISSING,
    "BillingLeftOver": Kind.MISSING,
    "BillingDoubled": Kind.DOUBLED,
    "BillingBalanceShownWrong": Kind.SHOWN,
}
STAGES: Mapping[Kind, tuple[Stage, ...]] = {
    Kind.MISSING: (Stage.CHARGED, Stage.REFUNDED, Stage.TOLD, Stage.COMPENSATED),
    Kind.DOUBLED: (Stage.REFUNDED, Stage.TOLD, Stage.COMPENSATED),
    Kind.SHOWN: (Stage.ADJUSTED, Stage.TOLD, Stage.COMPENSATED),
}
# The stages that give back what was wrong; telling and compensating come after them.
CORRECTING = (Stage.CHARGED, Stage.ADJUSTED, Stage.REFUNDED)
