"""What an alarm can cause and what can cause it, by its layer; declared once in layers.toml.

An alarm is explained only by an alarm on the same element or on one that feeds it (`Where`), and only if the layers
allow it. Alarms without a layer, or with one that is not declared, explain nothing and are explained by nothing.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from typing import Any


class Where(Enum):
    """Where a possible cause is, as its effect sees it."""

    HERE = "on the same element"
    UPSTREAM = "on an element that feeds this one"


@dataclass(frozen=True, slots=True)
class Reach:
    """The layers whose alarms something can explain, and those that can explain it (None: whatever names its layer)."""

    explains: frozenset[str]
    explains_here: frozenset[str]
    explains_downstream: frozenset[str]
    explained_by: frozenset[str] | None
    explained_by_upstream: frozenset[str] | None
    reason: str

    def of(self, where: Where) -> frozenset[str]:
        """Return the layers that are explained from there."""
        return self.explains | (self.explains_here if where is Where.HERE else self.explains_downstream)

    def by(self, where: Where) -> frozenset[str] | None:
        """Return the layers that can explain it from there; None: all that name its layer."""
        upstream = where is Where.UPSTREAM and self.explained_by_upstream is not None
        return self.explained_by_upstream if upstream else self.explained_by


NOTHING = Reach(frozenset(), frozenset(), frozenset(), frozenset(), frozenset(), "The alarm has no declared layer.")


@dataclass(frozen=True, slots=True)
class Layers:
    """The declared layers, from the deepest cause to the last effect, and the alarms that differ from theirs."""

    layers: Mapping[str, Reach]
    alarms: Mapping[tuple[str, str], Reach]  # by alertname and layer

    def reach(self, labels: Mapping[str, str]) -> Reach:
        """Return what an alarm with these labels can explain: its own reach where declared, else that of its layer."""
        layer = labels.get("layer", "")
        return self.alarms.get((labels.get("alertname", ""), layer), self.layers.get(layer, NOTHING))

    def can_explain(self, cause: Mapping[str, str], effect: Mapping[str, str], where: Where) -> bool:
        """Return whether one alarm can be the cause of another, given where it is; both by their labels."""
        explained_by = self.reach(effect).by(where)
        return (
            effect.get("layer", "") in self.reach(cause).of(where)
            and (explained_by is None or cause["layer"] in explained_by)
            # A channel is always named; the service is not, where a stream is watched that several services may carry.
            and (not cause.get("channel") or effect.get("channel") == cause["channel"])
            and (not cause.get("service") or effect.get("service", cause["service"]) == cause["service"])
        )


def load() -> Layers:
    """Return the declaration that is shipped."""
    return read(resources.files("alerts").joinpath("layers.toml").read_text("utf-8"))


def read(text: str) -> Layers:
    """Return a declaration from its text; what an alarm does not declare is as for its layer."""
    declared: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(text)
    layers, alarms = declared["layer"], declared["alarm"]
    return Layers(
        {layer: _reach(entry) for layer, entry in layers.items()},
        {(name, layer): _reach(layers[layer] | entry) for name, entry in alarms.items() for layer in layers},
    )


def _reach(entry: Mapping[str, Any]) -> Reach:
    by, upstream = entry.get("explained_by"), entry.get("explained_by_upstream")
    return Reach(
        explains=frozenset(entry["explains"]),
        explains_here=frozenset(entry.get("explains_here", ())),
        explains_downstream=frozenset(entry.get("explains_downstream", ())),
        explained_by=None if by is None else frozenset(by),
        explained_by_upstream=None if upstream is None else frozenset(upstream),
        reason=entry["reason"],
    )
