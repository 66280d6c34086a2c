"""From the runner's samples to prometheus-client's registry, and from there to text.

prometheus-client escapes and checks every name and label of every sample at every scrape, which was most of what a
scrape cost. The labels of a node hardly ever change, so its families here keep the text in front of each value. They
are families like any other: whatever else reads the registry sees their samples.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from agent.runtime import metrics as catalogue
from service import __version__
from service.metric import Distribution, Metric, Sample, families

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Series come and go (a container's interface, a channel); past this the kept texts are thrown away and rebuilt.
MOST_KEPT = 50_000

_BACKSLASH, _QUOTE, _NEWLINE = "\\", '"', "\n"


class Texts:
    """The text in front of each value, made once for each series."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[tuple[str, ...], str]] = {}
        self._count = 0

    def of(self, metric: Metric, samples: Iterable[Sample]) -> str:
        """Return a family's lines, its HELP and TYPE included."""
        kept = self._kept.get(metric.name)
        if kept is None:
            kept = self._kept[metric.name] = {}
        lines = [f"# HELP {metric.name} {_escaped(metric.help)}\n# TYPE {metric.name} {metric.kind}\n"]
        for sample in samples:
            text = kept.get(sample.labels)
            if text is None:
                text = kept[sample.labels] = self._series(metric.name, metric.labels, sample.labels)
            value = sample.value
            if isinstance(value, Distribution):
                lines += self._distribution(sample, value)
            else:
                lines.append(f"{text} {_number(value)}\n")
        return "".join(lines)

    def _series(self, name: str, labels: Iterable[str], values: Iterable[str]) -> str:
        self._count += 1
        if self._count > MOST_KEPT:
            self._kept.clear()
            self._count = 0
        return _series(name, labels, values)

    def _distribution(self, sample: Sample, value: Distribution) -> Iterator[str]:
        name, labels = sample.metric.name, sample.metric.labels
        for bound, count in value.buckets:
            text = _series(f"{name}_bucket", (*labels, "le"), (*sample.labels, bound))
            yield f"{text} {_number(count)}\n"
        yield f"{_series(f'{name}_count', labels, sample.labels)} {_number(value.buckets[-1][1])}\n"
        yield f"{_series(f'{name}_sum', labels, sample.labels)} {_number(value.total)}\n"


class TextFamily(Family):
    """A family that knows its text."""

    def __init__(self, metric: Metric, members: list[Sample], texts: Texts) -> None:
        self._metric, self._members, self._texts = metric, members, texts
        self.name, self.type = metric.name, metric.kind

    def text(self) -> str:
        """Return the lines of the text format."""
        return self._texts.of(self._metric, self._members)

    def __getattr__(self, name: str) -> Any:
        """Become an ordinary family for whoever asks for more than the text."""
        if name not in ("documentation", "unit", "samples"):
            raise AttributeError(name)
        (family,) = families(self._members)
        vars(self).update(vars(family))
        return vars(self)[name]


class _Scrape(Collector):
    def __init__(self, samples: Callable[[], Iterable[Sample]]) -> None:
        self._samples = samples
        self._texts = Texts()
        self._build = catalogue.AGENT_BUILD_INFO.sample(1, __version__)

    def collect(self) -> Iterator[Family]:
        grouped: dict[str, list[Sample]] = {}
        for sample in (*self._samples(), self._build):
            members = grouped.get(sample.metric.name)
            if members is None:
                grouped[sample.metric.name] = [sample]
            else:
                members.append(sample)
        for members in grouped.values():
            yield TextFamily(members[0].metric, members, self._texts)

    def describe(self) -> list[Family]:
        """Collect nothing at registration: prometheus-client would take the first scrape's names as all there are."""
        return []


class _One(Collector):
    def __init__(self, family: Family) -> None:
        self._family = family

    def collect(self) -> Iterator[Family]:
        yield self._family


def registry(samples: Callable[[], Iterable[Sample]]) -> CollectorRegistry:
    """Return a registry that gives `samples()` at each scrape, and the agent's own process."""
    result = CollectorRegistry()
    result.register(_Scrape(samples))
    ProcessCollector(registry=result)
    return result


def text(source: CollectorRegistry) -> bytes:
    """Return the exposition in the text format."""
    parts = []
    for family in source.collect():
        if isinstance(family, TextFamily):
            parts.append(family.text())
        else:
            parts.append(generate_latest(_One(family)).decode())
    return "".join(parts).encode()


def _number(value: float) -> str:
    # repr is the shortest text that gives the same double; only what is no number is spelt otherwise in Go.
    return repr(value) if value - value == 0 else str(floatToGoString(value))  # type: ignore[no-untyped-call]


def _series(name: str, labels: Iterable[str], values: Iterable[str]) -> str:
    pairs = ",".join(
        f'{label}="{_escaped(value).replace(_QUOTE, _BACKSLASH + _QUOTE)}"'
        for label, value in sorted(zip(labels, values, strict=True))
    )
    return f"{name}{{{pairs}}}" if pairs else name


def _escaped(text_: str) -> str:
    # Bytes of a name that are no UTF-8 come as halves of surrogate pairs, which JSON can hold as well and no encoding
    # has. They are spelt out: one odd name must not cost the node all its figures, nor two of them become one.
    text_ = text_.encode(errors="backslashreplace").decode()
    return text_.replace(_BACKSLASH, _BACKSLASH * 2).replace(_NEWLINE, _BACKSLASH + "n")
