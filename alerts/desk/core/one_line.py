"""Titles as one line that reads as it is written, whoever wrote them."""

import re

_STEERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of the text after it: `gpj.exe` for `exe.jpg`."""


def one_line(text: str) -> str:
    """Return a title without line ends and without characters that turn it round; empty where nothing can be seen."""
    line = " ".join(_STEERING.sub("", text).split())
    return line if any(each.isprintable() and not each.isspace() for each in line) else ""
