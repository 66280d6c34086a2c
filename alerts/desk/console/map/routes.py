"""The map: what feeds what, and in what state it is; folded by site and role where it would be too much to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from alerts.desk.alarms import overrun
from alerts.desk.alarms.correlation.topology import Topology
from alerts.desk.console.map import folding
from alerts.desk.console.map.folding import Picture, Vertex
from alerts.desk.console.map.layout import layout
from alerts.desk.console.map.states import Condition, State, states, troubles
from alerts.desk.console.overview.routes import freshness, living
from alerts.desk.console.overview.snapshot import NOW_PERIOD, Past, Present
from alerts.desk.console.shared import Known
from alerts.desk.console.topology import topology_of
from alerts.desk.core.words import Words
from alerts.desk.tickets import listing as console
from alerts.desk.tickets.queries import QueueFilter
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.forms import Reading
from alerts.desk.web.render import fragment, page, words_for

SHAPES = {
    "critical": "▲",
    "major": "◆",
    "minor": "●",
    "warning": "○",
    "silent": "✕",
    "effect": "↳",
    "works": "▶",
    "unknown": "?",
    "quiet": "–",
    "well": "✓",
}
LETTERS = 22  # of a line in a box
LISTED = 200
COUNTED = (Condition.FAULT, Condition.SILENT, Condition.EFFECT, Condition.WORKS, Condition.UNKNOWN)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class View:
    """What is unfolded: nothing, a site, or a role at a site."""

    site: str = ""
    role: str | None = None

    @property
    def query(self) -> str:
        """Return the address's query."""
        role = {"role": self.role} if self.role is not None else {}
        return "?" + urlencode({"site": self.site} | role) if self.site or role else ""


def view(site: str = "", role: str | None = None) -> View:
    """Read what is to be unfolded from an address."""
    return View(site[:200], None if role is None else role[:200])


Looking = Annotated[View, Depends(view)]


@router.get("/map")
async def map_(request: Request, found: Reading, wanted: Looking) -> Response:
    """Show the map."""
    words = words_for(request, found)
    html = await _living(request, words, wanted)
    return page(
        request, "console/map/map.html", found, part_html=html, period=int(NOW_PERIOD), part=f"/map/part{wanted.query}"
    )


@router.get("/map/part")
async def part(request: Request, found: Reading, wanted: Looking) -> Response:
    """Return what changes of the map."""
    html = await _living(request, words_for(request, found), wanted)
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


async def _living(request: Request, words: Words, wanted: View) -> Markup:
    topology = topology_of(request)
    if wanted.site and wanted.site not in folding.sites_of(topology):
        raise HTTPException(404)
    return await living(request, ("map", words.language, wanted), partial(_render, words, topology, wanted))


def _render(
    words: Words, topology: Topology, wanted: View, runtime: Runtime, present: Known[Present], _: Known[Past]
) -> Markup:
    now = runtime.now()
    with runtime.database.read() as connection:
        tally = console.tally(connection, QueueFilter(), now)
        found = troubles(connection)
        running = [each.works for each in overrun.current(connection, now) if each.window]
    known = states(topology, found, present.value, running)
    picture = _picture(topology, wanted, known)
    return fragment(
        "console/map/map_part.html",
        words,
        now=now,
        tally=tally,
        freshness=freshness(runtime, words, present),
        refusal=runtime.refused,
        wanted=wanted,
        drawing=drawing(words, picture, known),
        left_out=picture.left_out,
        rows=rows(words, topology, wanted, known),
        legend=[(name, SHAPES[name]) for name in ("silent", "effect", "works", "unknown", "quiet", "well")],
        empty=not topology.nodes and not topology.elements,
        by_default=topology.plan.by_default,
        counted=(len(topology.nodes), len(folding.sites_of(topology))),
    )


def _picture(topology: Topology, wanted: View, known: Mapping[str, State]) -> Picture:
    if wanted.role is not None:
        return folding.role(topology, wanted.site, wanted.role, known)
    return folding.site(topology, wanted.site, known) if wanted.site else folding.platform(topology)


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the picture."""

    x: int
    y: int
    look: str
    shape: str
    title: str
    lines: Sequence[str]
    label: str  # all of it, for who hears it
    address: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow; `hot` where the cause is in trouble."""

    path: str
    hot: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """The picture."""

    width: int
    height: int
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]


def drawing(words: Words, picture: Picture, known: Mapping[str, State]) -> Drawing:
    """Return the picture with everything in its place."""
    worst = {key: folding.worst(vertex, known) for key, vertex in picture.vertices.items()}
    found = layout(picture, {key: (worst[key].rank, vertex.kind) for key, vertex in picture.vertices.items()})
    boxes = [_box(words, vertex, worst[key], known, found.corners[key]) for key, vertex in picture.vertices.items()]
    boxes.sort(key=lambda box: (box.x, box.y))
    hot = {key for key, state in worst.items() if state.condition in (Condition.FAULT, Condition.SILENT)}
    arrows = [Arrow(path, one in hot) for (one, _), path in found.paths.items()]
    return Drawing(found.width, found.height, boxes, sorted(arrows, key=lambda arrow: arrow.hot))


def _box(words: Words, vertex: Vertex, state: State, known: Mapping[str, State], corner: tuple[int, int]) -> Box:
    kind = _kind(words, vertex)
    said = _counted(words, vertex, known) if vertex.members and vertex.kind != "group" else in_words(words, state)
    name = words("map.role_of", role=words.of("overview.place", vertex.name)) if vertex.kind == "role" else vertex.name
    lines = [said, kind]
    return Box(
        *corner,
        state.look,
        SHAPES.get(state.look, "□"),
        _short(name),
        [_short(line, LETTERS + 4) for line in lines if line],
        ", ".join(part for part in (name, kind, said) if part),
        _address(vertex, state),
    )


def _kind(words: Words, vertex: Vertex) -> str:
    if vertex.kind == "group":
        return words("map.group", need=vertex.need, members=len(vertex.members))
    if vertex.kind == "site":
        return words("map.site") if not vertex.members else words.number("overview.nodes", len(vertex.members))
    if vertex.kind == "role":
        return words.number("overview.nodes", len(vertex.members))
    name = words.of("map.kind" if vertex.kind == "element" else "overview.place", vertex.role)
    return " · ".join(part for part in (name, vertex.site) if part)


def _counted(words: Words, vertex: Vertex, known: Mapping[str, State]) -> str:
    """Return how many of what is folded is in trouble, in words."""
    own = known.get(vertex.key)
    found = folding.tally(vertex, known)
    parts = [in_words(words, own)] if own and own.condition in COUNTED else []
    parts += [words(f"map.counted.{each.name.lower()}", number=found[each]) for each in COUNTED if found[each]]
    return ", ".join(parts) or words("map.all_well")


def in_words(words: Words, state: State) -> str:
    """Return a state in words."""
    match state.condition:
        case Condition.FAULT:
            return words("map.fault", severity=words.of("severity", state.severity), ticket=state.ticket)
        case Condition.EFFECT:
            return words("map.effect", ticket=state.ticket)
        case Condition.WORKS:
            return words("map.works", number=state.works)
        case _:
            return words(f"map.state.{state.condition.name.lower()}")


def _address(vertex: Vertex, state: State) -> str:
    if vertex.kind == "site" and vertex.members:
        return "/map" + View(vertex.name).query
    if vertex.kind == "role":
        return "/map" + View(vertex.site, vertex.role).query
    if state.ticket:
        return f"/ticket/{state.ticket}"
    if state.works:
        return f"/works/{state.works}"
    if vertex.kind == "node":
        return "/?" + urlencode({"node": vertex.name})
    return "/?" + urlencode({"site": vertex.site}) if vertex.site else "/"


def _short(text: str, letters: int = LETTERS) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


@dataclass(frozen=True, slots=True)
class Row:
    """A place in trouble, for the table below the picture."""

    name: str
    look: str
    shape: str
    said: str
    address: str
    sources: str


def rows(words: Words, topology: Topology, wanted: View, known: Mapping[str, State]) -> Sequence[Row]:
    """Return what is not well, the worst first: the same as the picture, to be read."""
    shown = [
        (place, state)
        for place, state in known.items()
        if state.condition in COUNTED and _inside(topology, wanted, place)
    ]
    shown.sort(key=lambda each: (each[1].rank, each[0]))
    return [
        Row(
            _named(words, place),
            state.look,
            SHAPES.get(state.look, "□"),
            in_words(words, state),
            _address(Vertex(place, _kind_of(topology, place), place), state),
            ", ".join(_named(words, source) for source in sorted(topology.sources(place))[:6]),
        )
        for place, state in shown[:LISTED]
    ]


def _named(words: Words, place: str) -> str:
    return words("map.place_site", name=place[5:]) if place.startswith("site:") else words.of("map.place", place)


def _kind_of(topology: Topology, place: str) -> str:
    return "node" if place in topology.nodes else "element"


def _inside(topology: Topology, wanted: View, place: str) -> bool:
    if not wanted.site:
        return True
    thing = topology.nodes.get(place) or topology.elements.get(place)
    return thing.site == wanted.site if thing else place == f"site:{wanted.site}"
