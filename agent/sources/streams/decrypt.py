"""Segments that are encrypted as a whole with AES in CBC mode and PKCS #7 padding (RFC 8216, 4.3.2.4)."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

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

    def finish(self) -> tuple[bytes, str]:
        """Return the last bytes, and what is wrong with them: hls.js takes them as they are, shaka-player refuses."""
        if self._size % _BLOCK:
            words = f"has {counted(self._size, 'byte')}, no multiple of 16, although the playlist says it is encrypted"
            return self._held, words
        padding = self._held[-1] if self._held else 0
        if not 1 <= padding <= _BLOCK or self._held[-padding:] != bytes([padding]) * padding:
            return self._held, "cannot be decrypted with the key that the playlist names"
        return self._held[:-padding], ""
