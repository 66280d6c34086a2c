"""One TLS handshake, of which the server's certificate is kept also where it does not come to its end.

Up to TLS 1.2 the certificate is sent in the clear, before the server says that it wants one of the client, and before
either side finds the other's keys too weak.
"""

import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

_CIPHERS_FROM_HERE, _HANDSHAKE = 20, 22  # kinds of records
_CERTIFICATE = 11  # a message of the handshake
_RECORD, _MESSAGE = 5, 4  # bytes of their headers
# Chains of a dozen certificates have some 20 kB; a server that goes on and on is none.
_MOST = 1 << 20


class Signer(NamedTuple):
    """An authority by whose certificate a server's was accepted, and the Unix time at which that expires."""

    name: str
    expires: float


class Shaken(NamedTuple):
    """The certificate in DER, empty where the server showed none, why the handshake failed, and who signed."""

    certificate: bytes
    error: OSError | None = None
    signers: tuple[Signer, ...] = ()


def shake(address: tuple[str, int], name: str, context: ssl.SSLContext, patience: float) -> Shaken:
    """Connect and shake hands; raise OSError where there is no connection."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    received, end = bytearray(), time.monotonic() + patience
    with socket.create_connection(address, timeout=patience) as plain:
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                with suppress(OSError):
                    plain.sendall(outgoing.read())  # the alert that says why
                return Shaken(certificate_in(received), error)
            else:
                with suppress(OSError):
                    plain.sendall(outgoing.read())
                return Shaken(tls.getpeercert(binary_form=True) or b"", signers=_signers(tls))
            try:
                plain.settimeout(max(end - time.monotonic(), 0.001))
                plain.sendall(outgoing.read())
                piece = plain.recv(1 << 16)
            except OSError as error:
                return Shaken(certificate_in(received), error)
            received += piece
            incoming.write(piece) if piece else incoming.write_eof()
            if len(received) > _MOST:
                raise OSError("the server's part of the handshake does not end")


def _signers(tls: ssl.SSLObject) -> tuple[Signer, ...]:
    """Return the intermediates and the root by which the server's certificate was accepted; none where it was not."""
    # Public since Python 3.13, as bytes; beneath it is the same there as in 3.11, where each certificate can be asked.
    chain = tls._sslobj.get_verified_chain() or ()  # type: ignore[attr-defined]
    return tuple(_signer(certificate.get_info()) for certificate in chain[1:])


def _signer(info: Mapping[str, Any]) -> Signer:
    names = {key: value for part in info["subject"] for key, value in part}
    name = names.get("commonName") or names.get("organizationalUnitName") or names.get("organizationName") or "no name"
    return Signer(name, float(ssl.cert_time_to_seconds(info["notAfter"])))


def certificate_in(received: bytes | bytearray) -> bytes:
    """Return the server's own certificate out of what it sent; empty where it is not whole or not in the clear."""
    messages = bytearray()
    while len(received) >= _RECORD and received[0] != _CIPHERS_FROM_HERE:
        end = _RECORD + int.from_bytes(received[3:_RECORD], "big")
        if received[0] == _HANDSHAKE:
            messages += received[_RECORD:end]
        received = received[end:]
    while len(messages) >= _MESSAGE:
        end = _MESSAGE + int.from_bytes(messages[1:_MESSAGE], "big")
        if messages[0] == _CERTIFICATE:
            # The length of the list, then that of its first certificate, in three bytes each.
            size = int.from_bytes(messages[7:10], "big")
            certificate = bytes(messages[10 : 10 + size])
            return certificate if len(certificate) == size else b""
        del messages[:end]
    return b""
