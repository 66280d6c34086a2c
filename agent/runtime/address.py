"""Addresses as browsers read them (WHATWG, URL), where the standard library reads them otherwise.

`urllib.parse.urljoin` drops the empty segments of a path (`//`), which servers tell apart, and leaves `..` in an
address that is absolute.
"""

import re
from urllib.parse import urlsplit, urlunsplit

_PATH_END = re.compile(r"([?#])")
_AUTHORITY = re.compile(r"\A((?:https?:)?)//+", re.IGNORECASE)
_DOT = re.compile("%2e", re.IGNORECASE)


def joined(base: str, reference: str) -> str:
    """Return the address that a reference means in a document got from `base`; raise ValueError for no address."""
    reference = reference.strip()
    if reference[:5].lower() == "data:":
        return reference
    path, *rest = _PATH_END.split(reference, maxsplit=1)
    path = _AUTHORITY.sub(r"\1//", path.replace("\\", "/"))  # what Windows writes
    given, outer = urlsplit(path + "".join(rest)), urlsplit(base)
    if given.scheme not in ("", outer.scheme) or outer.scheme not in ("http", "https"):
        whole = given
    elif given.netloc:
        whole = given._replace(scheme=outer.scheme)
    elif given.path:
        folder = "" if given.path.startswith("/") else outer.path.rpartition("/")[0] + "/"
        whole = given._replace(scheme=outer.scheme, netloc=outer.netloc, path=folder + given.path)
    else:
        whole = outer._replace(query=given.query or outer.query, fragment=given.fragment)
    return urlunsplit(whole._replace(path=without_dots(whole.path)) if whole.netloc else whole)


def without_dots(path: str) -> str:
    """Return the path of an address without the segments "." and "..", as it is asked for."""
    if "." not in path and "%" not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        plain = _DOT.sub(".", segment)
        if plain == ".." and len(kept) > 1:
            kept.pop()
        elif plain not in (".", ".."):
            kept.append(segment)
    if _DOT.sub(".", segments[-1]) in (".", ".."):
        kept.append("")  # what is left is a folder
    return "/".join(kept)
