"""A metric as a value: its name, type, labels and meaning in one place, and samples that refer to it.

Programs declare their metrics in a catalogue module; rules, boards and runbooks use the names. Exposition is
prometheus-client's business: `families` turns samples into its metric families.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from prometheus_client.core import Metric as Family

Kind = Literal["counter", "gauge", "histogram", "untyped"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. `name` is what a query says: base unit and `_total` included."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    reader: str = ""  # "ad hoc" where no rule, board or report reads it

    def sample(self, value: float, *labels: str) -> "Sample":
        """Return a sample; `labels` are the label values in the declared order."""
        if len(labels) != len(self.labels):
            raise TypeError(f"{self.name} has the labels {self.labels}, not {labels}")
        return Sample(self, labels, value)


class Distribution(NamedTuple):
    """A histogram's state: cumulative counts by upper bound (the last is +Inf) and the sum of all observations."""

    buckets: tuple[tuple[str, float], ...]
    total: float


class Sample(NamedTuple):
    """One value of one series."""

    metric: Metric
    labels: tuple[str, ...]
    value: float | Distribution


def families(samples: Iterable[Sample]) -> Iterator[Family]:
    """Group samples by metric, in the order of first appearance, as prometheus-client's families."""
    grouped: dict[str, tuple[Metric, list[Sample]]] = {}
    for sample in samples:
        grouped.setdefault(sample.metric.name, (sample.metric, []))[1].append(sample)
    for metric, members in grouped.values():
        base = metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name
        family = Family(base, metric.help, "unknown" if metric.kind == "untyped" else metric.kind)
        for sample in members:
            labels = dict(zip(metric.labels, sample.labels, strict=True))
            if isinstance(sample.value, Distribution):
                for bound, count in sample.value.buckets:
                    family.add_sample(f"{metric.name}_bucket", {**labels, "le": bound}, count)
                family.add_sample(f"{metric.name}_count", labels, sample.value.buckets[-1][1])
                family.add_sample(f"{metric.name}_sum", labels, sample.value.total)
            else:
                family.add_sample(metric.name, labels, sample.value)
        yield family
