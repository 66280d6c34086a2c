"""What the desk's pages say of a mass of appeals, whoever looks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MassNotice:
    """More customers than usual appeal about the same; nobody has linked them to an emergency ticket yet."""

    group: str
    region: str  # empty: not known; "*": all regions together
    service: str
    customers: int
