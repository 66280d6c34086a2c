"""Bonds and their links, from /sys/class/net. A node without bonds has no such figures.

The bond's own word for a link, its MII status, is not enough. Without `miimon` and `arp_interval` a bond takes every
link for up. With 802.3ad a link can be up and yet carry nothing: it is in another aggregator than the rest, or the
switch is not in step. So a link is also judged by its signal and by what LACP has settled.
"""

from collections.abc import Iterator
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import Host, integer
from agent.runtime.collector import Collector
from service.metric import Sample

_NET = "sys/class/net"
_UP = 0x1  # IFF_UP
# Of the actor's state (IEEE 802.1AX, LACP_STATE_… of Linux): the link sends; nothing was heard from the switch. Where
# nothing was heard from any, the kernel sends on the one link of the active aggregator.
_DISTRIBUTING, _DEFAULTED = 0x20, 0x40
_NOT_802_3AD = "N/A"


class Link(NamedTuple):
    """What the kernel tells of one link; None: this kernel does not tell, or not of this kind of bond."""

    mii_status: str
    carrier: str | None
    aggregator: str | None
    actor_state: str | None


class Bond(NamedTuple):
    """One bond; `flags` tell whether it is switched on, `aggregator` is the active one of an 802.3ad bond."""

    flags: str | None
    aggregator: str | None
    links: dict[str, Link]


def read(host: Host) -> dict[str, Bond]:
    """Return what is told of each bond. A bond or a link that is taken away meanwhile is none."""
    masters = f"{_NET}/bonding_masters"
    found: dict[str, Bond] = {}
    for master in host.text_or_nothing(masters).split():
        if host.excluded_interfaces.search(master):
            continue
        try:
            found[master] = _bond(host, master)
        except OSError:
            if master in host.text_or_nothing(masters).split():
                raise
    return found


def _bond(host: Host, master: str) -> Bond:
    folder = f"{_NET}/{master}"
    links: dict[str, Link] = {}
    for device in host.text(f"{folder}/bonding/slaves").split():
        try:
            links[device] = _link(host, f"{_NET}/{device}")
        except OSError:
            if device in host.text(f"{folder}/bonding/slaves").split():
                raise
    return Bond(_told(host, f"{folder}/flags"), _told(host, f"{folder}/bonding/ad_aggregator"), links)


def _link(host: Host, folder: str) -> Link:
    return Link(
        host.text(f"{folder}/bonding_slave/mii_status").strip(),
        _carrier(host, folder),
        _told(host, f"{folder}/bonding_slave/ad_aggregator_id"),
        _told(host, f"{folder}/bonding_slave/ad_actor_oper_port_state"),
    )


def _carrier(host: Host, folder: str) -> str | None:
    try:
        return host.text(f"{folder}/carrier").strip()
    except FileNotFoundError:
        return None
    except OSError:  # the kernel refuses for an interface that was switched off
        return "0"


def _told(host: Host, path: str) -> str | None:
    """Return what a file says, None where there is none or it does not apply."""
    text = host.text_or_nothing(path).strip()
    return text if text and text != _NOT_802_3AD else None


def parse(bonds: dict[str, Bond]) -> Iterator[Sample]:
    """Yield node_exporter's figures of each bond, and each link of those that are switched on."""
    for master, bond in bonds.items():
        up = sum(link.mii_status == "up" for link in bond.links.values())
        yield catalogue.BONDING_SLAVES.sample(float(len(bond.links)), master)
        yield catalogue.BONDING_ACTIVE.sample(float(up), master)
        if bond.flags is None or integer(bond.flags, f"/{_NET}/{master}/flags", 16) & _UP:
            for device, link in bond.links.items():
                yield catalogue.BONDING_LINK_UP.sample(float(_carries(bond, device, link)), master, device)


def _carries(bond: Bond, device: str, link: Link) -> bool:
    if link.mii_status != "up" or link.carrier == "0":
        return False
    if bond.aggregator is None:
        return True
    if link.aggregator != bond.aggregator:
        return False
    where = f"/{_NET}/{device}/bonding_slave/ad_actor_oper_port_state"
    return link.actor_state is None or bool(integer(link.actor_state, where) & (_DISTRIBUTING | _DEFAULTED))


COLLECTOR = Collector(
    "bonding", read, parse, (catalogue.BONDING_SLAVES, catalogue.BONDING_ACTIVE, catalogue.BONDING_LINK_UP)
)
