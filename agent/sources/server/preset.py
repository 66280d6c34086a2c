"""How a server's status page becomes samples: an interpreter for the presets in `presets`.

A figure says where a value stands (`value`), once or for `each` element, and which labels it gets. Figures that end
up with the same labels are added; a figure with `instead_of` counts only where the page lacks the one it names, so that
a value under its new and its old name counts once. What a page lacks fails the collection, unless its figure is
`optional`: servers leave out sections that are switched off, but a page half received must never look like an idle
server.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol
from xml.etree import ElementTree

import jmespath
from prometheus_client.parser import text_string_to_metric_families

from agent.sources import documents
from agent.sources.server import metrics
from service.metric import Metric, Sample

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in metrics.ALL}
# More series than any streaming server has channels; a page that invents names must not fill Prometheus.
MOST_SERIES = 10_000
LONGEST_LABEL = 200
# Of an exposition: 10,000 sessions at MediaMTX have some 100,000. Reading a line makes half a kibibyte of it.
MOST_LINES = 200_000

_COMMENTS = re.compile(r"^[ \t]*#.*\n", re.MULTILINE)

_HTML = "answered an HTML page, not {}; check the address"

Format = Literal["text", "json", "xml", "prometheus"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric taken from a page."""

    metric: str
    value: str  # text: a regular expression with one group; json: JMESPath; xml: a path; prometheus: a metric's name
    instead_of: str = ""  # another figure's value: this one counts only where the page lacks that one
    each: str = ""  # json: JMESPath giving a list, or an object taken as a list of {key, value}; xml: a path
    labels: dict[str, str] = field(default_factory=dict)  # fixed
    labels_from: dict[str, str] = field(default_factory=dict)  # read like `value`; prometheus: the label's name there
    where: dict[str, str] = field(default_factory=dict)  # prometheus: labels the source's sample must have
    factor: float = 1.0
    optional: bool = False

    def __post_init__(self) -> None:
        metric = METRICS.get(self.metric)
        if metric is None:
            raise ValueError(
                f'metric = "{self.metric}" is no metric of a server; docs/metrics.md lists them, “Streaming servers”'
            )
        given = {*self.labels, *self.labels_from}
        if given != set(metric.labels) - {"server"}:
            wanted = ", ".join(label for label in metric.labels if label != "server") or "none"
            raise ValueError(f"{self.metric} needs exactly these labels beside server: {wanted}")


@dataclass(frozen=True, slots=True)
class ServerPreset:
    """A vendor's page."""

    title: str
    format: Format
    figure: list[Figure]
    versions: str = ""  # of the vendor's program, whose page this describes
    proof: str = ""  # the program that was run, or the source or documentation that was read, with its version

    def __post_init__(self) -> None:
        earlier: set[str] = set()
        for figure in self.figure:
            _READERS[self.format].check(figure)
            if figure.instead_of and figure.instead_of not in earlier:
                raise ValueError(f"instead_of = {figure.instead_of!r} is not the value of an earlier figure")
            earlier.add(figure.value)


class Found(NamedTuple):
    """A value and the labels read beside it."""

    value: Any
    labels: Mapping[str, Any]


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
    reader = _READERS[preset.format]
    if reader is not _READERS["text"] and is_html(page):
        raise ValueError(_HTML.format(preset.format))
    document = reader.document(page)
    seen: set[str] = set()
    for figure in preset.figure:
        if figure.instead_of in seen:
            continue
        found = [one for one in reader.find(document, figure) if one.value is not None]
        if found:
            seen.add(figure.value)
        yield (
            figure,
            [
                (
                    {**figure.labels, **{name: _label(text) for name, text in labels.items()}},
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
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    # All that servers say is a count, an amount or a speed: what is below zero is an overflow of theirs.
    if not 0 <= number < math.inf:
        raise ValueError(f"{figure.metric}: {figure.value!r} on the page is {_shown(value)}, which is not an amount")
    return number


def _shown(value: Any) -> str:
    """Return a value of a page as a message shows it: shortened, and in the words of JSON."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return {None: "null", True: "true", False: "false"}.get(value, repr(value)[:80])


def _label(value: Any) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError(
            f"a label would be {_shown(value)}, which is no text; labels_from must name a text on the page"
        )
    text = str(value)
    if len(text) > LONGEST_LABEL:
        raise ValueError(f"the name {text[:40]!r}… is longer than {LONGEST_LABEL} characters")
    return text


class _Reader(Protocol):
    def check(self, figure: Figure) -> None: ...
    def document(self, page: str) -> Any: ...
    def find(self, document: Any, figure: Figure) -> Iterable[Found]: ...


class _Text:
    def check(self, figure: Figure) -> None:
        try:
            groups = re.compile(figure.value).groups
        except re.error as error:
            raise ValueError(f"value = {figure.value!r} is not a regular expression: {error}") from None
        if groups != 1 or figure.each or figure.labels_from:
            raise ValueError("a figure of a text page has a value with one group, and neither each nor labels_from")

    def document(self, page: str) -> str:
        return page

    def find(self, document: str, figure: Figure) -> Iterator[Found]:
        match = re.search(figure.value, document, re.MULTILINE)
        if match:
            yield Found(match[1], {})


class _Json:
    def check(self, figure: Figure) -> None:
        for expression in (figure.value, *([figure.each] if figure.each else []), *figure.labels_from.values()):
            try:
                jmespath.compile(expression)
            except ValueError as error:
                raise ValueError(documents.not_jmespath(expression, error)) from None

    def document(self, page: str) -> Any:
        return documents.json_of(page)

    def find(self, document: Any, figure: Figure) -> Iterator[Found]:
        elements = [document]
        if figure.each:
            listed = _searched(figure.each, document)
            if isinstance(listed, dict):
                listed = [{"key": key, "value": value} for key, value in listed.items()]
            if not isinstance(listed, list):
                if figure.optional and listed is None:
                    return
                raise ValueError(f"the page has no list {figure.each!r}")
            elements = listed
        for element in elements:
            labels = {name: _searched(path, element) for name, path in figure.labels_from.items()}
            yield Found(_searched(figure.value, element), labels)


def _searched(expression: str, document: Any) -> Any:
    """Return what JMESPath finds; raise ValueError where a function of the expression does not take what is there."""
    try:
        return jmespath.compile(expression).search(document)  # the library keeps what it has compiled
    except ValueError:
        raise ValueError(
            f"{expression!r} cannot be worked out on this page: something there is missing or of another type; "
            "look at the page, or name the preset of that version"
        ) from None


class _Xml:
    """Paths are ElementTree's; "path@name" is an attribute."""

    def check(self, figure: Figure) -> None:
        empty = ElementTree.Element("check")
        for path in (figure.each, figure.value, *figure.labels_from.values()):
            try:
                empty.findall(path.partition("@")[0] or ".")
            except (SyntaxError, KeyError, TypeError):  # TypeError: an unclosed bracket
                raise ValueError(f"{path!r} is not a path of ElementTree") from None

    def document(self, page: str) -> ElementTree.Element:
        return documents.xml_of(page)

    def find(self, document: ElementTree.Element, figure: Figure) -> Iterator[Found]:
        elements = document.findall(figure.each) if figure.each else [document]
        for element in elements:
            labels = {name: self._one(element, path) for name, path in figure.labels_from.items()}
            yield Found(self._one(element, figure.value), labels)

    def _one(self, element: ElementTree.Element, path: str) -> str | None:
        where, at, attribute = path.partition("@")
        found = element.find(where.rstrip("/") or ".")
        if found is None:
            return None
        return found.get(attribute) if at else (found.text or "").strip()


class _Prometheus:
    def check(self, figure: Figure) -> None:
        if figure.each:
            raise ValueError("a figure of an exposition has no each; every sample of the metric counts")

    def document(self, page: str) -> dict[str, list[tuple[Mapping[str, str], float]]]:
        if not page.endswith("\n"):
            raise ValueError("the exposition breaks off: its last line has no end")
        if page.count("\n") > MOST_LINES:
            raise ValueError(f"the exposition has more than {MOST_LINES} lines")
        found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
        try:
            # Without the comments: by a TYPE the library gives counters a `_total` that they have not on the page.
            for family in text_string_to_metric_families(_COMMENTS.sub("", page)):
                for sample in family.samples:
                    found.setdefault(sample.name, []).append((sample.labels, sample.value))
        except (ValueError, IndexError, KeyError, TypeError):
            raise ValueError(f"the answer is no Prometheus exposition: {_first_unreadable(page)}") from None
        if not found:
            raise ValueError("the answer has no sample")
        return found

    def find(self, document: Mapping[str, list[tuple[Mapping[str, str], float]]], figure: Figure) -> Iterator[Found]:
        samples = document.get(figure.value, [])
        matching = [
            (labels, value)
            for labels, value in samples
            if all(labels.get(name) == wanted for name, wanted in figure.where.items())
        ]
        for labels, value in matching:
            # A total of nothing, `paths 0`, stands for the elements where there are none.
            if labels.keys() >= {*figure.labels_from.values()}:
                yield Found(value, {name: labels[theirs] for name, theirs in figure.labels_from.items()})
        if samples and not matching and not figure.labels_from:
            yield Found(0.0, {})  # the metric is there, and nothing is in the state asked for


def _first_unreadable(page: str) -> str:
    """Say which line of an exposition cannot be read."""
    for number, line in enumerate(page.split("\n"), 1):
        try:
            list(text_string_to_metric_families(_COMMENTS.sub("", line + "\n")))
        except (ValueError, IndexError, KeyError, TypeError):
            return f"line {number} is {line[:60]!r}; check the address"
    return "its lines do not fit together; check the address"


_READERS: Mapping[str, _Reader] = {"text": _Text(), "json": _Json(), "xml": _Xml(), "prometheus": _Prometheus()}
