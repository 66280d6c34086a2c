"""What the check asks of the running programs: Prometheus for figures, the desk for tickets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import httpx

_TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
_SECONDS = 10.0


class Point(NamedTuple):
    """A sample with the time of its scrape."""

    time: float
    value: float


class _Api:
    """One kept connection, closed at the end of the block."""

    def __init__(self, address: str, headers: dict[str, str] | None = None) -> None:
        self._client = httpx.Client(base_url=address, headers=headers, timeout=_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


class Prometheus(_Api):
    """The query API."""

    def values(self, query: str, at: float) -> list[tuple[dict[str, str], float]]:
        """Return every series of an instant query."""
        return [(row["metric"], float(row["value"][1])) for row in self._query(query, at)]

    def value(self, query: str, at: float) -> float | None:
        """Return the only series of an instant query, or None where there is none."""
        rows = self.values(query, at)
        return rows[0][1] if len(rows) == 1 else None

    def points(self, query: str, at: float) -> list[Point]:
        """Return the samples themselves, with their own times, of a range selector over one target's series, added."""
        added: dict[float, float] = {}
        for row in self._query(query, at):
            for time, value in row["values"]:
                added[float(time)] = added.get(float(time), 0.0) + float(value)
        return [Point(*point) for point in sorted(added.items())]

    def _query(self, query: str, at: float) -> list[dict[str, Any]]:
        answer = self._client.get("/api/v1/query", params={"query": query, "time": f"{at:.3f}"})
        answer.raise_for_status()
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result


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

    def counters(self, name: str) -> Iterator[tuple[str, float]]:
        """Yield the series of one metric of `/metrics` as (labels, value)."""
        for line in self._client.get("/metrics").text.splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name:
                yield series.partition("{")[2].rstrip("}"), float(value)
