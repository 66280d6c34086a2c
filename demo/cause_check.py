"""One cause, one ticket: what is broken in the demo has one open ticket that names it and lists its effects."""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from demo.apis import Desk, Ticket
from demo.breaks import Break
from demo.processes import wait_until
from demo.stack import Stack

TOLD_SECONDS = 300.0  # a disk is full for a minute before anybody is told
REPAIRED_SECONDS = 420.0  # what outlives its cause by three minutes is a problem of its own
SLOW_SECONDS = 1500.0  # balances are compared every five minutes, and the alarm looks back fifteen
STEADY_SECONDS = 20.0  # longer than an effect waits for its cause
# All nodes of the demo are one machine: what it lacks of processor, memory and disk bandwidth, each of them lacks, and
# whoever else works on it has his part in that. Its network is one as well.
OF_THE_MACHINE = frozenset({
    "NodeCpuSaturated", "NodeCpuStalled", "NodeMemoryLow", "NodeMemoryStalled", "NodeSwapping", "NodeIoStalled",
    "NodeDiskIoSaturated", "NodeBondDegraded", "NodeBondDown", "NodeConntrackFull", "NodeListenOverflow",
    "NodeUdpReceiveErrors",
})  # fmt: skip


class Proof(NamedTuple):
    """What was broken together, and how it came out."""

    text: str
    fine: bool


# What tells most in the least time: the cause after its effects, and a site beside it.
TOGETHER = (("packager", "uplink astana", "billing-tariff"),)
EVERY = (
    ("packager",), ("edge-2",), ("site astana",), ("middleware-1",), ("disk origin-1",), ("errors edge",),
    ("uplink astana",), ("packager", "site astana"), ("errors edge", "middleware-1"),
    ("billing-fee",), ("billing-tariff",), ("billing-double", "billing-shown"),
    ("billing-correction-double",),
)  # fmt: skip


def prove(stack: Stack, desk: Desk, names: Sequence[str]) -> Iterator[Proof]:
    """Break these together, see one ticket for each, repair them, see no ticket left."""
    shown = " and ".join(names)
    chosen = {name: stack.breakable[name] for name in names}
    slow = any(one.slow for one in chosen.values())
    for name in names:
        stack.break_(name)
    seconds = wait_until(
        lambda: _settled(desk, chosen),
        SLOW_SECONDS if slow else TOLD_SECONDS,
        f"{shown}: not one ticket each",
        lambda: _listed(desk),
    )
    found = standing(desk)
    told = "; ".join(f"{ticket.body['name']} ({desk.gathered(ticket.number)} gathered)" for ticket in found)
    yield Proof(
        f"{shown}: {len(found)} ticket{'' if len(found) == 1 else 's'} within {seconds:.0f} s: {told}", fine=True
    )
    for name in names:
        stack.repair(name)
    seconds = wait_until(
        lambda: not standing(desk),
        SLOW_SECONDS if slow else REPAIRED_SECONDS,
        f"{shown}: repaired, but open",
        lambda: _listed(desk),
    )
    yield Proof(f"{shown}: {seconds:.0f} s after repairing no ticket is open", fine=True)


def standing(desk: Desk) -> list[Ticket]:
    """Return the open tickets that lie under no other one; not those about the machine that all nodes share."""
    return [ticket for ticket in desk.newest() if ticket.open and not ticket.caused and not _of_the_machine(ticket)]


def _settled(desk: Desk, chosen: dict[str, Break]) -> bool:
    """Return whether each has its ticket and there is no other one, now and after what waits has been decided."""
    if not _one_each(desk, chosen):
        return False
    time.sleep(STEADY_SECONDS)
    return _one_each(desk, chosen)


def _one_each(desk: Desk, chosen: dict[str, Break]) -> bool:
    found = standing(desk)
    named = [[ticket for ticket in found if names(one, ticket)] for one in chosen.values()]
    if len(found) != len(chosen) or any(len(tickets) != 1 for tickets in named):
        return False
    pairs = zip(chosen.values(), named, strict=True)
    return all(desk.gathered(tickets[0].number) for one, tickets in pairs if one.effects)


def _of_the_machine(ticket: Ticket) -> bool:
    return ticket.labels.get("alertname") in OF_THE_MACHINE


def names(one: Break, ticket: Ticket) -> bool:
    """Return whether a ticket names what was broken."""
    return ticket.labels.get("alertname") in one.alerts and one.where.items() <= ticket.labels.items()


def _listed(desk: Desk) -> str:
    return "".join(f"\n    open: {ticket.body['name']}" for ticket in standing(desk))
