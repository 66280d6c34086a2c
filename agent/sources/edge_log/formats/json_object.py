"""One line's JSON object, read so that nothing a client sends can keep its line from counting."""

import json
import re
from typing import Any


def json_object(line: bytes) -> dict[str, Any]:
    """Return the object of a line; raise ValueError where it is none.

    Bytes beyond UTF-8 stay what they are. A bare value that is no JSON becomes a text, and null where it is empty: an
    upstream's time is empty, "-" or a list where a template names it without quotes. Without escape=json nginx writes a
    byte as \\xHH, and a template may leave a comma behind its last value.
    """
    if not line.rstrip().endswith(b"}"):
        raise ValueError("not an object")
    text = line.decode("utf-8", "surrogateescape")
    try:
        record = _decoded(text)
    except ValueError:
        record = _decoded(_TOKEN.sub(_as_json, text))
    if not isinstance(record, dict):
        raise ValueError("not an object")
    return record


def text_bytes(text: str) -> bytes:
    """Return the bytes of a text that `json_object` read."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair, written as an escape
        return text.encode("utf-8", "surrogatepass")


def _integer(text: str) -> int | None:
    return int(text) if len(text) < 40 else None  # Python refuses numbers of thousands of digits


_DECODER = json.JSONDecoder(strict=False, parse_int=_integer)
# A text with, where it is a key, the bare value behind it: up to the next key or the end of the object. Or a comma too
# many.
_TOKEN = re.compile(
    r'("(?:[^"\\]|\\.)*+")(?:(\s*+:\s*+)(?!["{\[])([^"{}\[\]]*?)(?=\s*+(?:,\s*+"|,?\s*+\}|$)))?'
    r"|,(?=\s*+[}\]])"
)
# A byte as nginx and Apache write it; an escape of JSON; and a backslash that is neither, and stays one.
_ESCAPE = re.compile(r'\\(?:x([0-9A-Fa-f]{2})|(["\\/bfnrt]|u[0-9A-Fa-f]{4})|)')
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")


def _decoded(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _escape_of_json(found: "re.Match[str]") -> str:
    if found[1]:
        return f"\\u00{found[1]}"
    return found[0] if found[2] else "\\\\"


def _as_json(match: "re.Match[str]") -> str:
    if match[1] is None:
        return ""
    text = _ESCAPE.sub(_escape_of_json, match[1])
    if match[2] is None:
        return text
    bare = match[3]
    value = bare if _SCALAR.fullmatch(bare) else json.dumps(bare) if bare else "null"
    return f"{text}{match[2]}{value}"
