"""The table `[[billing]]` of the agent's settings."""

import re
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from zoneinfo import ZoneInfo

from agent.runtime.settings import Basic, check_name, check_times
from agent.sources.billing.calendar import Calendar
from service.setting_types import HttpUrl, check_url, holds_password, time_zone
from service.settings import Seconds, Secret

# scheme://user:password@host
_PASSWORD_IN_URL = re.compile(r"://[^/@]*:[^/@]+@")
CHECKS = (
    *("source", "flow", "overdue", "completeness", "reasons", "runs"),
    *("extra", "twins", "early", "periods", "after_end", "price", "sign"),
    *(
        "documents",
        "arithmetic",
        "chain",
        "bucket",
        "conservation",
        "displayed",
        "outside",
        "corrections",
        "exclusive",
        "cases",
        "free_months",
    ),
)


@dataclass(frozen=True, slots=True)
class BillingSettings:
    """One service's billing, read through the views of a preset: in its database, or offered as JSON over HTTP."""

    service: str
    database: str | Secret | None = None
    preset: str = "generic"
    time_zone: str = "Asia/Almaty"  # in which a day begins
    without: list[str] = field(default_factory=list)  # checks whose data this billing does not have
    grace: Seconds = field(default=Seconds(1800.0))  # how long after it was due a charge may come
    flow_after: Seconds = field(default=Seconds(120.0))  # how long after it was due a charge usually comes
    due_by: str = "01:00"  # when a charge without a moment of its own is due
    cut_off: str = "06:00"  # when nothing of the day may be left over
    charged_in_advance: int = 0  # days
    rounding: int = 0  # by how many minor units for each line a document's lines may differ from its total
    fee_bucket: str = ""  # the bucket that fees are taken from
    runs: dict[str, Seconds] = field(default_factory=dict)  # the period of each kind of run that is not planned ahead
    moved: dict[str, str] = field(default_factory=dict)  # days whose run is later, "2026-03-21" = "04:00"
    history: int = 7  # days whose charges are counted again and again
    slices: int = 16  # of the comparison of two snapshots
    displayed_slices: int = 64  # of the comparison of displayed balances, one each round
    smallest_cell: int = 10  # accounts
    cases: str = ""  # where the desk tells its cases: an address, or the path of a file
    cases_token: Secret | None = None  # of a machine, for the desk
    url: HttpUrl | None = None  # of the views, where the billing offers them: URL/billing_charge, …
    token: Secret | None = None  # for the url
    basic: Basic | None = None
    authority: Path | None = None  # the certificate of the authority that signed the url's; none: the system's
    deadline: Seconds = field(default=Seconds(20.0))  # for one reading of all views
    charge_days: int = 35  # how many days before those of the history charges and reasons are read over HTTP
    interval: Seconds = field(default=Seconds(60.0))

    def __post_init__(self) -> None:
        check_name("service", self.service)
        check_times(self.interval, self.interval)
        self._check_place()
        if isinstance(self.database, str) and _PASSWORD_IN_URL.search(self.database):
            raise ValueError('database holds a password; write database = { file = "/path" } with the URL in that file')
        if unknown := sorted(set(self.without) - set(CHECKS)):
            raise ValueError(f'without names "{unknown[0]}", which is no check; there are: {", ".join(CHECKS)}')
        _check_cases(self.cases)
        try:
            time_zone(self.time_zone)
        except ValueError as error:
            raise ValueError(f"time_zone: {error}") from None
        for key in ("due_by", "cut_off"):
            time_of_day(key, getattr(self, key))
        for key, least, most in (
            *(
                ("charged_in_advance", 0, 31),
                ("rounding", 0, 100),
                ("history", 2, 31),
                ("charge_days", 32, 400),
                ("slices", 1, 64),
                ("displayed_slices", 1, 1000),
                ("smallest_cell", 1, 1000),
            ),
            *(("grace", 60, 86400), ("flow_after", 30, 86400)),
        ):
            if not least <= getattr(self, key) <= most:
                raise ValueError(f"{key} must be between {least} and {most}")
        for kind in self.runs:
            check_name("runs", kind)
        for day, to in self.moved.items():
            _check_day(day)
            time_of_day("moved", to)

    @property
    def calendar(self) -> Calendar:
        """Return the days as the operator's customers live them."""
        return Calendar(ZoneInfo(self.time_zone))

    def _check_place(self) -> None:
        if (self.database is None) == (self.url is None):
            raise ValueError("give either database, or url where the billing offers its views as JSON over HTTP")
        if self.url is None and (self.token or self.basic or self.authority):
            raise ValueError("token, basic and authority belong to a url, not to a database")
        if self.url is not None and ("?" in self.url or "#" in self.url or self.url.endswith("/")):
            raise ValueError("url ends with a path and no slash, such as https://billing.example/views; "
                             "the names of the views and the parameters come after it")  # fmt: skip
        if self.token is not None and self.basic is not None:
            raise ValueError("give either token or basic")
        if self.url is not None:
            check_times(self.interval, self.deadline)


def _check_cases(cases: str) -> None:
    if cases and "://" not in cases and not cases.startswith("/"):
        raise ValueError('cases must be an address such as "https://desk:9781/billing/cases" or an absolute path')
    if "://" in cases:
        try:
            check_url(cases)
        except ValueError as error:
            raise ValueError(f"cases {error}") from None
        if holds_password(cases):
            raise ValueError("cases holds a password; write the desk's token into cases_token")


def _check_day(day: str) -> None:
    try:
        known = date.fromisoformat(day).isoformat() == day
    except ValueError:
        known = False
    if not known:
        raise ValueError(f'moved names "{day}", which is no day; write it as "2026-03-21" = "04:00"')


def time_of_day(key: str, text: str) -> time:
    """Return the time of "HH:MM"; raise ValueError."""
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text)
    if match is None:
        raise ValueError(f'{key} must be a time of day such as "06:00", not "{text}"')
    return time(int(match[1]), int(match[2]))
