"""Reading the query of an address; what makes no sense is refused with what to write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from dashboards.busy_hour.measures.capacity import Capacity
from dashboards.busy_hour.measures.quantities import quantity_name, scope_name
from dashboards.busy_hour.measures.scenario import Scenario, Texts, scenario_of

MOST_FIELDS = 8
EARLIEST, LATEST = date(1970, 1, 2), date(9999, 12, 30)


class AskedWronglyError(ValueError):
    """The address makes no sense; the message says what would."""


@dataclass(frozen=True, slots=True)
class Query:
    """The names that an address takes, each once."""

    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def read(self, text: str) -> dict[str, str]:
        """Return the values by name; raise AskedWronglyError for any other query."""
        try:
            pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=MOST_FIELDS)
        except ValueError as error:
            raise AskedWronglyError(f"the query cannot be read: {error}") from None
        found = dict(pairs)
        if len(found) < len(pairs) or not set(self.needed) <= found.keys() <= {*self.needed, *self.optional}:
            also = f"; {', '.join(self.optional)} can be given too" if self.optional else ""
            raise AskedWronglyError(
                f"give {', '.join(self.needed)}, each once{also}" if self.needed else "this address takes no query"
            )
        return found

    def parameters(self) -> dict[str, Any]:
        """Return what OpenAPI says of the names."""
        kinds = ((self.needed, True), (self.optional, False))
        return {
            "parameters": [
                {"name": name, "in": "query", "required": needed, "schema": {"type": "string"}}
                for names, needed in kinds
                for name in names
            ]
        }


NOTHING = Query()
DAYS = Query(("scope", "quantity", "from", "to"))
OUTLOOK = Query(("scope", "quantity"), ("growth", "add_node", "lose", "event"))


def series(asked: Mapping[str, str]) -> tuple[str, str]:
    """Return scope and quantity; raise AskedWronglyError for names that are none."""
    try:
        return scope_name(asked["scope"]), quantity_name(asked["quantity"])
    except ValueError as error:
        raise AskedWronglyError(str(error)) from None


def day(asked: Mapping[str, str], key: str) -> date:
    """Return a day; raise AskedWronglyError for any other text."""
    try:
        found = date.fromisoformat(asked[key])
    except ValueError:
        raise AskedWronglyError(f'{key}="{asked[key]}" is not a day; write 2026-01-31') from None
    if not EARLIEST <= found <= LATEST:
        raise AskedWronglyError(f"{key}={found} lies outside {EARLIEST} to {LATEST}")
    return found


def assumed(asked: Mapping[str, str], capacities: Sequence[Capacity]) -> Scenario:
    """Return the scenario that is asked for; raise AskedWronglyError for one that makes no sense."""
    nodes = tuple(text for text in asked.get("add_node", "").split(",") if text.strip())
    texts = Texts(asked.get("growth", ""), nodes, asked.get("lose", ""), asked.get("event", ""))
    try:
        return scenario_of(texts, capacities)
    except ValueError as error:
        raise AskedWronglyError(str(error)) from None
