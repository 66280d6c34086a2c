"""The table `[appeals]` of `desk.toml`: what the operator's procedure leaves open, each with its documented default.

docs/appeals.md lists the questions, G1 to G10, in the order in which they are settled here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from alerts.desk.core import checks
from alerts.desk.core.words import languages
from service.mail import Security, check_mailbox
from service.settings import Seconds, Secret

MINUTE, HOUR = 60.0, 3600.0
DAY = 24 * HOUR
LONGEST_NAME = 64
ALL_REGIONS = "*"  # in place of a region's name


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """The operator's answers to what the procedure does not say."""

    # G1: the terms of a call to 160.
    scheme1_terms: Literal["scheme2", "none"] = "scheme2"
    # G2: what 165 does with a caller whose request of the personal cabinet is open.
    caller_with_cabinet_request: Literal["show", "register"] = "show"
    # G3: when the time for the answer begins.
    answer_from: Literal["appeal", "registration", "request_received"] = "appeal"
    # G4: how the vendor's days are counted, and from when.
    vendor_calendar: str = "24x7"
    vendor_from: Literal["received", "sent"] = "received"
    # G5: whether the vendor's term needs the vendor's reference, and what all terms together may come to.
    vendor_reference: Literal["required", "optional"] = "required"
    longest: Seconds = field(default=Seconds(96 * HOUR))
    # G6: free months of one customer for one service.
    free_months: Literal["one_per_period", "one_per_appeal"] = "one_per_period"
    # G7: how many free months the branch may approve in one go; more need an administrator.
    branch_approves: int = 1
    # G8: whether waiting for the customer stops the time for the answer; it never stops the statutory one.
    customer_pauses: bool = True
    # G9: what counts as answered.
    bounce_window: Seconds = field(default=Seconds(15 * MINUTE))
    failed_calls: int = 3
    failed_call_days: int = 2
    # G10: the file of codes beside desk.toml; without one, twenty codes that are examples.
    codes: str = ""

    def __post_init__(self) -> None:
        checks.positive(self, "longest", "bounce_window", "failed_calls", "failed_call_days")
        if self.branch_approves < 0:
            raise ValueError("branch_approves must be 0 or more")

    def facts(self) -> Mapping[str, str]:
        """Return the answers that decide routes."""
        known = ("scheme1_terms", "caller_with_cabinet_request", "vendor_reference")
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name in known}


@dataclass(frozen=True, slots=True)
class Imap:
    """`[appeals.mail.imap]`: the mailbox that answers and bounces come to."""

    host: str
    username: str
    password: Secret
    port: int = 993
    security: Security = "tls"
    folder: str = "INBOX"
    done: str = "ottwatch"  # where a message is moved once the desk has stored it
    every: Seconds = field(default=Seconds(30.0))

    def __post_init__(self) -> None:
        checks.positive(self, "every")
        if not 0 < self.port < 65536:
            raise ValueError(f"port {self.port} is not between 1 and 65535")
        for key in ("host", "username", "folder", "done"):
            if not getattr(self, key).strip():
                raise ValueError(f"{key} is empty")
            checks.printable(getattr(self, key))
        if self.folder == self.done:
            raise ValueError("done names the folder that mail arrives in; name another one")


@dataclass(frozen=True, slots=True)
class AppealMail:
    """`[appeals.mail]`: the desk itself writes to the supplier and the vendor, and to customers who want mail."""

    supplier: str
    vendor: str = ""  # empty: the supplier asks its vendor
    address: str = ""  # that the mail comes from and answers go to; empty: the sender of [smtp]
    senders: tuple[str, ...] = ()  # who else writes for the supplier: an address, or "@domain" for all of a domain
    language: str = "ru"
    accepted_is_received: bool = False  # the server in [smtp] is the supplier's own
    per_minute: int = 60
    imap: Imap | None = None

    def __post_init__(self) -> None:
        check_mailbox("supplier", self.supplier)
        for key in ("vendor", "address"):
            if text := getattr(self, key):
                check_mailbox(key, text)
        for each in self.senders:
            check_mailbox("senders", f"anybody{each}" if each.startswith("@") else each)
        if self.language not in languages():
            raise ValueError(f"language: write one of {', '.join(languages())}")
        checks.positive(self, "per_minute")


@dataclass(frozen=True, slots=True)
class AppealSettings:
    """`[appeals]`: the desk takes appeals where this table is there."""

    keys: tuple[Secret, ...]  # the first one seals; older ones still open
    services: tuple[str, ...] = ("ott",)
    regions: tuple[str, ...] = ()
    sites: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by region: where its viewers are served from
    units: dict[str, str] = field(default_factory=dict)  # by account: the region of a branch
    phone_country: str = "KZ"  # of numbers without a country code
    accounting_day: int = 1
    credited_within: Seconds = field(default=Seconds(3 * DAY))  # from the export to the credit that the agent sees
    credits_watched: Seconds = field(default=Seconds(35 * DAY))  # how long a credited free month is looked at again
    keep_contacts: Seconds = field(default=Seconds(30 * DAY))
    keep_claims: Seconds = field(default=Seconds(3 * 365 * DAY))
    mass_ticket_after: Seconds = field(default=Seconds(3 * MINUTE))  # a mass waits so long for a ticket of alarms
    questions: OpenQuestions = field(default_factory=OpenQuestions)
    mail: AppealMail | None = None

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError('keys: give at least one secret, such as keys = [{ file = "/etc/ottwatch/appeals.key" }]')
        if not self.services:
            raise ValueError('services: name at least one, such as ["ott"]')
        for name in (*self.services, *self.regions):
            checks.printable(name)
            if len(name) > LONGEST_NAME:
                raise ValueError(f'the name "{name}" is longer than {LONGEST_NAME} characters')
        if ALL_REGIONS in self.regions:
            raise ValueError(f'regions: "{ALL_REGIONS}" stands for all regions together; give the region another name')
        for key, names in (("sites", self.sites), ("units", self.units.values())):
            if unknown := set(names) - set(self.regions):
                raise ValueError(f'{key}: no region "{min(unknown)}"; regions has {", ".join(self.regions) or "none"}')
        if not 1 <= self.accounting_day <= 31:
            raise ValueError("accounting_day is not between 1 and 31")
        checks.positive(self, "keep_contacts", "keep_claims", "mass_ticket_after", "credited_within", "credits_watched")

    def sites_of(self, region: str) -> tuple[str, ...]:
        """Return where the viewers of a region are served from: the site of that name where nothing else is said."""
        return self.sites.get(region, (region,))
