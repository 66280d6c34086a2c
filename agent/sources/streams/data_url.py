"""Addresses that hold what they name (RFC 2397): keys and initialization sections come so."""

import base64
import binascii
from urllib.parse import unquote_to_bytes

_SCHEME = "data:"


def is_data(url: str) -> bool:
    """Return whether an address holds its content."""
    return url[: len(_SCHEME)].lower() == _SCHEME


def content_of(url: str) -> tuple[str, bytes]:
    """Return type and content; raise ValueError."""
    head, comma, text = url[len(_SCHEME) :].partition(",")
    if not comma:
        raise ValueError("is an address of data without a comma before them")
    kind, *parameters = (part.strip().lower() for part in head.split(";"))
    data = unquote_to_bytes(text)
    if "base64" in parameters:
        data = data.translate(None, b" \t\r\n")
        try:
            data = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
        except binascii.Error:
            raise ValueError("is an address of data that are no Base64") from None
    return kind, data
