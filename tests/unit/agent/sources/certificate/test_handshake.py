"""The certificate within what a server sends in a handshake (RFC 5246, 7.4.2)."""

from hypothesis import given
from hypothesis import strategies as st

from agent.sources.certificate.handshake import certificate_in


def records(messages: bytes, size: int, kind: int = 22) -> bytes:
    pieces = [messages[begin : begin + size] for begin in range(0, len(messages), size)]
    return b"".join(bytes([kind, 3, 3]) + len(piece).to_bytes(2, "big") + piece for piece in pieces)


def message(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + len(content).to_bytes(3, "big") + content


def chain(*certificates: bytes) -> bytes:
    listed = b"".join(len(one).to_bytes(3, "big") + one for one in certificates)
    return message(11, len(listed).to_bytes(3, "big") + listed)


@given(st.binary(min_size=1, max_size=300), st.integers(1, 400))
def test_the_first_of_the_chain_is_found_however_it_is_cut_into_records(certificate: bytes, size: int) -> None:
    hello = message(2, bytes(70))
    sent = records(hello + chain(certificate, b"intermediate") + message(14, b""), size)
    assert certificate_in(sent) == certificate
    assert certificate_in(sent + b"\x15\x03\x03\x00\x02\x02\x28") == certificate  # and an alert


def test_what_is_not_whole_or_not_in_the_clear_is_none() -> None:
    sent = records(message(2, bytes(70)) + chain(bytes(200)), 1000)
    assert certificate_in(sent[:-1]) == b""
    assert certificate_in(records(b"\x01", 1, kind=20) + sent) == b""
    assert certificate_in(b"HTTP/1.1 400 Bad Request\r\n\r\n") == b""


@given(st.binary(max_size=300))
def test_any_bytes_give_bytes(received: bytes) -> None:
    assert isinstance(certificate_in(received), bytes)
    assert isinstance(certificate_in(b"\x16\x03\x03\x00\xff" + received), bytes)
