"""Roles and what they permit."""

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """One thing a caller may do."""

    READ = "read"
    ACT = "act"
    ADMINISTER = "administer"
    NOTIFY = "notify"  # deliver alarms
    METRICS = "metrics"
    REGISTER = "register"  # appeals of customers
    APPEALS = "appeals"  # see them with contacts, work on them
    SUPPLY = "supply"  # see those that wait for the supplier, without contacts
    COMPENSATE = "compensate"  # decide about any number of free months
    EXPORT = "export"  # take the granted free months over into billing
    VERIFY = "verify"  # list exported free months, tell which of them billing has credited


VIEWER = "viewer"
P = Permission
ROLES: dict[str, frozenset[Permission]] = {
    VIEWER: frozenset({P.READ, P.METRICS}),
    "engineer": frozenset({P.READ, P.ACT, P.METRICS}),
    "administrator": frozenset({P.READ, P.ACT, P.ADMINISTER, P.METRICS, P.REGISTER, P.APPEALS, P.COMPENSATE, P.EXPORT}),
    "machine": frozenset({P.READ, P.ACT, P.NOTIFY, P.METRICS, P.REGISTER, P.VERIFY}),
    "operator160": frozenset({P.READ, P.REGISTER, P.APPEALS}),
    "operator165": frozenset({P.READ, P.REGISTER, P.APPEALS}),
    "branch": frozenset({P.READ, P.APPEALS}),
    "chief": frozenset({P.READ, P.APPEALS}),
    "supplier": frozenset({P.SUPPLY}),
    "billing": frozenset({P.EXPORT}),
    "cabinet": frozenset({P.REGISTER}),
}
PEOPLE = ("viewer", "engineer", "administrator", "operator160", "operator165", "branch", "chief", "supplier", "billing")
MACHINES = ("machine", "viewer", "engineer", "cabinet", "billing")


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a request is from."""

    name: str
    role: str
    language: str = ""

    def may(self, permission: Permission) -> bool:
        """Return whether the role permits it."""
        return permission in ROLES[self.role]
