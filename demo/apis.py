"""What the check asks of the running programs: Prometheus for figures, the desk for tickets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

import httpx

from service.authorities import trusted
from service.prometheus import Sample, connect

_TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
_SECONDS = 10.0


class Point(NamedTuple):
    """A sample with the time of its scrape."""

    time: float
    value: float


class _Api:
    """One kept connection, closed at the end of the block."""

    def __init__(self, address: str, headers: dict[str, str] | None = None) -> None:
        self._client = httpx.Client(
            base_url=address, headers=headers, timeout=_SECONDS, trust_env=False, verify=trusted()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


class Console(_Api):
    """The desk's pages, as somebody who has logged in sees them."""

    def __init__(self, address: str, name: str, password: str) -> None:
        super().__init__(address)
        form = self._client.get("/login").raise_for_status().text
        found = re.search(r'name="csrf" value="([^"]+)"', form)
        typed = {"name": name, "password": password, "csrf": found[1] if found else ""}
        self._client.post("/login", data=typed)  # 303 with the session; else the pages below say so

    def page(self, path: str) -> str:
        """Return a page; raise httpx.HTTPStatusError where it does not come up."""
        return self._client.get(path).raise_for_status().text


class Prometheus:
    """The query API; its connections are closed at the end of the block."""

    def __init__(self, address: str) -> None:
        self._client = connect(address, timeout=_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def values(self, query: str, at: float) -> list[Sample]:
        """Return every series of an instant query."""
        return self._client.query(query, datetime.fromtimestamp(at, UTC))

    def value(self, query: str, at: float) -> float | None:
        """Return the only series of an instant query, or None where there is none."""
        found = self.values(query, at)
        return found[0].value if len(found) == 1 else None

    def points(self, query: str, at: float) -> list[Point]:
        """Return the samples themselves, with their own times, of a range selector over one target's series, added."""
        added: dict[float, float] = {}
        for series in self._client.samples(query, at):
            for time, value in series.points:
                added[time] = added.get(time, 0.0) + value
        return [Point(*point) for point in sorted(added.items())]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as the desk's API shows it."""

    body: dict[str, Any]

    @property
    def number(self) -> str:
        return str(self.body["id"])

    @property
    def status(self) -> str:
        return str(self.body["status"])

    @property
    def open(self) -> bool:
        return self.status not in {"resolved", "closed", "rejected", "cancelled"}

    @property
    def caused(self) -> bool:
        """Whether it lies under another ticket."""
        related = self.body.get("troubleTicketRelationship", ())
        return any(each["relationshipType"] == "isCausedBy" for each in related)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its problem."""
        characteristics = self.body["troubleTicketCharacteristic"]
        return {
            each["name"].removeprefix("label."): each["value"]
            for each in characteristics
            if each["name"].startswith("label.")
        }


class Desk(_Api):
    """The TMF621 API and the desk's own counters."""

    def __init__(self, address: str, token: str) -> None:
        super().__init__(address, {"Authorization": f"Bearer {token}"})

    def tickets(self, **labels: str) -> list[Ticket]:
        """Return the tickets whose problem has these labels, the oldest first."""
        answer = self._client.get(_TICKETS, params={"limit": 100, "sort": "creationDate"})
        answer.raise_for_status()
        found = [Ticket(body) for body in answer.json()]
        return [ticket for ticket in found if labels.items() <= ticket.labels.items()]

    def newest(self) -> list[Ticket]:
        """Return the newest tickets, the last one first."""
        answer = self._client.get(_TICKETS, params={"limit": 100, "sort": "-creationDate"})
        answer.raise_for_status()
        return [Ticket(body) for body in answer.json()]

    def gathered(self, number: str) -> int:
        """Return how many alarms of other problems a ticket has gathered, and tickets that lie under it."""
        answer = self._client.get(f"/api/v1/tickets/{number}/grouping", params={"limit": 1})
        answer.raise_for_status()
        body = answer.json()
        return int(body["total"]) + len(body["folded"])

    def counters(self, name: str) -> Iterator[tuple[str, float]]:
        """Yield the series of one metric of `/metrics` as (labels, value)."""
        for line in self._client.get("/metrics").text.splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name:
                yield series.partition("{")[2].rstrip("}"), float(value)
