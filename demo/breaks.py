"""What can be broken in a running demo, and what its one ticket has to name."""

import signal
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from functools import partial

from demo.layout import EDGES, FAR_SITE, NODES, ORIGIN, UPLINK, Layout
from demo.platform import billing
from demo.platform.disk import fill_up
from demo.platform.edge import FAULT
from demo.platform.lineup import SEGMENT_SECONDS
from demo.platform.packager import replace
from demo.processes import DemoError, Program

# The channel that can be broken by itself, and which alert each of its faults raises.
FAULTY = "sport-1"
OF_A_CHANNEL = {
    "black": "PictureBlack",
    "frozen": "PictureFrozen",
    "silent": "SoundSilent",
    "loss": "MulticastDamaged",
    "clock": "MulticastTimingWrong",
    "tables": "MulticastTablesMissing",
}
# The alert of each fault of the billing, what broke and how it ends.
_BILLING = {
    billing.FEE: ("BillingRunMissing", "the billing's run does not start", "the run that was missing has started"),
    billing.TARIFF: (
        "BillingChargesStopped",
        f"the run leaves out the tariff {billing.SILENT}",
        f"the tariff {billing.SILENT} is charged again, late",
    ),
    billing.DOUBLE: ("BillingDoubled", f"{billing.DOUBLED} fees were taken twice", "what was taken twice is reversed"),
    billing.SHOWN: (
        "BillingBalanceShownWrong",
        "customers are shown wrong balances",
        "customers are shown their balances",
    ),
    billing.CORRECTION: (
        "BillingCorrectionWrong",
        f"{billing.REFUNDED} accounts were given a refund twice",
        "what was refunded twice is taken back",
    ),
}


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that can fail: what is killed, or what is done instead; and which alert names it where."""

    programs: Sequence[str] = ()
    break_: Callable[[], None] | None = None
    repair: Callable[[], None] | None = None
    alerts: Sequence[str] = ()  # the alerts that may be the cause's; none: it is no fault of the platform
    where: dict[str, str] = field(default_factory=dict)  # labels of the ticket
    slow: bool = False  # whether its check comes round in minutes, and its alarm looks back as long
    effects: bool = False  # whether others fail because of it while somebody sees them
    broken: str = ""
    repaired: str = ""


def all_breaks(layout: Layout, programs: dict[str, Program]) -> dict[str, Break]:
    """Return everything that can be broken, by name."""
    found = {node.name: _node(node.name) for node in NODES}
    far = [node.name for node in NODES if node.site == FAR_SITE]
    found["packager"] = Break(["packager"], alerts=["NodeProcessMissing"], where={"node": ORIGIN.name}, effects=True)
    found[f"site {FAR_SITE}"] = Break(
        [program for node in far for program in _programs(node)], alerts=["SiteDown"], where={"site": FAR_SITE}
    )
    found[UPLINK] = Break([UPLINK], alerts=["SiteDown"], where={"site": FAR_SITE})
    found[f"disk {ORIGIN.name}"] = Break(
        break_=lambda: _fill(layout, programs),
        repair=lambda: (layout.content / "filler").unlink(missing_ok=True),
        alerts=["NodeDiskFull"],
        where={"node": ORIGIN.name},
        effects=True,
        broken=f"the disk of {ORIGIN.name} is full",
        repaired=f"the disk of {ORIGIN.name} has room again",
    )
    found["errors edge"] = Break(
        break_=lambda: _deploy(layout, programs, FAULT),
        repair=lambda: _deploy(layout, programs, ""),
        alerts=["EdgeErrorRatioHigh", "StreamDown"],
        broken="every edge has a faulty configuration: segments give 500",
        repaired="every edge has its configuration back",
    )
    for fault, (alert, broken, repaired) in _BILLING.items():
        found[fault] = Break(
            break_=partial(_in_billing, layout, {fault}, frozenset[str]()),
            repair=partial(_in_billing, layout, frozenset[str](), {fault}),
            alerts=[alert],
            where={"service": billing.SERVICE},
            slow=fault in (billing.DOUBLE, billing.SHOWN),
            broken=broken,
            repaired=repaired,
        )
    found["desk"] = Break(["desk"])
    found["headend"] = Break(["headend"], alerts=["MulticastDown"], where={"node": ORIGIN.name})
    return found | {f"{fault} {FAULTY}": _channel(layout, fault) for fault in OF_A_CHANNEL}


def _channel(layout: Layout, fault: str) -> Break:
    return Break(
        break_=lambda: replace(layout.faults, f"{FAULTY} {fault}\n".encode()),
        repair=lambda: layout.faults.unlink(missing_ok=True),
        alerts=[OF_A_CHANNEL[fault]],
        where={"node": ORIGIN.name, "channel": FAULTY},
        broken=f"the head-end sends {FAULTY} with a fault: {fault}",
        repaired=f"the head-end sends {FAULTY} whole again",
    )


def _programs(node: str) -> list[str]:
    """Return the names of the programs that live on a node and die with it."""
    names = {
        "middleware-1": ["middleware", "middleware-1 agent"],
        ORIGIN.name: ["packager", f"{ORIGIN.name} nginx", f"{ORIGIN.name} agent"],
    }
    return names.get(node, [f"{node} nginx", f"{node} agent"])


def _node(name: str) -> Break:
    return Break(_programs(name), alerts=["NodeDown"], where={"node": name})


def _fill(layout: Layout, programs: dict[str, Program]) -> None:
    if f"{ORIGIN.name} disk" not in programs:
        raise DemoError(f"{ORIGIN.name} has no disk of its own here: that takes root, losetup and mkfs.ext4")
    fill_up(layout.content / "filler", 2 * SEGMENT_SECONDS)


def _deploy(layout: Layout, programs: dict[str, Program], fault: str) -> None:
    for node in EDGES:
        layout.edge(node).deploy(fault)
        programs[f"{node.name} nginx"].signal(signal.SIGHUP)


def _in_billing(layout: Layout, begun: Set[str], ended: Set[str]) -> None:
    faults = billing.named(layout.billing_faults)
    written = layout.billing_faults.with_suffix(".new")
    written.write_text("\n".join(sorted((faults | begun) - ended)), "utf-8")
    written.replace(layout.billing_faults)
