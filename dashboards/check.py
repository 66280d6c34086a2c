"""What can be wrong with a board, found without Grafana and without Prometheus.

It reads the JSON that is published, not the boards it was made of: what is checked is what people get.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import combinations
from typing import Any, NamedTuple

from dashboards import macros
from dashboards.known import TARGET_LABELS
from dashboards.units import ENGLISH
from service import promql

Json = dict[str, Any]

COLUMNS = 24
SCRAPE_INTERVAL = timedelta(seconds=5)
# A rate needs two samples, and still two when one scrape was missed or late.
LEAST_WINDOW = 4 * SCRAPE_INTERVAL

_RATES = {"rate", "irate", "increase", "delta", "idelta", "deriv", "changes", "resets"}
_LIKE = {"=": "=~", "!=": "!~"}
# Macros that only exist where a link or a title is filled in.
_IN_LINKS = {"__url_time_range", "__all_variables", "__field", "__data", "__value", "__series", "__name"}


def check(board: Json, metrics: Mapping[str, frozenset[str] | None]) -> list[str]:
    """Return a sentence for every fault of a board."""
    return [*_whole(board), *_layout(board), *_variables(board), *_queries(board, metrics)]


def panels(board: Json) -> Iterator[Json]:
    """Yield every panel, those inside folded rows too, but not the rows."""
    for panel in board.get("panels", []):
        if panel.get("type") == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def variables(board: Json) -> dict[str, Json]:
    """Return the declared variables by name."""
    return {variable["name"]: variable for variable in board.get("templating", {}).get("list", [])}


def _whole(board: Json) -> Iterator[str]:
    for key in ("uid", "title", "description", "timezone", "weekStart"):
        if not board.get(key):
            yield f"the board has no {key}"
    if board.get("id") is not None:
        yield "the board has an id, which belongs to one Grafana; only the uid travels"
    counts = Counter(panel.get("id") for panel in _all(board))
    yield from (f"panel id {number} is used {count} times" for number, count in counts.items() if count > 1)
    titles = Counter(panel.get("title") for panel in panels(board))
    yield from (f"panel title {title!r} is used {count} times" for title, count in titles.items() if count > 1)
    for panel in panels(board):
        yield from (f"{_named(panel)} has no {fault}" for fault in _missing(panel))
        for unit in sorted(_units(panel) & ENGLISH.keys()):
            yield f"{_named(panel)}: Grafana prints the unit {unit} with English words; use {ENGLISH[unit]}"


def _missing(panel: Json) -> Iterator[str]:
    if not panel.get("title"):
        yield "title"
    if not panel.get("description"):
        yield "description"
    if panel.get("type") == "text":
        return
    if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield "unit"
    if not panel.get("targets"):
        yield "query"


def _units(panel: Json) -> set[str]:
    settings = panel.get("fieldConfig", {})
    overrides = [entry for one in settings.get("overrides", []) for entry in one["properties"]]
    single = {entry["value"] for entry in overrides if entry["id"] == "unit"}
    return single | {settings.get("defaults", {}).get("unit", "")}


def _layout(board: Json) -> Iterator[str]:
    placed = [(_named(panel), panel["gridPos"]) for panel in _all(board) if panel.get("gridPos")]
    for name, at in placed:
        if at["x"] < 0 or at["w"] < 1 or at["h"] < 1 or at["x"] + at["w"] > COLUMNS:
            yield f"{name} does not fit the {COLUMNS} columns"
    for (name, one), (other, two) in combinations(placed, 2):
        if (
            one["x"] < two["x"] + two["w"]
            and two["x"] < one["x"] + one["w"]
            and one["y"] < two["y"] + two["h"]
            and two["y"] < one["y"] + one["h"]
        ):
            yield f"{name} and {other} overlap"


def _variables(board: Json) -> Iterator[str]:
    declared = [variable["name"] for variable in board.get("templating", {}).get("list", [])]
    yield from (f"variable {name} is declared twice" for name, count in Counter(declared).items() if count > 1)
    known = {*declared, *macros.BUILT_IN, *_IN_LINKS}
    used = set()
    for where, text in _texts(board):
        for name in macros.names(text):
            used.add(name)
            if name not in known:
                yield f"{where} uses ${name}, which is not declared"
    yield from (f"variable {name} is declared and never used" for name in declared if name not in used)
    for name, variable in variables(board).items():
        if variable.get("includeAll") and variable.get("allValue") not in {".*", ".+"}:
            yield f'variable {name} has no allValue ".*": "All" would list every value in every query'


def _queries(board: Json, metrics: Mapping[str, frozenset[str] | None]) -> Iterator[str]:
    known = _Known(
        metrics,
        {name for name, variable in variables(board).items() if variable.get("multi") or variable.get("includeAll")},
        {name: variable["query"] for name, variable in variables(board).items() if variable.get("type") == "constant"},
    )
    for panel in panels(board):
        letters = Counter(target.get("refId") for target in panel.get("targets", []))
        yield from (f"{_named(panel)} uses query letter {ref} twice" for ref, n in letters.items() if n > 1)
        for target in panel.get("targets", []):
            where = f"{_named(panel)}, query {target.get('refId')}"
            yield from (f"{where}: {fault}" for fault in _query(target.get("expr", ""), known))
    for annotation in board.get("annotations", {}).get("list", []):
        if "expr" in annotation:
            yield from (f"annotation {annotation['name']}: {fault}" for fault in _query(annotation["expr"], known))
    for name, variable in variables(board).items():
        if variable.get("type") == "query":
            asked = variable["query"]["query"]
            inner = asked.removeprefix("label_values(").rpartition(",")[0]
            yield from (f"variable {name}: {fault}" for fault in _query(inner, known))


class _Known(NamedTuple):
    metrics: Mapping[str, frozenset[str] | None]
    several: set[str]  # variables that may hold several values
    constants: Mapping[str, str]


def _query(expression: str, known: _Known) -> Iterator[str]:
    # Variables stay recognisable in the tree, so that a matcher on one can be told from a fixed text.
    filled = macros.expand(
        expression, lambda name: macros.BUILT_IN.get(name) or known.constants.get(name) or f"variable_{name}"
    )
    try:
        tree = promql.parse(filled)
    except ValueError as error:
        yield str(error)
        return
    for selector in promql.selectors(tree):
        yield from _selector(selector, known)
    for function, length in promql.windows(tree):
        if function in _RATES and length < LEAST_WINDOW:
            seconds = f"{length.total_seconds():g}"
            yield (
                f"{function}() looks back {seconds} s, less than four scrapes of {SCRAPE_INTERVAL.seconds} s; "
                "use [$__rate_interval]"
            )
    if "[$__interval]" in expression:
        yield "a window of [$__interval] shrinks below the scrape interval when zoomed in; use [$__rate_interval]"


def _selector(selector: promql.Selector, known: _Known) -> Iterator[str]:
    if selector.metric not in known.metrics:
        yield f"{selector.metric or 'a selector without a name'} is neither in a catalogue nor recorded by a rule"
    labels = known.metrics.get(selector.metric)
    for label, operator, value in selector.matchers:
        if labels is not None and label not in labels | TARGET_LABELS | {"__name__"}:
            yield f"{selector.metric} has no label {label}"
        if operator in {"=", "!="} and any(value == f"variable_{name}" for name in known.several):
            name = value.removeprefix("variable_")
            yield f'{label}{operator}"${name}" fits one value, but ${name} may hold several; use {_LIKE[operator]}'


def _all(board: Json) -> Iterator[Json]:
    for panel in board.get("panels", []):
        yield panel
        yield from panel.get("panels", []) if panel.get("type") == "row" else ()


def _named(panel: Json) -> str:
    return f"panel {panel.get('id')} {panel.get('title', '')!r}"


def _texts(board: Json) -> Iterator[tuple[str, str]]:
    """Yield every text in which Grafana fills in variables, with where it stands."""
    for panel in panels(board):
        yield from ((_named(panel), text) for text in _strings(panel))
    for name, variable in variables(board).items():
        yield from (
            (f"variable {name}", text) for text in _strings([variable.get("query"), variable.get("datasource")])
        )
    for part in ("links", "annotations"):
        yield from ((part, text) for text in _strings(board.get(part, [])))


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _strings(inner)
        case list():
            for inner in value:
                yield from _strings(inner)
