"""The faults of the campaign: what breaks, and which alarms the rules would raise for it, when.

Times are seconds from the beginning of an experiment. How long an alarm takes is what its rule takes: two scrapes, its
`for`, the time that viewers need to leave.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from alerts.desk.alarms.correlation.topology import Node
from bench.campaign_platform import HEAD_ENDS, Packager, Platform

Range = tuple[float, float]
"""At least and at most so many seconds."""

LASTS = 240.0  # seconds until a fault is repaired, unless its kind says otherwise


@dataclass(frozen=True, slots=True)
class Spell:
    """One alarm that fires from a moment to another."""

    labels: Mapping[str, str]
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that breaks, all its alarms, and what its one ticket has to name."""

    kind: str
    spells: tuple[Spell, ...]
    names: tuple[str, ...]  # what the title of the ticket must hold
    roots: frozenset[str]  # the alerts that may be named
    touches: frozenset[str]  # faults that touch the same are not independent
    sites: frozenset[str] = frozenset()  # where its nodes are
    whole: frozenset[str] = frozenset()  # sites that are lost as a whole
    quiet: bool = False  # planned: no ticket
    tickets: int = 1
    lasts: float = LASTS

    def independent_of(self, other: "Fault") -> bool:
        """Return whether neither can be a part of the other."""
        apart = not self.touches & other.touches
        return apart and not self.whole & (other.sites | other.whole) and not other.whole & self.sites

    def shifted(self, by: float) -> "Fault":
        """Return the fault at another time."""
        moved = tuple(replace(one, begin=one.begin + by, end=one.end + by) for one in self.spells)
        return replace(self, spells=moved)


@dataclass(slots=True)
class Alarms:
    """Collects the alarms of a fault that lasts from 0 to `lasts`."""

    dice: random.Random
    rules: Mapping[str, Mapping[str, str]]  # labels that each rule sets
    lasts: float = LASTS
    found: list[Spell] = field(default_factory=list)

    def add(self, rule: str, begins: Range, ends: Range = (5, 15), **labels: str) -> None:
        """Add an alarm that begins so long after the fault and ends so long after its end."""
        begin, end = self.dice.uniform(*begins), self.lasts + self.dice.uniform(*ends)
        self.found.append(Spell({"alertname": rule, **self.rules[rule], **labels}, begin, max(end, begin + 5)))

    def at(self, rule: str, node: Node, begins: Range, ends: Range = (5, 15), **labels: str) -> None:
        """Add an alarm of a node."""
        self.add(rule, begins, ends, node=node.name, site=node.site, **labels)


class Kinds:
    """Makes faults of every kind on a platform."""

    def __init__(self, platform: Platform, rules: Mapping[str, Mapping[str, str]], dice: random.Random) -> None:
        self.platform, self.rules, self.dice = platform, rules, dice

    def alarms(self, lasts: float = LASTS) -> Alarms:
        """Return an empty list of alarms."""
        return Alarms(self.dice, self.rules, lasts)

    def edge(self) -> Node:
        """Return some edge."""
        return self.dice.choice(self.platform.edges)

    def packager(self) -> Packager:
        """Return some packager."""
        return self.dice.choice(self.platform.packagers)

    # --- one node ------------------------------------------------------------------------------------------------

    def node_dies(self) -> Fault:
        """An edge is gone: nothing else is measured on it."""
        edge, alarms = self.edge(), self.alarms()
        alarms.at("NodeDown", edge, (10, 15), (3, 8))
        return _fault("node dies", alarms, edge.name, "NodeDown", edge)

    def server_ends(self, lasts: float = LASTS) -> Fault:
        """An edge's nginx ends: its channels are seen to be down before the process is missed."""
        edge, alarms = self.edge(), self.alarms(lasts)
        alarms.at("NodeProcessMissing", edge, (30, 38), (3, 8), name="nginx")
        for channel in self.platform.channels_of(edge):
            alarms.at("StreamDown", edge, (15, 25), channel=channel)
        alarms.at("EdgeSessionsLost", edge, (40, 60), (30, 90), service="ott")
        alarms.at("EdgeLogSilent", edge, (45, 60), service="ott")
        alarms.at("CollectorFailing", edge, (60, 70), collector="nginx_stub_status")
        return _fault("server ends", alarms, edge.name, "NodeProcessMissing", edge)

    def disk_full(self) -> Fault:
        """An edge's disk is full: it serves on for a while, and is busy with trying to write."""
        edge, alarms = self.edge(), self.alarms()
        alarms.at("NodeDiskFull", edge, (60, 70))
        alarms.at("NodeDiskIoSaturated", edge, (90, 120))
        alarms.at("EdgeLogIncomplete", edge, (80, 110), service="ott")
        return _fault("disk full", alarms, edge.name, "NodeDiskFull", edge)

    def one_stream(self) -> Fault:
        """One channel fails at one edge, and nobody knows why."""
        edge, alarms = self.edge(), self.alarms()
        name = self.dice.choice(("StreamStale", "StreamDown", "EdgeResponsesSlow"))
        channel = self.dice.choice(self.platform.channels_of(edge))
        labels = {"service": "ott"} if name == "EdgeResponsesSlow" else {"channel": channel}
        alarms.at(name, edge, (25, 40), (5, 15), **labels)
        what = "quality" if "service" in labels else channel
        return _fault("effect alone", alarms, edge.name, name, edge, what)

    # --- what feeds edges ----------------------------------------------------------------------------------------

    def packager_ends(self) -> Fault:
        """A packager's process ends; the edges see it at about the same time."""
        one, alarms = self.packager(), self.alarms()
        alarms.at("NodeProcessMissing", one.node, (30, 38), (3, 8), name="packager")
        self._stale(alarms, one.channels, (25, 45))
        return _fault("packager ends", alarms, one.node.name, "NodeProcessMissing", one.node, *one.channels)

    def packager_disk_full(self) -> Fault:
        """A packager cannot write: the channels stand long before the rule about its disk fires."""
        one, alarms = self.packager(), self.alarms()
        alarms.at("NodeDiskFull", one.node, (60, 130))
        self._stale(alarms, one.channels, (20, 40))
        return _fault("packager's disk full", alarms, one.node.name, "NodeDiskFull", one.node, *one.channels)

    def packager_unheard(self) -> Fault:
        """A packager fails and no alarm of its own tells: its channels have it in common."""
        one, alarms = self.packager(), self.alarms()
        self._stale(alarms, one.channels, (25, 40))
        return _fault("packager unheard", alarms, one.node.name, "StreamStale", one.node, *one.channels)

    def channel_source(self) -> Fault:
        """A channel's source ends: it stands wherever it is shown."""
        one, alarms = self.packager(), self.alarms()
        channel = self.dice.choice([name for name in one.channels if len(self.platform.probes[name]) > 1])
        self._stale(alarms, (channel,), (25, 45))
        return _fault("channel's source", alarms, channel, "StreamStale", channel)

    def origin_of_two(self) -> Fault:
        """One of two origins dies: the other one serves."""
        one, alarms = self.packager(), self.alarms()
        origin = self.dice.choice(one.origins)
        alarms.at("NodeDown", origin, (10, 15), (3, 8))
        return _fault("origin of two", alarms, origin.name, "NodeDown", origin, *one.channels)

    def both_origins(self) -> Fault:
        """Both origins of a packager die within seconds: two nodes to repair, and their channels stand."""
        one, alarms = self.packager(), self.alarms()
        for origin in one.origins:
            alarms.at("NodeDown", origin, (10, 25), (3, 8))
        self._stale(alarms, one.channels, (35, 55))
        fault = _fault("both origins", alarms, "", "NodeDown", *one.origins, *one.channels)
        return replace(fault, names=tuple(origin.name for origin in one.origins), tickets=2)

    def middleware(self) -> Fault:
        """The middleware's database stalls: subscribers and sessions are missed at many edges."""
        node, alarms = self.platform.middleware[0], self.alarms()
        alarms.at("SubscribersSourceFailing", node, (60, 70), service="ott")
        alarms.add("SubscribersOnlineDropped", (40, 60), service="ott")
        for edge in self.dice.sample(self.platform.edges, len(self.platform.edges) // 8):
            alarms.at("EdgeSessionsLost", edge, (45, 90), (30, 90), service="ott")
        roots = frozenset({"SubscribersSourceFailing", "SubscribersOnlineDropped"})
        fault = _fault("middleware's database", alarms, "", "SubscribersSourceFailing", node, "quality")
        return replace(fault, names=("middleware-1", "platform"), roots=roots)

    # --- a whole site --------------------------------------------------------------------------------------------

    def site_down(self) -> Fault:
        """Power or uplink of a site: nobody answers, and viewers return slowly."""
        site, alarms = self.dice.choice(self.platform.sites[HEAD_ENDS:] or self.platform.sites), self.alarms()
        alarms.add("SiteDown", (10, 15), (3, 8), site=site)
        for edge in self.platform.edges_of(site):
            late = self.dice.random()
            if late < 0.3:
                alarms.at("EdgeSessionsLost", edge, (LASTS + 20, LASTS + 40), (50, 120), service="ott")
            if late < 0.1:
                channel = self.dice.choice(self.platform.channels_of(edge))
                alarms.at("StreamStale", edge, (LASTS + 20, LASTS + 40), (50, 90), channel=channel)
        alarms.add("SiteTrafficCollapsed", (130, 150), (90, 150), site=site, service="ott")
        fault = _fault("site down", alarms, site, "SiteDown", *self.platform.edges_of(site))
        return replace(fault, whole=frozenset({site}))

    def switch(self) -> Fault:
        """A switch fails, which nobody measures: all nodes behind it are silent."""
        name = self.dice.choice(sorted(self.platform.switches))
        alarms, behind = self.alarms(), self.platform.switches[name]
        for node in behind:
            alarms.at("NodeDown", node, (10, 20), (3, 8))
        return _fault("switch", alarms, name, "NodeDown", *behind)

    def bad_deployment(self) -> Fault:
        """A faulty configuration on every edge of a site: errors, and what follows from them."""
        site, alarms = self.dice.choice(self.platform.sites), self.alarms()
        for edge in self.platform.edges_of(site):
            alarms.at("EdgeErrorRatioHigh", edge, (35, 60), service="ott")
            for channel in self.platform.channels_of(edge):
                if self.dice.random() < 0.5:
                    alarms.at("StreamDown", edge, (20, 40), channel=channel)
            if self.dice.random() < 0.3:
                alarms.at("EdgeSessionsLost", edge, (50, 90), (30, 60), service="ott")
        return _fault("bad deployment", alarms, site, "EdgeErrorRatioHigh", *self.platform.edges_of(site))

    def clocks(self) -> Fault:
        """The clocks of a site are wrong: figures disagree, channels play."""
        site, alarms = self.dice.choice(self.platform.sites), self.alarms()
        alarms.add("SiteClockSkewed", (60, 70), site=site)
        for edge in self.dice.sample(self.platform.edges_of(site), 2):
            alarms.at("EdgeSessionsLost", edge, (70, 90), service="ott")
        return _fault("clocks of a site", alarms, site, "SiteClockSkewed", *self.platform.edges_of(site))

    def _stale(self, alarms: Alarms, channels: Iterable[str], begins: tuple[float, float]) -> None:
        for channel in channels:
            for edge in self.platform.probes[channel]:
                alarms.at("StreamStale", edge, begins, (5, 25), channel=channel)

    @property
    def every(self) -> list[Callable[[], Fault]]:
        """Return what makes a fault of each kind."""
        return [
            self.node_dies, self.server_ends, self.disk_full, self.one_stream, self.packager_ends,
            self.packager_disk_full, self.packager_unheard, self.channel_source, self.origin_of_two, self.both_origins,
            self.middleware, self.site_down, self.switch, self.bad_deployment, self.clocks,
        ]  # fmt: skip


def _fault(kind: str, alarms: Alarms, named: str, root: str, *touched: Node | str) -> Fault:
    touches = frozenset(one.name if isinstance(one, Node) else one for one in touched)
    sites = frozenset(one.site for one in touched if isinstance(one, Node))
    return Fault(kind, tuple(alarms.found), (named,), frozenset({root}), touches, sites)
