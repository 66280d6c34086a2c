"""How a server's status page becomes samples: an interpreter for the presets in `presets`.

A figure says where a value stands (`value`), once or for `each` element, and which labels it gets. Figures that end
up with the same labels are added; a figure with `instead_of` counts only where the page lacks the one it names, so that
a value under its new and its old name counts once. What a page lacks fails the collection, unless its figure is
`optional`: servers leave out sections that are switched off, but a page half received must never look like an idle
server.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote_plus

from agent.sources import jmes
from agent.sources.server.figure import METRICS, Figure, Page
from agent.sources.server.pages.csv_page import Csv
from agent.sources.server.pages.exposition import Exposition
from agent.sources.server.pages.json_page import Json
from agent.sources.server.pages.text import Text
from agent.sources.server.pages.xml_page import Xml
from service.metric import Sample

# More series than any streaming server has channels; a page that invents names must not fill Prometheus.
MOST_SERIES = 10_000
LONGEST_LABEL = 200

# What a server counts without a sign and lets fall below zero stands at the top of its numbers: of those of 64 bits,
# and of what is counted at one moment, such as connections, of those of 32 bits.
_BELOW_ZERO, _BELOW_ZERO_NOW = 2.0**63, 2.0**31
_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")

_HTML = "answered an HTML page, not {}; check the address"

Format = Literal["text", "json", "xml", "csv", "prometheus"]
_PAGES: Mapping[Format, Page] = {
    "text": Text(),
    "json": Json(),
    "xml": Xml(),
    "csv": Csv(),
    "prometheus": Exposition(),
}


@dataclass(frozen=True, slots=True)
class ServerPreset:
    """A vendor's page."""

    title: str
    format: Format
    figure: list[Figure]
    versions: str = ""  # of the vendor's program, whose page this describes
    whole: str = ""  # json: JMESPath, false where the page lists only some of what there is
    proof: str = ""  # the program that was run, or the source or documentation that was read, with its version

    def __post_init__(self) -> None:
        if self.whole and self.format != "json":
            raise ValueError("whole belongs to a page of JSON")
        earlier: set[str] = set()
        for number, figure in enumerate(self.figure, 1):
            try:
                _PAGES[self.format].check(figure)
            except ValueError as error:
                raise ValueError(f"figure[{number}]: {error}") from None
            if figure.instead_of and figure.instead_of not in earlier:
                raise ValueError(
                    f"figure[{number}]: instead_of = {figure.instead_of!r} is not the value of an earlier figure"
                )
            earlier.add(figure.value)


def parse(preset: ServerPreset, server: str, page: str) -> Iterator[Sample]:
    """Yield the samples of a whole page; raise ValueError when it is not what the preset describes."""
    totals: dict[tuple[str, tuple[str, ...]], float] = {}
    for figure, values in examined(preset, page):
        if not values and not figure.optional and not figure.each:
            raise ValueError(_HTML.format("text") if is_html(page) else missing(figure))
        for labels, value in values:
            named = {"server": server, **labels}
            key = (figure.metric, tuple(named[label] for label in METRICS[figure.metric].labels))
            totals[key] = totals.get(key, 0.0) + value
    if len(totals) > MOST_SERIES:
        raise ValueError(f"the page would make {len(totals)} series; the most is {MOST_SERIES}")
    for (name, values_), total in totals.items():
        if total == math.inf:
            raise ValueError(f"{name}: the sum is not a finite number")
        yield METRICS[name].sample(total, *values_)


def examined(preset: ServerPreset, page: str) -> Iterator[tuple[Figure, list[tuple[dict[str, str], float]]]]:
    """Yield each figure with its labels and values on a page; raise ValueError for a page of another kind.

    A figure that stands in for another is left out where the page has that one.
    """
    form = _PAGES[preset.format]
    if preset.format != "text" and is_html(page):
        raise ValueError(_HTML.format(preset.format))
    document = form.document(page)
    if preset.whole and jmes.search(preset.whole, document) is False:
        raise ValueError(
            "the page lists only some of what there is; let the address ask for more, such as ?count=10000"
        )
    seen: set[str] = set()
    for figure in preset.figure:
        if figure.instead_of in seen:
            continue
        found = [one for one in form.find(document, figure) if one.value is not None]
        if found:
            seen.add(figure.value)
        yield (
            figure,
            [
                (
                    {**figure.labels, **{name: _label(text, figure) for name, text in labels.items()}},
                    _number(value, figure) * figure.factor,
                )
                for value, labels in found
            ],
        )


def is_html(page: str) -> bool:
    """Return whether the page is one for people."""
    return page.lstrip()[:200].lower().startswith(("<!doctype html", "<html"))


def missing(figure: Figure) -> str:
    """Return what is said of a figure that the page lacks."""
    other = f" nor {figure.instead_of!r}" if figure.instead_of else ""
    return (
        f"the page has no {figure.value!r}{other} for {figure.metric}; "
        "compare the preset's versions: ott-agent presets test shows what the page has"
    )


def _number(value: Any, figure: Figure) -> float:
    readable = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else not isinstance(value, bool)
    try:
        number = float(value) if readable else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    counted_now = METRICS[figure.metric].kind == "gauge" and not figure.metric.endswith("_per_second")
    # All that servers say is a count, an amount or a speed: what is below zero is an overflow of theirs.
    if not 0 <= number < (_BELOW_ZERO_NOW if counted_now else _BELOW_ZERO):
        raise ValueError(f"{figure.metric}: {figure.value!r} on the page is {_shown(value)}, which is not an amount")
    return number


def _shown(value: Any) -> str:
    """Return a value of a page as a message shows it: shortened, and in the words of JSON."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return {None: "null", True: "true", False: "false"}.get(value, repr(value)[:80])


def _label(value: Any, figure: Figure) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError(
            f"a label would be {_shown(value)}, which is no text; labels_from must name a text on the page"
        )
    text = unquote_plus(str(value)) if figure.url_encoded else str(value)
    if len(text) > LONGEST_LABEL:
        raise ValueError(f"the name {text[:40]!r}… is longer than {LONGEST_LABEL} characters")
    return text
