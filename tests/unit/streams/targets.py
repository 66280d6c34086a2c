"""What any input must do to the readers of streams; run by the tests over a small corpus, and by `fuzz` at length."""

from collections.abc import Callable

from agent.sources.streams import dash, hls, hls_text
from agent.sources.streams.live import Live, NotJudged, Resource, Segment
from agent.sources.streams.reasons import Fault
from agent.sources.streams.segment import SegmentChecker
from agent.transport.packets import TransportChecker
from agent.transport.programs import ProgramReader

NOW = 1772366400.0


def try_hls(data: bytes) -> None:
    """A playlist gives renditions, a live edge, or ValueError."""
    try:
        found = hls_text.parse(data.decode("utf-8-sig"))
        live = found.live("http://edge/live/index.m3u8") if isinstance(found, hls.Media) else None
    except ValueError:
        return
    if live is not None:
        check(live)
        assert live.first <= live.newest
    else:
        assert isinstance(found, hls.Master)
        assert found.variants


def try_dash(data: bytes) -> None:
    """A manifest gives renditions, its end, or ValueError."""
    try:
        found = dash.parse(data.decode("utf-8-sig"), "http://edge/live/manifest.mpd")
        offers = () if found.ended else found.offers(NOW)
    except (ValueError, NotJudged):
        return
    for offer in offers:
        assert (offer.live is None) == (offer.problem is not None)
        if offer.live is not None:
            check(offer.live)


def try_ts(data: bytes) -> None:
    """A stream gives the same findings in any pieces; a segment gives faults a player gets over, or one it does not."""
    cut = data[0] * 3 if data else 0
    readers = ProgramReader(), ProgramReader()
    whole, pieces = map(TransportChecker, readers)
    checker = SegmentChecker(Segment(1, Resource(("",)), 4.0))
    whole.feed(data)
    try:
        for piece in (data[:cut], data[cut:]):
            pieces.feed(piece)
            checker.piece(piece)
        checker.finish()
    except Fault as fault:
        assert fault.detail  # noqa: PT017 - either outcome is right
        return
    assert whole.findings() == pieces.findings()
    assert readers[0].programs == readers[1].programs


def check(live: Live) -> None:
    """What holds of every rendition."""
    assert live.target_duration > 0
    assert live.patience > 0
    for segment in live.segments:
        assert segment.duration > 0
        assert segment.url.startswith(("http://", "https://"))


TARGETS: dict[str, Callable[[bytes], None]] = {"hls": try_hls, "dash": try_dash, "ts": try_ts}
