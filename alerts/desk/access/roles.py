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


VIEWER = "viewer"
P = Permission
ROLES: dict[str, frozenset[Permission]] = {
    VIEWER: frozenset({P.READ, P.METRICS}),
    "engineer": frozenset({P.READ, P.ACT, P.METRICS}),
    "administrator": frozenset({P.READ, P.ACT, P.ADMINISTER, P.METRICS}),
    "machine": frozenset({P.READ, P.ACT, P.NOTIFY, P.METRICS}),
}
PEOPLE = ("viewer", "engineer", "administrator")
MACHINES = ("machine", "viewer", "engineer")


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a request is from."""

    name: str
    role: str
    language: str = ""

    def may(self, permission: Permission) -> bool:
        """Say whether the role permits it."""
        return permission in ROLES[self.role]
