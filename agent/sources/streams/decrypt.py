"""Segments that are encrypted as a whole with AES in CBC mode and PKCS #7 padding (RFC 8216, 4.3.2.4)."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from agent.sources.streams.reasons import Fault, Reason
from service.nouns import counted

_BLOCK = 16


class Decryptor:
    """Decrypts a body piece by piece; the padding at its end is taken off."""

    def __init__(self, key: bytes, vector: bytes) -> None:
        self._decryptor = Cipher(AES(key), CBC(vector)).decryptor()
        self._held = b""
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        """Return the clear bytes known to be no padding."""
        self._size += len(data)
        clear = self._held + self._decryptor.update(data)
        self._held = clear[-_BLOCK:]
        return clear[:-_BLOCK]

    def finish(self) -> bytes:
        """Return the last bytes; raise Fault where the key does not fit."""
        if self._size % _BLOCK:
            raise Fault(
                Reason.SEGMENT_MALFORMED,
                f"has {counted(self._size, 'byte')}, no multiple of 16, although the playlist says it is encrypted",
            )
        padding = self._held[-1] if self._held else 0
        if not 1 <= padding <= _BLOCK or self._held[-padding:] != bytes([padding]) * padding:
            raise Fault(Reason.SEGMENT_MALFORMED, "cannot be decrypted with the key that the playlist names")
        return self._held[:-padding]
