"""What the desk exports of appeals: who has them, what is overdue, what waits. Never a customer, never a word."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from service.metric import Metric, Sample

APPEALS = Metric(
    "ott_desk_appeals",
    "gauge",
    "Open appeals by code, way in, who has them, and how the customer wants the answer.",
    ("service", "code", "entry", "party", "channel"),
)
APPEAL_CODE = Metric(
    "ott_desk_appeal_code", "gauge", "1 for each code of appeals, labelled with its name.", ("code", "en", "ru")
)
APPEALS_RECENT = Metric(
    "ott_desk_appeals_recent",
    "gauge",
    "Appeals registered in the last hour; no sample where there was none.",
    ("service", "region", "code", "entry"),
)
APPEALS_OVERDUE = Metric(
    "ott_desk_appeals_overdue",
    "gauge",
    "Open appeals whose time for the answer has passed without one, by who has them.",
    ("service", "party"),
)
APPEAL_DEADLINE = Metric(
    "ott_desk_appeal_deadline_timestamp_seconds",
    "gauge",
    "When the time for the answer of an open appeal ends; only the most urgent ones.",
    ("appeal", "service", "code", "region", "party"),
)
APPEALS_UNROUTED = Metric(
    "ott_desk_appeals_unrouted_timestamp_seconds",
    "gauge",
    "Since when the oldest appeal waits for somebody to say which branch it belongs to; no sample where none waits.",
)
MASS_CUSTOMERS = Metric(
    "ott_desk_mass_appeal_customers",
    "gauge",
    "Customers of a mass of appeals that nobody has linked to an emergency ticket yet; the region * is all of them.",
    ("service", "region", "group"),
)
MAIL_WAITS = Metric(
    "ott_desk_appeal_mail_waits_timestamp_seconds",
    "gauge",
    "Since when the oldest message waits: outbound for its delivery, inbound for a person; no sample where none waits.",
    ("direction",),
)
MAIL_FETCHED = Metric(
    "ott_desk_appeal_mail_fetched_timestamp_seconds",
    "gauge",
    "When the mailbox of appeals was last read to its end, or the desk began to try; no sample without a mailbox.",
)
FREE_MONTHS = Metric("ott_desk_free_months", "gauge", "Free months that are under way, by state.", ("state",))
FREE_MONTHS_LATE = Metric(
    "ott_desk_free_months_late",
    "gauge",
    "Free months that the customer has not got within five working days, by the step that is missing.",
    ("state",),
)
FREE_MONTH_CREDITS = Metric(
    "ott_desk_free_month_credits",
    "gauge",
    "Exported free months by what the agent finds of their credit in the billing: waiting, unseen (waiting for too"
    " long), credited, twice, wrong; no sample where no agent looks.",
    ("service", "state"),
)

LISTED = 50  # series of APPEAL_DEADLINE


class Deadline(NamedTuple):
    """When the time for the answer of an open appeal ends."""

    appeal: int
    service: str
    code: str
    region: str
    party: str
    ends: datetime


@dataclass(frozen=True, slots=True)
class AppealFigures:
    """What is read from the database; absent keys are zero, absent moments are none."""

    codes: Sequence[tuple[str, str, str]] = ()  # id, name in English and in Russian
    open: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    recent: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    overdue: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    deadlines: Sequence[Deadline] = ()
    unrouted: datetime | None = None
    masses: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    mail: Mapping[str, datetime] = field(default_factory=dict)
    free_months: Mapping[str, int] = field(default_factory=dict)
    free_months_late: Mapping[str, int] = field(default_factory=dict)
    free_month_credits: Mapping[tuple[str, ...], int] = field(default_factory=dict)


def samples(figures: AppealFigures) -> Iterator[Sample]:
    """Yield the samples of appeals."""
    counted = (
        (APPEALS, figures.open),
        (APPEALS_RECENT, figures.recent),
        (APPEALS_OVERDUE, figures.overdue),
        (MASS_CUSTOMERS, figures.masses),
        (FREE_MONTH_CREDITS, figures.free_month_credits),
    )
    for code in figures.codes:
        yield APPEAL_CODE.sample(1, *code)
    for metric, found in counted:
        for labels, number in found.items():
            yield metric.sample(number, *labels)
    for metric, by_state in ((FREE_MONTHS, figures.free_months), (FREE_MONTHS_LATE, figures.free_months_late)):
        for state, number in by_state.items():
            yield metric.sample(number, state)
    for each in figures.deadlines[:LISTED]:
        yield APPEAL_DEADLINE.sample(
            each.ends.timestamp(), str(each.appeal), each.service, each.code, each.region, each.party
        )
    if figures.unrouted is not None:
        yield APPEALS_UNROUTED.sample(figures.unrouted.timestamp())
    for direction, moment in figures.mail.items():
        yield MAIL_WAITS.sample(moment.timestamp(), direction)
