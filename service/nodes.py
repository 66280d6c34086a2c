"""A node of the platform as inventories have it."""

import re
from dataclasses import dataclass

PORT = 9780  # of its agent
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Node:
    """One node: its name in tickets, what it shares power and uplink with, what it does, where its agent listens."""

    name: str
    site: str
    role: str
    address: str

    def check(self) -> None:
        """Raise ValueError for what cannot be a label."""
        for what, value in (("name", self.name), ("site", self.site), ("role", self.role)):
            if not _NAME.fullmatch(value):
                raise ValueError(f"{what} {value!r}: use letters, digits, points, hyphens and underscores")


def address_of(text: str) -> str:
    """Return host and port, the agent's port where none is given; raise ValueError."""
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match[2] or PORT) < 65536:
        raise ValueError(f"{text}: is no address; write HOST or HOST:PORT, an IPv6 address in brackets")
    return f"{match[1]}:{match[2] or PORT}"
