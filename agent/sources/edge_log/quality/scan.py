"""The CMCD that players usually write, read by one expression as it stands in the query.

A busy edge has it in every line, and to decode it, to split it and to look its members up takes six times as long. The
expression knows the keys of CTA-5004 and CTA-5004-B in the order of the alphabet, as players write them, with plain
values. Whatever else there is, it does not match, and `cmcd.read` reads it: tests hold the two together.
"""

import re

_END = r"(?:%2C|(?=[&#]|\Z))"
_WORD = r"[A-Za-z0-9_.-]++"
_STRING = rf"%22(?:{_WORD}|%2F)*+%22"
_NUMBER = r"[0-9]{1,15}+"


def _amount(key: str) -> str:
    """A number, or a list of one, as version 2 writes it; a list may name its track."""
    return rf"(?:{key}%3D(?P<{key}_>%28|\()?+(?P<{key}>{_NUMBER})(?({key}_)(?:(?:%3B|;)[a-z]++)?+(?:%29|\))){_END})?+"


def _one(key: str, value: str) -> str:
    return rf"(?:{key}%3D(?P<{key}>{value}){_END})?+"


def _flag(key: str) -> str:
    return rf"(?P<{key}>{key}{_END})?+"


def _unused(*keys: str) -> str:
    """Members that nobody here looks at."""
    item = rf"(?:{_WORD}|{_STRING})"
    listed = rf"(?:%28|\(){item}(?:(?:%3B|;)[a-z]++)?+(?:%29|\))"
    return rf"(?:(?:{'|'.join(keys)})(?:%3D(?:{item}|{listed}))?+{_END})*+"


_PATTERN = "".join(
    (
        r"CMCD=",
        _unused("ab", "bg"),
        _amount("bl"),
        _amount("br"),
        _flag("bs"),
        _unused("bsa", "bsd", "bsda", "cdn", "cen", "cid", "cmsdd", "cmsds"),
        _amount("d"),
        _unused("dfa", "dl", "ec", "e", "h", "lab", "lb", "ltc", "msd"),
        _amount("mtp"),
        _unused("nor", "nr", "nrr"),
        _one("ot", "[a-z]{1,4}+"),
        _unused("pb"),
        _one("pr", r"[0-9]{1,12}+(?:\.[0-9]{1,3}+)?+"),
        _unused("pt", "rc", "rtp", "sf"),
        r"sid%3D%22(?P<sid>[A-Za-z0-9_.-]{1,64}+)%22" + _END,
        _unused("smrt"),
        _one("sn", _NUMBER),
        _unused("st"),
        _one("sta", "[a-z]{1,4}+"),
        _flag("su"),
        _unused("tab", "tb", "tbl", "tpb", "ts", "ttfbb", "ttfb", "ttlb", "url"),
        _one("v", "[12]"),
        r"(?=[&#]|\Z)",
    )
)
_MATCH = re.compile(_PATTERN.encode()).match
_MARK = b"CMCD="
KEYS = ("sid", "v", "ot", "bl", "d", "br", "mtp", "pr", "su", "bs", "sta", "sn")
Values = tuple[bytes | None, ...]


def scan(target: bytes) -> Values | None:
    """Return the values of `KEYS` as a request target has them; None where it is not written as players usually do."""
    at = target.find(_MARK)
    if at < 1 or target[at - 1] not in b"?&":
        return None
    match = _MATCH(target, at)
    return None if match is None else match.group(*KEYS)
