"""What the picture checks are given of a channel that is scrambled."""

from agent.sources.media import Media, Piece
from agent.sources.multicast.analysis import Analysis
from agent.sources.multicast.settings import MulticastSettings
from tests.contract.multicast.streams import AUDIO, VIDEO, Packets, Probe, pid_of


def scrambled(packets: Packets, pids: set[int]) -> Packets:
    """Return the packets as a scrambler leaves them: heads and adaptation fields are clear."""

    def one(packet: bytes) -> bytes:
        if pid_of(packet) not in pids or not packet[3] & 0x10:
            return packet
        begin = 5 + packet[4] if packet[3] & 0x20 else 4
        payload = bytes(byte ^ 0x5A for byte in packet[begin:])
        return packet[:3] + bytes([packet[3] | 0x80]) + packet[4:begin] + payload

    return [one(packet) for packet in packets]


def pieces(*parts: Packets) -> list[Piece]:
    found: list[Piece] = []
    media = Media()
    media.listen(lambda _: True, found.append)
    probe = Probe()
    probe.analysis = Analysis([MulticastSettings("first", "239.0.0.1:5000")], media=media)
    for part in parts:
        probe.feed(part)
    return found


def test_a_channel_that_is_always_scrambled_is_said_to_be_encrypted(clean: Packets) -> None:
    found = pieces(scrambled(clean, {VIDEO, AUDIO}))

    assert found
    assert {(piece.obstacle, piece.data) for piece in found} == {("encrypted", b"")}


def test_a_channel_that_was_clear_before_is_looked_into(clean: Packets) -> None:
    """A descrambler that fails is an outage, so that what is missing then must be seen."""
    half = len(clean) // 2
    found = pieces(clean[:half], scrambled(clean[half:], {VIDEO, AUDIO}))
    partly = pieces(scrambled(clean, {VIDEO}))

    assert {piece.obstacle for piece in (*found, *partly)} == {""}
    assert all(piece.data for piece in (*found, *partly))
