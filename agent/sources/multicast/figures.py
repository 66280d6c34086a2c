"""The figures of one channel as samples."""

import itertools
from collections.abc import Iterator

from agent.sources.multicast import metrics
from agent.sources.multicast.channel import ChannelAnalyser
from agent.sources.multicast.indicators import Indicator
from agent.sources.multicast.pids import MOST_PIDS, Pids
from agent.transport.packets import NULL_PID, PACKET
from service.metric import Sample

# Indicators that last as long as what they miss does not come.
_LASTING = (
    Indicator.SYNC_LOSS,
    Indicator.PAT,
    Indicator.PMT,
    Indicator.PID,
    Indicator.PCR_REPETITION,
    Indicator.PTS,
    Indicator.CAT,
)


def samples(channel: ChannelAnalyser, index: int, pids: Pids, offset: float) -> Iterator[Sample]:
    """Yield the figures of the channel at `index`, whose socket is open.

    `offset` is what turns a moment of the channel into seconds since 1970.
    """
    name = channel.settings.channel
    yield metrics.TS_JOINED.sample(1, name)
    yield metrics.TS_UP.sample(float(channel.is_up), name)
    if channel.arrived is None:
        return
    yield metrics.TS_RECEIVED.sample(channel.arrived + offset, name)
    yield metrics.TS_DATAGRAMS.sample(channel.datagrams, name)
    yield metrics.TS_MALFORMED.sample(channel.malformed, name)
    yield metrics.TS_DROPPED.sample(channel.dropped, name)
    yield metrics.TS_BYTES.sample(channel.packets * PACKET, name)
    yield metrics.TS_MISSING.sample(channel.missing, name)
    yield from _indicators(channel, name)
    yield from _availability(channel, name)
    yield from _rtp(channel, name)
    yield from _inventory(channel, name, index, pids)
    yield from _timing(channel, name)


def _indicators(channel: ChannelAnalyser, name: str) -> Iterator[Sample]:
    judged = channel.settings.constant_bitrate
    for indicator, count in channel.indicators.counts.items():
        if indicator is not Indicator.PCR_ACCURACY or judged:
            yield metrics.TS_ERRORS.sample(count, name, indicator.priority, indicator.title)
    for indicator in _LASTING:
        active = channel.indicators.active(indicator)
        yield metrics.TS_ERROR_ACTIVE.sample(float(active), name, indicator.priority, indicator.title)
    if not judged:
        yield metrics.TS_NOT_JUDGED.sample(1, name, "variable_bitrate")


def _availability(channel: ChannelAnalyser, name: str) -> Iterator[Sample]:
    seconds = channel.availability
    yield metrics.TS_SECONDS.sample(seconds.seconds, name)
    yield metrics.TS_ERRORED_SECONDS.sample(seconds.errored, name)
    yield metrics.TS_SEVERE_SECONDS.sample(seconds.severe, name)
    yield metrics.TS_UNAVAILABLE_SECONDS.sample(seconds.unavailable, name)


def _rtp(channel: ChannelAnalyser, name: str) -> Iterator[Sample]:
    stream = channel.rtp
    if stream.received:
        yield metrics.TS_RTP_LOST.sample(stream.lost, name)
        yield metrics.TS_RTP_REORDERED.sample(stream.reordered, name)
        yield metrics.TS_RTP_DUPLICATES.sample(stream.duplicates, name)
        yield metrics.TS_RTP_JITTER.sample(stream.jitter, name)


def _inventory(channel: ChannelAnalyser, name: str, index: int, pids: Pids) -> Iterator[Sample]:
    # A map may name a PID twice, and hundreds of them.
    streams = {(number, each.pid): each for number, one in channel.tables.programs.items() for each in one.streams}
    told = dict(itertools.islice(streams.items(), MOST_PIDS))
    for (program, pid), stream in told.items():
        yield metrics.TS_PID_INFO.sample(
            1, name, str(pid), str(program), stream.kind, stream.codec, stream.language or ""
        )
    named = {NULL_PID, *(pid for _, pid in told)}
    for pid, slot in pids.of_channel(index):
        if pid in named:
            yield metrics.TS_PID_PACKETS.sample(int(pids.packets[slot]), name, str(pid))
    for command, count in channel.tables.splices.items():
        yield metrics.TS_SPLICES.sample(count, name, command)
    if index in pids.overflow or len(told) < len(streams):
        yield metrics.TS_NOT_JUDGED.sample(1, name, "too_many_pids")


def _timing(channel: ChannelAnalyser, name: str) -> Iterator[Sample]:
    if not channel.is_up:
        return
    clocks = list(channel.clocks.values())
    if rates := [rate for clock in clocks if (rate := clock.figures.bit_rate) is not None]:
        yield metrics.TS_BIT_RATE.sample(rates[0], name)
    if clocks:
        yield metrics.TS_PCR_INTERVAL.sample(max(clock.longest_interval for clock in clocks), name)
    if deviations := [value for clock in clocks if (value := clock.figures.accuracy) is not None]:
        yield metrics.TS_PCR_ACCURACY.sample(max(deviations), name)
    if channel.delay_factor is not None:
        yield metrics.TS_DELAY_FACTOR.sample(channel.delay_factor, name)
