"""Texts of mails in the encoding that they have, whatever they say of it.

Programs name encodings as nobody else does, or none, and 8-bit heads name none at all. UTF-8 is told by its bytes;
Windows' Cyrillic is taken where nothing that is known was named and nearly everything is its letters. The rest is shown
as damaged.
"""

import codecs
import re
from functools import lru_cache

_ALIAS = re.compile(r"(?:x-)?(?:windows|win|cp|ansi)[-_ ]?(\d{3,4})")
_ENCODED_WORD = re.compile(rb"=\?([^?\s]{1,40})\?(?=[bBqQ]\?)")
_CYRILLIC = "cp1251"
# What programs write who know nothing of encodings; text that is UTF-8 is so by no accident.
_DOUBTFUL = frozenset({"ascii", "utf-8", "iso8859-1", "cp1252"})


def decoded(content: bytes, named: str) -> str:
    """Return a text of which a mail says that it is in the encoding `named`; empty: it says nothing."""
    codec = codec_of(named)
    if codec in _DOUBTFUL or not codec:
        try:
            return content.decode()
        except UnicodeDecodeError:
            pass
    if codec in ("ascii", "utf-8", ""):
        codec = _CYRILLIC if _is_cyrillic(content) else "utf-8"
    return content.decode(codec, "replace")


@lru_cache(maxsize=256)
def codec_of(named: str) -> str:
    """Return Python's name of an encoding; empty where it has none, or where it is none of texts."""
    name = named.strip().strip("\"'").lower()
    alias = _ALIAS.fullmatch(name)
    name = f"cp{alias[1]}" if alias else {"utf-8mb4": "utf-8", "utf8mb4": "utf-8"}.get(name, name)
    try:
        "".encode(name)  # fails for what is no encoding of texts
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""


def with_readable_head(raw: bytes) -> bytes:
    """Return a message whose head is UTF-8, with the encodings of its words under names that Python knows."""
    ends = [place for mark in (b"\r\n\r\n", b"\n\n") if (place := raw.find(mark)) >= 0]
    end = min(ends, default=len(raw))
    head = raw[:end]
    if not head.isascii():
        try:
            head.decode()
        except UnicodeDecodeError:
            head = head.decode(_CYRILLIC, "replace").encode() if _is_cyrillic(head) else head
    return _ENCODED_WORD.sub(_renamed, head) + raw[end:]


def _renamed(word: re.Match[bytes]) -> bytes:
    codec = codec_of(word[1].partition(b"*")[0].decode("latin-1"))
    return b"=?" + (codec.encode() or word[1]) + b"?"


def _is_cyrillic(content: bytes) -> bool:
    """Return whether bytes are text in Windows' Cyrillic; in that of Unix, small letters would be large ones."""
    letters = [each for each in content.decode(_CYRILLIC, "replace") if ord(each) > 127]
    known = [each for each in letters if "А" <= each <= "я" or each in "ЁёІі№«»–—\u00a0"]
    small = sum(each.islower() for each in known)
    return bool(letters) and len(known) >= 0.8 * len(letters) and small >= sum(each.isupper() for each in known)
