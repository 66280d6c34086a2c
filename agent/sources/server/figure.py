"""A figure of a preset: one metric, and where its value stands on the page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from agent.sources.server import metrics
from service.metric import Metric

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in metrics.ALL}


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric taken from a page."""

    metric: str
    # text: a regular expression with one group; json: JMESPath; xml: a path; csv: a column; prometheus: a metric's name
    value: str
    instead_of: str = ""  # another figure's value: this one counts only where the page lacks that one
    each: str = ""  # json: JMESPath giving a list, or an object taken as a list of {key, value}; xml: a path
    labels: dict[str, str] = field(default_factory=dict)  # fixed
    labels_from: dict[str, str] = field(default_factory=dict)  # read like `value`; prometheus: the label's name there
    url_encoded: bool = False  # the texts of `labels_from` are written as in a URL's query: "news+%31" is "news 1"
    where: dict[str, str] = field(default_factory=dict)  # prometheus: labels of a sample that counts; csv: columns
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
            raise ValueError(f"{self.metric} needs exactly these labels, in labels or labels_from: {wanted}")

    def counts(self, element: Mapping[str, str]) -> bool:
        """Return whether a sample with these labels, or a row with these columns, has what `where` asks for."""
        return all(element.get(name) == wanted for name, wanted in self.where.items())


class Found(NamedTuple):
    """A value and the labels read beside it."""

    value: Any
    labels: Mapping[str, Any]


class Page(Protocol):
    """A form of pages."""

    def check(self, figure: Figure) -> None:
        """Raise ValueError for a figure that cannot be on such a page."""

    def document(self, text: str) -> Any:
        """Return the whole page as it is searched; raise ValueError where it is not such a page, or not whole."""

    def find(self, document: Any, figure: Figure) -> Iterable[Found]:
        """Yield each value of a figure, None where an element lacks it; raise ValueError."""
