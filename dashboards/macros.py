"""Queries as Grafana sends them: its macros and variables filled in."""

import re
from collections.abc import Callable, Mapping

# ${name}, ${name:format}, ${name.field}, [[name]], [[name:format]], $name; $1 is a group of a replacement string.
_FORM = re.compile(
    r"\$\{(?P<braced>[A-Za-z_]\w*)(?:\.[^}:]+)?(?::(?P<format>[^}]*))?\}"
    r"|\[\[(?P<square>[A-Za-z_]\w*)(?::\w+)?\]\]"
    r"|\$(?P<bare>[A-Za-z_]\w*)"
)

# What the shipped settings and a board of six hours make of Grafana's own macros.
BUILT_IN: Mapping[str, str] = {
    "__interval": "20s",
    "__interval_ms": "20000",
    "__rate_interval": "25s",
    "__range": "6h",
    "__range_s": "21600",
    "__range_ms": "21600000",
    "__from": "1700000000000",
    "__to": "1700021600000",
}


def names(text: str) -> list[str]:
    """Return the variables and macros in a text, in their order."""
    return [_name(match) for match in _FORM.finditer(text)]


def expand(text: str, value: Callable[[str], str] | Mapping[str, str]) -> str:
    """Fill in every variable and macro."""
    find = value if callable(value) else value.__getitem__
    return _FORM.sub(lambda match: find(_name(match)), text)


def _name(match: re.Match[str]) -> str:
    return match["braced"] or match["square"] or match["bare"]
