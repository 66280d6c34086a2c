"""Who a request is from: its token, its session, or its address with its user agent."""

import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.formats.request import NAMELESS, Addresses
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.table import VIEWER_BYTES
from agent.sources.edge_log.sessions.targets import first_group

IDENTITY_SOURCES = ("token", "session", "address", "none")
# `sid` in the query (CTA-5004), percent-encoded as players send it, or plain.
CMCD_SESSION = re.compile(rb'[?&]CMCD=(?:[^&#]*(?:%2[Cc]|,))?sid(?:%3[Dd]|=)(?:%22|")([^&#%"]{1,64})(?:%22|")')
# The same in what the headers say.
CMCD_HEADER_SESSION = re.compile(rb'(?:^|,)[ \t]*sid="([^"\\]{1,64})"')

Identity = bytes | tuple[bytes, ...]
"""A token, (session identifier,), or (address, user agent)."""


class Identities:
    """The ladder of identities of one service."""

    def __init__(self, definition: Definition, secret: bytes) -> None:
        self._secret = secret
        self._addresses = Addresses()
        self._token = first_group_of(definition.viewer)
        self._session = first_group_of((*definition.session, *((CMCD_SESSION,) if definition.cmcd else ())))
        self._header_session = first_group_of((CMCD_HEADER_SESSION,) if definition.cmcd else ())

    def of(self, uri: bytes, batch: Batch, row: int) -> tuple[str, Identity | None]:
        """Return the first rung that the request has, and the viewer's identity from it.

        Without an address the user agent alone would make one viewer of all households with the same player.
        """
        token = self._token(uri) or (named(batch.viewers[row]) if batch.viewers is not None else b"")
        if token:
            return "token", token
        identifier = self._session(uri) or (self._header_session(batch.cmcd[row]) if batch.cmcd is not None else None)
        identifier = identifier or (named(batch.sessions[row]) if batch.sessions is not None else b"")
        if identifier:
            return "session", (identifier,)
        address = self._addresses[batch.addresses[row]]
        return ("address", (address, batch.agents[row])) if address else ("none", None)

    def viewer(self, identity: Identity) -> bytes:
        """Return the identity as a short hash that only the holder of the secret can compute."""
        if isinstance(identity, bytes):
            text = b"t" + identity
        else:
            text = (b"s" if len(identity) == 1 else b"a") + b"\0".join(identity)
        return blake2b(text, digest_size=VIEWER_BYTES, key=self._secret).digest()


def named(text: bytes) -> bytes:
    """Return an account or a session as a server logged it, empty where it names none."""
    return b"" if text in NAMELESS or text.isspace() else text


def first_search(patterns: "Sequence[re.Pattern[bytes]]") -> "tuple[Search, bool]":
    """Return the search of the first pattern, and whether it can match nowhere but behind the question mark.

    Where that is certain the search begins there, which halves its cost. A pattern that begins with [?&], without
    alternatives or a look behind, needs one of the two characters first; `Target.query_only` excludes paths with an &.
    """
    if not patterns:
        return (lambda _text, _start: None), False
    source = patterns[0].pattern
    certain = re.match(rb"\[(\?&|&\?)\](?![?*+{])", source) is not None and not re.search(rb"\||\(\?<", source)
    return patterns[0].search, certain and not patterns[0].flags


_PARAMETER = re.compile(rb"\[(?:\?&|&\?)\][A-Za-z0-9_-]+=\((\[\^?[^\]\\]+\]|\\[wd])(?:\{[0-9,]+\}|[+*])?\)")


def ends_with_its_parameter(pattern: "re.Pattern[bytes]") -> bool:
    """Return whether what a pattern finds depends on nothing behind the parameter of the query that it names.

    It does not where the value is of one class, which has no `&`: "[?&]token=([0-9a-f]{32})".
    """
    found = _PARAMETER.fullmatch(pattern.pattern)
    return found is not None and not pattern.flags and re.fullmatch(found[1], b"&") is None


Search = Callable[[bytes, int], "re.Match[bytes] | None"]


def first_group_of(patterns: "Iterable[re.Pattern[bytes]]") -> Callable[[bytes], bytes | None]:
    """Return the function that gives the group of the first pattern that matches and names somebody."""
    searches = [pattern.search for pattern in patterns]

    def search(text: bytes) -> bytes | None:
        for one in searches:
            found = first_group(one(text))
            if found and found not in NAMELESS:
                return found
        return None

    return search
