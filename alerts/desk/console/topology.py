"""The platform's topology as pages use it: the names that exist, for forms and for the map."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.topology import Plan, Topology
from alerts.desk.console.overview.channels import OTHER
from alerts.desk.console.overview.snapshot import Platform, Present

NOTHING = Topology(Plan(by_default=True), ())


def correlator_of(request: Request) -> Correlator | None:
    """Return what groups the desk's alarms; None where nothing does."""
    correlator: Correlator | None = request.app.state.correlator
    return correlator


def topology_of(request: Request) -> Topology:
    """Return the topology that the desk groups alarms by; an empty one where nothing is known."""
    correlator = correlator_of(request)
    return correlator.topology if correlator else NOTHING


async def present_of(request: Request) -> Present | None:
    """Return what Prometheus last said of the platform; None where that is not known."""
    platform: Platform = request.app.state.platform
    present, _ = await platform.look()
    return present.value


@dataclass(frozen=True, slots=True)
class Names:
    """What can be worked on: nodes and elements by site, sites, and the channels that Prometheus knows."""

    elements: Sequence[tuple[str, Sequence[str]]]  # (site, names); the site is empty where there is none
    sites: Sequence[str]
    channels: Sequence[str]


def names(topology: Topology, present: Present | None) -> Names:
    """Return what can be worked on."""
    by_site: dict[str, set[str]] = {}
    there = [(node.site, node.name) for node in topology.nodes.values()]
    for site, name in [*there, *((element.site, element.name) for element in topology.elements.values())]:
        by_site.setdefault(site, set()).add(name)
    return Names(
        [(site, sorted(by_site[site])) for site in sorted(by_site, key=lambda site: (not site, site))],
        sorted({*topology.plan.sites, *by_site} - {""}),
        _channels(present),
    )


def _channels(present: Present | None) -> Sequence[str]:
    found = (present.answers.get(query) or () for query in ("channels", "probes")) if present else ()
    return sorted({each.labels.get("channel", "") for samples in found for each in samples} - {"", OTHER})
