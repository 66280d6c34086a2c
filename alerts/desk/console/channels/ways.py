"""Every way by which a channel arrives, side by side: where the one is well and the other is not, there it breaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alerts.desk.console.channels.details import Details
from alerts.desk.console.channels.lineup import MULTICAST, STREAM
from alerts.desk.core.figures import figure
from alerts.desk.core.words import Words
from service.prometheus import Sample

ROWS = (
    "arrives",
    "errors",
    "rate",
    "segment",
    "download",
    "frame",
    "picture",
    "sound",
    "loudness",
    "format",
    "audio",
    "changes",
)
MOST_RENDITIONS = 16  # of a node, side by side
_SHORT = 2.5  # seconds that a run of black, still or silent lasts at least to be told: one group of pictures
_MEASURED = ("seen", "lit", "changed")


@dataclass(frozen=True, slots=True)
class Cell:
    """What is known of one way in one respect; `good` is None where it is only a figure."""

    text: str
    good: bool | None = None


@dataclass(slots=True)
class Column:
    """One way: a delivery as one node receives it, or one rendition of it."""

    delivery: str
    node: str
    rendition: str = ""  # empty for the delivery as a whole
    cells: dict[str, Cell] = field(default_factory=dict)


def columns(words: Words, details: Details) -> list[Column]:
    """Return the ways, multicast before streams: the way that the channel itself takes."""
    now = details.at.timestamp()
    found: dict[tuple[str, str], Column] = {}
    for delivery, metric in ((MULTICAST, "ott_ts_"), (STREAM, "ott_stream_")):
        for node, values in _by_node(details.of(delivery), metric).items():
            column = found.setdefault((delivery, node), Column(delivery, node))
            _arrival(words, column, values, now)
            _errors(words, column, details.of(f"{delivery} errors"))
    for sample in details.of("picture"):
        key = sample.labels.get("delivery", ""), _node(sample)
        found.setdefault(key, Column(*key))
    for column in found.values():
        own = [each for each in details.of("picture") if _of(each, column)]
        _examined(words, column, own, now)
        _changes(words, column, [*details.of("format changes"), *details.of("sound changes")])
    whole = [found[key] for key in sorted(found, key=lambda key: (key[0] != MULTICAST, key))]
    each = _renditions(words, details.of("renditions"), now)
    return [column for one in whole for column in (one, *(each.get(one.node, ()) if one.delivery == STREAM else ()))]


def _renditions(words: Words, samples: Sequence[Sample], now: float) -> Mapping[str, Sequence[Column]]:
    """Return the columns of the renditions by node, in the order of their names."""
    found: dict[str, dict[str, list[Sample]]] = {}
    for sample in samples:
        found.setdefault(_node(sample), {}).setdefault(sample.labels.get("rendition", ""), []).append(sample)
    result: dict[str, list[Column]] = {}
    for node, renditions in found.items():
        for name in sorted(renditions, key=lambda name: (len(name), name))[:MOST_RENDITIONS]:
            column = Column(STREAM, node, name)
            _arrival(words, column, _by_node(renditions[name], "ott_stream_rendition_")[node], now)
            result.setdefault(node, []).append(column)
    return result


def _node(sample: Sample) -> str:
    return sample.labels.get("node", "") or sample.labels.get("instance", "")


def _of(sample: Sample, column: Column) -> bool:
    return sample.labels.get("delivery", "") == column.delivery and _node(sample) == column.node


def _by_node(samples: Sequence[Sample], prefix: str) -> Mapping[str, Mapping[str, float]]:
    result: dict[str, dict[str, float]] = {}
    for sample in samples:
        result.setdefault(_node(sample), {})[sample.labels.get("__name__", "").removeprefix(prefix)] = sample.value
    return result


def _arrival(words: Words, column: Column, values: Mapping[str, float], now: float) -> None:
    cells = column.cells
    if "up" in values:
        up = bool(values["up"])
        cells["arrives"] = Cell(words("channels.yes" if up else "channels.no"), up)
    if "bit_rate_bits_per_second" in values:
        cells["rate"] = Cell(figure(words, values["bit_rate_bits_per_second"], "bits"))
    if "advanced_timestamp_seconds" in values:
        age = max(0.0, now - values["advanced_timestamp_seconds"])
        cells["segment"] = Cell(words("channels.age", age=words.span(age)))
    if "segment_download_seconds" in values and values.get("segment_duration_seconds"):
        seconds, length = values["segment_download_seconds"], values["segment_duration_seconds"]
        cells["download"] = Cell(
            words("channels.of", part=figure(words, seconds, "seconds"), whole=figure(words, length, "seconds")),
            seconds < length,
        )


def _errors(words: Words, column: Column, samples: Sequence[Sample]) -> None:
    found = sorted((each for each in samples if each.labels.get("node", "") == column.node), key=lambda one: -one.value)
    total = sum(round(each.value) for each in found)
    names = list(dict.fromkeys(each.labels.get("indicator") or each.labels.get("reason", "") for each in found))
    text = figure(words, total, "count") + (f" ({', '.join(names[:3])})" if names else "")
    column.cells["errors"] = Cell(text, total == 0)


def _examined(words: Words, column: Column, samples: Sequence[Sample], now: float) -> None:
    values = {each.labels.get("__name__", ""): each.value for each in samples}
    cells = column.cells
    moments = {name: values.get(f"ott_picture_{name}_timestamp_seconds") for name in _MEASURED}
    seen, lit, changed = (moments[name] for name in _MEASURED)
    if seen is not None:
        cells["frame"] = Cell(words("channels.age", age=words.span(max(0.0, now - seen))))
        if lit is not None and seen - lit >= _SHORT:
            cells["picture"] = Cell(words("channels.black", span=words.span(seen - lit)), good=False)
        elif changed is not None and seen - changed >= _SHORT:
            cells["picture"] = Cell(words("channels.still", span=words.span(seen - changed)), good=False)
        else:
            cells["picture"] = Cell(words("channels.moves"), good=True)
    decoded, heard = (values.get(f"ott_audio_{name}_timestamp_seconds") for name in ("decoded", "heard"))
    if decoded is not None and heard is not None:
        silent = decoded - heard
        known = words("channels.silent", span=words.span(silent)) if silent >= _SHORT else words("channels.heard")
        cells["sound"] = Cell(known, silent < _SHORT)
    loudness = values.get("ott_audio_loudness_short_term_lufs")
    if loudness is not None:
        cells["loudness"] = Cell(f"{figure(words, round(loudness, 1), 'number')} LUFS")
    _formats(column, samples)


def _formats(column: Column, samples: Sequence[Sample]) -> None:
    for sample in samples:
        name, labels = sample.labels.get("__name__", ""), sample.labels
        if name == "ott_picture_info":
            texts = (labels.get(each, "") for each in ("codec", "resolution", "aspect", "frame_rate"))
            column.cells["format"] = Cell(" · ".join(text for text in texts if text))
        elif name == "ott_audio_info":
            texts = (labels.get(each, "") for each in ("codec", "sample_rate", "channels"))
            column.cells["audio"] = Cell(" · ".join(text for text in texts if text))


def _changes(words: Words, column: Column, samples: Sequence[Sample]) -> None:
    """Count the changes of format, and name what changed; only where picture or sound are looked into."""
    found = [each for each in samples if _of(each, column)]
    if "frame" in column.cells or "sound" in column.cells:
        names = dict.fromkeys(each.labels.get("property", "") for each in found)
        number = sum(round(each.value) for each in found)
        text = figure(words, number, "count") + (f" ({', '.join(names)})" if number else "")
        column.cells["changes"] = Cell(text)


@dataclass(frozen=True, slots=True)
class Pid:
    """One elementary stream as one node receives it."""

    node: str
    number: str
    kind: str
    codec: str
    language: str
    rate: str


def pids(words: Words, details: Details, most: int = 200) -> list[Pid]:
    """Return the elementary streams of the multicast with their bit rates, in the order of their PIDs."""
    rates = {(_node(each), each.labels.get("pid", "")): each.value for each in details.of("pid rates")}
    known = {(_node(each), each.labels.get("pid", "")): each.labels for each in details.of("pids")}
    result = []
    for node, number in sorted({*rates, *known}, key=lambda key: (key[0], key[1].zfill(5)))[:most]:
        labels, rate = known.get((node, number), {}), rates.get((node, number))
        kind, codec, language = (labels.get(name, "") for name in ("kind", "codec", "language"))
        result.append(Pid(node, number, kind, codec, language, "" if rate is None else figure(words, rate, "bits")))
    return result
