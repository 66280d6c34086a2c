"""Content encodings: a server may compress whatever was asked for, and browsers read it.

What comes out is bounded piece by piece, so that a few bytes cannot unpack to gigabytes.
"""

import zlib
from typing import Protocol

import brotli

_PIECE = 1 << 18


class Decoder(Protocol):
    """Turns pieces of a body as sent into pieces of its content; raises ValueError for what cannot be decoded."""

    def feed(self, data: bytes, largest: int) -> bytes:
        """Return what these bytes give, cut soon after `largest`."""

    def finish(self) -> None:
        """Raise ValueError where browsers take the end for an early one."""


class UnknownEncodingError(ValueError):
    """The body is in an encoding that this program cannot read, though players may."""


class _Zlib:
    def __init__(self, name: str) -> None:
        self._name = name
        # gzip with its header; deflate is meant to have zlib's header, and often has none.
        self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16 if name == "gzip" else zlib.MAX_WBITS)
        self._first = True

    def feed(self, data: bytes, largest: int) -> bytes:
        try:
            try:
                out = bytearray(self._unpacker.decompress(data, largest + 1))
            except zlib.error:
                if not self._first or self._name == "gzip":
                    raise
                self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
                out = bytearray(self._unpacker.decompress(data, largest + 1))
            self._first = False
            # gzip allows one member after the other.
            while self._unpacker.unused_data and self._name == "gzip" and len(out) <= largest:
                rest = self._unpacker.unused_data
                if not rest.startswith(b"\x1f\x8b"):
                    break
                self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
                out += self._unpacker.decompress(rest, largest + 1 - len(out))
        except zlib.error:
            raise ValueError(f"says Content-Encoding {self._name}, and its body is not {self._name}") from None
        return bytes(out)

    def finish(self) -> None:
        """Do nothing: browsers show what came of a gzip body that ends too early."""


class _Brotli:
    def __init__(self) -> None:
        self._unpacker = brotli.Decompressor()

    def feed(self, data: bytes, largest: int) -> bytes:
        try:
            out = bytearray(self._unpacker.process(data, output_buffer_limit=_PIECE))
            while not self._unpacker.can_accept_more_data() and len(out) <= largest:
                more = self._unpacker.process(b"", output_buffer_limit=_PIECE)
                if not more and self._unpacker.is_finished():
                    break
                out += more
        except brotli.error:
            raise ValueError("says Content-Encoding br, and its body is not Brotli") from None
        return bytes(out)

    def finish(self) -> None:
        if not self._unpacker.is_finished():
            raise ValueError("says Content-Encoding br, and its body is not Brotli or ends too early")


def decoders(header: str) -> list[Decoder]:
    """Return the decoders of a Content-Encoding header, in the order to apply them; raise UnknownEncodingError.

    A name that is no registered encoding (`utf-8`, `aws-chunked`, `none`) is passed over, as browsers do.
    """
    found: list[Decoder] = []
    for name in reversed([part.strip().lower() for part in header.split(",")]):
        if name in ("gzip", "x-gzip"):
            found.append(_Zlib("gzip"))
        elif name == "deflate":
            found.append(_Zlib("deflate"))
        elif name == "br":
            found.append(_Brotli())
        elif name in ("zstd", "compress", "x-compress", "dcb", "dcz"):
            raise UnknownEncodingError(f"came with Content-Encoding {name}, which was not asked for")
    return found
