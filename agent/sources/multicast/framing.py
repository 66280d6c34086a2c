"""Transport stream packets inside datagrams: bare (UDP) or behind an RTP header (RFC 3550, RFC 2250)."""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from agent.sources.multicast.receive import Datagrams
from agent.transport.packets import PACKET, SYNC

# With 16 bytes behind: for error correction, or what ISDB-T says of its modulation.
_CODED = 204
RTP_HEADER, RTP_VERSION = 12, 2
_TRANSPORT = 33  # payload type of a transport stream (RFC 3551, 6)
_REPORTS, _CONTROL = (200, 201), range(192, 224)  # the second byte of RTCP: of the first report, and of any


class RtpHeaders(NamedTuple):
    """The headers of the datagrams that have one."""

    sequence: NDArray[np.int64]  # (n,) 16 bits; -1 for a datagram without RTP
    timestamp: NDArray[np.int64]  # (n,) 32 bits, 90 kHz
    sender: NDArray[np.int64]  # (n,) SSRC


class Frames(NamedTuple):
    """Where the packets of each datagram are."""

    offset: NDArray[np.int64]  # (n,) bytes before the first packet
    packets: NDArray[np.int64]  # (n,) whole packets; 0 for a datagram that holds no transport stream
    stride: NDArray[np.int64]  # (n,) bytes from one packet to the next
    rtp: RtpHeaders | None  # None where no datagram has RTP


class Packets(NamedTuple):
    """The packets of one turn: channel by channel, each channel's in order."""

    head: NDArray[np.uint8]  # (m, 12) the first bytes: header, flags of the adaptation field, PCR
    place: NDArray[np.int64]  # (m,) where the packet begins in `memory`
    memory: NDArray[np.uint8]  # (bytes, PACKET) the block, seen as a packet at every byte
    channel: NDArray[np.int32]  # (m,) index of the channel
    arrived: NDArray[np.float64]  # (m,) of the datagram, seconds


def frames(datagrams: Datagrams) -> Frames:
    """Find the packets of each datagram.

    A length that is a multiple of 188 is a bare transport stream even where a sync byte is wrong: an RTP header makes
    every length something else. No datagram is as long as the least multiple of both 188 and 204.
    """
    length = datagrams.length.astype(np.int64)
    bare = length % PACKET == 0
    if bare.all():
        return Frames(np.zeros(len(length), np.int64), length // PACKET, np.full(len(length), PACKET), None)
    data = datagrams.data
    first = data[:, 0].astype(np.int64)
    bare |= (length % _CODED == 0) & ((first == SYNC) | ((length > _CODED) & (data[:, _CODED] == SYNC)))
    is_rtp = ~bare & (first >> 6 == RTP_VERSION) & (length > RTP_HEADER)
    offset = np.where(is_rtp, RTP_HEADER + 4 * (first & 0x0F), 0)
    extended = np.flatnonzero(is_rtp & (first & 0x10 != 0) & (offset + 4 <= length))
    if len(extended):
        at = offset[extended]
        words = data[extended, at + 2].astype(np.int64) << 8 | data[extended, at + 3]
        offset[extended] += 4 + 4 * words
    content = length - offset
    padded = np.flatnonzero(is_rtp & (first & 0x20 != 0))
    content[padded] -= data[padded, length[padded] - 1]
    stride = np.where(content % PACKET == 0, PACKET, _CODED)
    good = (bare | is_rtp) & (content > 0) & (content % stride == 0)
    other = np.flatnonzero(is_rtp & good & (data[:, 1] & 0x7F != _TRANSPORT))
    # Error correction and keep-alives have types of their own; so has a transport stream whose sender chose another.
    begin = data[other, np.minimum(offset[other], data.shape[1] - 1)]
    good[other] = (begin == SYNC) & (stride[other] == PACKET)
    return Frames(offset, np.where(good, content // stride, 0), stride, _headers(data, is_rtp & good))


def control(datagrams: Datagrams, found: Frames) -> NDArray[np.bool_]:
    """Return which datagrams are reports of RTP's senders (RTCP), which may come on the media's port (RFC 5761)."""
    data, length = datagrams.data, datagrams.length
    reports: NDArray[np.bool_] = (found.packets == 0) & (length % 4 == 0) & np.isin(data[:, 1], _REPORTS)
    for row in np.flatnonzero(reports).tolist():
        reports[row] = _are_reports(data[row, : int(length[row])].tobytes())
    return reports


def _are_reports(datagram: bytes) -> bool:
    """Return whether a datagram is one report after the other up to its end (RFC 3550, 6.1): chance makes none."""
    at = 0
    while at + 4 <= len(datagram) and datagram[at] >> 6 == RTP_VERSION and datagram[at + 1] in _CONTROL:
        at += 4 * (1 + (datagram[at + 2] << 8 | datagram[at + 3]))
    return at == len(datagram) > 0


def packets(datagrams: Datagrams, found: Frames, order: NDArray[np.int64] | None = None) -> Packets:
    """Return the packets of the datagrams, or of those in `order`."""
    index = np.arange(len(datagrams.length)) if order is None else order
    counts = found.packets[index]
    datagram = np.repeat(index, counts)
    within = np.arange(len(datagram)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = datagram * datagrams.data.shape[1] + found.offset[datagram] + within * found.stride[datagram]
    flat = datagrams.data.reshape(-1)
    head = as_strided(flat, (max(0, flat.size - 11), 12), (1, 1))[place]
    memory = as_strided(flat, (max(0, flat.size - PACKET + 1), PACKET), (1, 1))
    return Packets(head, place, memory, datagrams.channel[datagram], datagrams.arrived[datagram])


def _headers(data: NDArray[np.uint8], is_rtp: NDArray[np.bool_]) -> RtpHeaders | None:
    if not is_rtp.any():
        return None
    head = data[:, :RTP_HEADER].astype(np.int64)
    return RtpHeaders(
        np.where(is_rtp, head[:, 2] << 8 | head[:, 3], -1),
        head[:, 4] << 24 | head[:, 5] << 16 | head[:, 6] << 8 | head[:, 7],
        head[:, 8] << 24 | head[:, 9] << 16 | head[:, 10] << 8 | head[:, 11],
    )
