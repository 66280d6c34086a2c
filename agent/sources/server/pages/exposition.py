"""Pages of Prometheus's text format: a figure is a metric's name, for each sample that counts."""

import re
from collections.abc import Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families

from agent.sources.server.figure import Figure, Found

# 10,000 sessions at MediaMTX have some 100,000. Reading a line makes half a kibibyte of it.
MOST_LINES = 200_000

_COMMENTS = re.compile(r"^[ \t]*#.*\n", re.MULTILINE)

Samples = Mapping[str, list[tuple[Mapping[str, str], float]]]


class Exposition:
    """Prometheus's text format."""

    def check(self, figure: Figure) -> None:
        """Raise ValueError for a figure with `each`."""
        if figure.each:
            raise ValueError("a figure of an exposition has no each; every sample of the metric counts")

    def document(self, text: str) -> Samples:
        """Return the samples by name."""
        if not text.endswith("\n"):
            raise ValueError("the exposition breaks off: its last line has no end")
        if text.count("\n") > MOST_LINES:
            raise ValueError(f"the exposition has more than {MOST_LINES} lines")
        found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
        try:
            # Without the comments: by a TYPE the library gives counters a `_total` that they have not on the page.
            for family in text_string_to_metric_families(_COMMENTS.sub("", text)):
                for sample in family.samples:
                    found.setdefault(sample.name, []).append((sample.labels, sample.value))
        except (ValueError, IndexError, KeyError, TypeError):
            raise ValueError(f"the answer is no Prometheus exposition: {_first_unreadable(text)}") from None
        if not found:
            raise ValueError("the answer has no sample")
        for name, samples in found.items():
            if len({frozenset(labels.items()) for labels, _ in samples}) < len(samples):
                raise ValueError(f"the exposition has a sample of {name[:80]} twice, with the same labels")
        return found

    def find(self, document: Samples, figure: Figure) -> Iterator[Found]:
        """Yield the samples whose labels are those of `where`; 0 where the metric is there and no sample has them."""
        samples = document.get(figure.value, [])
        matching = [(labels, value) for labels, value in samples if figure.counts(labels)]
        for labels, value in matching:
            # A total of nothing, `paths 0`, stands for the elements where there are none.
            if labels.keys() >= {*figure.labels_from.values()}:
                yield Found(value, {name: labels[theirs] for name, theirs in figure.labels_from.items()})
        if samples and not matching and not figure.labels_from:
            yield Found(0.0, {})  # the metric is there, and nothing is in the state asked for


def _first_unreadable(text: str) -> str:
    """Return which line of an exposition cannot be read."""
    for number, line in enumerate(text.split("\n"), 1):
        try:
            list(text_string_to_metric_families(_COMMENTS.sub("", line + "\n")))
        except (ValueError, IndexError, KeyError, TypeError):
            return f"line {number} is {line[:60]!r}; check the address"
    return "its lines do not fit together; check the address"
