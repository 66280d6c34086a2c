"""Every check asked once, as the agent asks it, and what it found in few words."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.sources.billing.calendar import Calendar
from agent.sources.billing.checks.check import Check
from agent.sources.billing.job import checks, place_of
from agent.sources.billing.preset import BillingPreset
from agent.sources.billing.reading import Billing
from agent.sources.billing.settings import BillingSettings
from agent.sources.presets import load_preset
from service.metric import Sample

PRESET = load_preset(BillingPreset, "billing", "generic")
# What a metric is called in the tables, whether its last label is part of the name, and from which value on it counts.
NAMES = {
    "ott_billing_unexplained": ("unexplained", False, 1),
    "ott_billing_left_over": ("left over", False, 1),
    "ott_billing_overdue": ("overdue", False, 1),
    "ott_billing_stopped": ("stopped", False, 21),
    "ott_billing_extra_charges": ("extra", True, 1),
    "ott_billing_twin_charges": ("twins", True, 1),
    "ott_billing_early_charges": ("early", True, 1),
    "ott_billing_gaps": ("gaps", True, 1),
    "ott_billing_after_end_charges": ("after end", True, 1),
    "ott_billing_wrong_amount": ("wrong", True, 1),
    "ott_billing_broken_movements": ("movements", True, 1),
    "ott_billing_conservation_accounts": ("conservation", False, 1),
    "ott_billing_displayed_wrong_total": ("displayed", False, 1),
    "ott_billing_outside_bundle_accounts": ("outside", False, 50),
    "ott_billing_repeated_corrections": ("corrections", False, 1),
    "ott_billing_run_slot_starts": ("run slot starts", False, 2),
    "ott_billing_run_drift_seconds": ("run drift", False, 301),
}


def settings(service: str, url: str, **others: Any) -> BillingSettings:
    """Return settings that hide nothing; accounts are compared in one piece."""
    where: dict[str, Any] = {"url" if url.startswith("http") else "database": url}
    hiding_nothing = {"slices": 1, "displayed_slices": 1, "smallest_cell": 1, "history": 2}
    return BillingSettings(service, **where, **{**hiding_nothing, **others})


def billing(of: BillingSettings, now: datetime, preset: BillingPreset = PRESET) -> Billing:
    calendar = Calendar(ZoneInfo(of.time_zone))
    return Billing(of.service, place_of(of, calendar), preset.query, calendar, now.timestamp)


def samples(
    of: BillingSettings, now: datetime, all_checks: Iterable[Check] | None = None, preset: BillingPreset = PRESET
) -> Iterator[Sample]:
    """Yield the samples of all checks that the preset has, asked on one connection."""
    source = billing(of, now, preset)
    with source.session(source.quick, 60.0) as asking:
        for check in checks(of, preset) if all_checks is None else all_checks:
            if check.name in ("source", "cases") or (check.name == "bucket" and not of.fee_bucket):
                continue
            if not preset.has(check.name):
                continue
            yield from check.collect(asking)


def found(all_samples: Iterable[Sample]) -> dict[str, float]:
    """Return what is wrong, summed over tariffs."""
    result: dict[str, float] = {}
    for sample in all_samples:
        if sample.metric.name not in NAMES:
            continue
        name, by_kind, _ = NAMES[sample.metric.name]
        name = f"{name} {sample.labels[-1]}" if by_kind else name
        assert isinstance(sample.value, float | int)
        result[name] = result.get(name, 0.0) + sample.value
    least = {name: minimum for name, _, minimum in NAMES.values()}
    return {
        name: value
        for name, value in result.items()
        if value >= next(minimum for known, minimum in least.items() if name == known or name.startswith(f"{known} "))
    }
