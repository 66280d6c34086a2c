"""JSON of requests, answers and webhooks, with what no database stores taken out."""

import json
import re

_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def read_json(body: bytes) -> object:
    """Return what the JSON in `body` says, made storable; raise ValueError when it is none.

    UTF-8 only, as RFC 8259 (8.1) has it: the library would guess other encodings and let halves of characters through.
    Hardly any body has anything to clean, and looking at every text costs more than parsing.
    """
    try:
        raw = json.loads(body.decode("utf-8-sig"))
        return storable(raw) if _UNSTORABLE.search(body) else raw
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"the body is not JSON: line {error.lineno}, column {error.colno} cannot be read") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"the body is not JSON: byte {error.start + 1} is not UTF-8") from None
    except ValueError:
        raise ValueError("the body is not JSON: a number in it has thousands of digits") from None


def storable(raw: object) -> object:
    """Replace what no database stores as text: NUL and lone surrogates, which JSON can smuggle in as escapes."""
    if isinstance(raw, str):
        return raw.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    if isinstance(raw, dict):
        return {storable(key): storable(value) for key, value in raw.items()}
    if isinstance(raw, list):
        return [storable(value) for value in raw]
    return raw
