"""The health map: every site a block, every node a tile, its state from Prometheus and from the open tickets.

A node is known when Prometheus scrapes an agent on it or when an open ticket names it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from alerts.desk.console.overview.snapshot import Present
from alerts.desk.tickets.severities import SEVERITIES
from alerts.desk.tickets.troubles import Trouble


class Answer(StrEnum):
    """Whether a node's agent answers Prometheus."""

    ANSWERS = "answers"
    SILENT = "silent"
    UNKNOWN = "unknown"  # Prometheus scrapes no agent there, or does not answer itself


@dataclass(frozen=True, slots=True)
class Tile:
    """One node."""

    name: str
    site: str
    role: str
    answer: Answer
    tickets: int
    severity: str  # of the worst open ticket; empty without one
    cpu: float | None = None
    sessions: float | None = None

    @property
    def well(self) -> bool:
        """Return whether there is nothing to look at."""
        return self.answer is Answer.ANSWERS and not self.tickets

    @property
    def urgency(self) -> tuple[int, int, str]:
        """Return what sorts the worst first."""
        if self.answer is Answer.SILENT:
            return (0, _rank(self.severity), self.name)
        if self.tickets:
            return (1, _rank(self.severity), self.name)
        return (2 if self.answer is Answer.UNKNOWN else 3, 0, self.name)


@dataclass(frozen=True, slots=True)
class Site:
    """One site: its nodes, the worst first, and the open tickets about the site itself."""

    name: str
    tiles: Sequence[Tile]
    tickets: int
    severity: str

    @property
    def ill(self) -> Sequence[Tile]:
        """Return the nodes that want looking at."""
        return [tile for tile in self.tiles if not tile.well]

    @property
    def well(self) -> Sequence[Tile]:
        """Return the nodes that do not."""
        return [tile for tile in self.tiles if tile.well]

    @property
    def silent(self) -> int:
        """Return how many nodes do not answer."""
        return sum(tile.answer is Answer.SILENT for tile in self.tiles)


@dataclass(slots=True)
class _Tickets:
    number: int = 0
    severities: set[str] = field(default_factory=set)

    def add(self, trouble: Trouble) -> None:
        self.number += trouble.tickets
        self.severities.add(trouble.severity)

    @property
    def worst(self) -> str:
        return min(self.severities, key=_rank, default="")


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def sites(present: Present | None, troubles: Iterable[Trouble]) -> list[Site]:
    """Return the sites by name; the block without a name, if any, is the platform as a whole and comes last."""
    tickets: dict[tuple[str, str], _Tickets] = {}
    for trouble in troubles:
        tickets.setdefault((trouble.site, trouble.node), _Tickets()).add(trouble)
    answers, roles = _scraped(present)
    cpu = _of_node(present, "node:node_cpu_utilisation:ratio_rate1m")
    sessions = _of_node(present, "node:ott_edge_sessions:sum")

    blocks: dict[str, list[Tile]] = {site: [] for site, _ in {**answers, **tickets}}
    for site, node in {**answers, **tickets}:
        if node:
            open_ = tickets.get((site, node), _Tickets())
            blocks[site].append(
                Tile(
                    node,
                    site,
                    roles.get((site, node), ""),
                    answers.get((site, node), Answer.UNKNOWN),
                    open_.number,
                    open_.worst,
                    cpu.get((site, node)),
                    sessions.get((site, node)),
                )
            )
    own = {site: tickets.get((site, ""), _Tickets()) for site in blocks}
    return [
        Site(site, sorted(tiles, key=lambda tile: tile.urgency), own[site].number, own[site].worst)
        for site, tiles in sorted(blocks.items(), key=lambda block: (not block[0], block[0]))
    ]


def _scraped(present: Present | None) -> tuple[dict[tuple[str, str], Answer], dict[tuple[str, str], str]]:
    answers: dict[tuple[str, str], Answer] = {}
    roles: dict[tuple[str, str], str] = {}
    for each in (present and present.answers["nodes"]) or ():
        place = (each.labels.get("site", ""), each.labels.get("node", "") or each.labels.get("instance", ""))
        # Two agents on one node: one that is silent is worth a look.
        if answers.get(place) is not Answer.SILENT:
            answers[place] = Answer.ANSWERS if each.value else Answer.SILENT
        roles[place] = each.labels.get("role", "")
    return answers, roles


def _of_node(present: Present | None, name: str) -> Mapping[tuple[str, str], float]:
    result: dict[tuple[str, str], float] = {}
    for each in (present and present.of("load", name)) or ():
        place = (each.labels.get("site", ""), each.labels.get("node", ""))
        result[place] = result.get(place, 0.0) + each.value
    return result
