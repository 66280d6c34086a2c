"""One line of a `log_format`, taken apart with patience: a field that nobody needs may hold what follows it.

The expression of the format takes nearly all lines. Left to this are those with a user's name in two words, a list of
upstreams, a header that stands without quotes. A field ends where the text behind it is found; where the rest of the
line does not fit then, at the next such place. That could go on for long on a line made for it: the steps are limited.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

# Per field: a line in good order takes one, a field with blanks in it some more.
_MOST_STEPS = 40
# The border of two fields: more of them than the format has would be taken for one value.
_BORDER = re.compile(rb'"\s+"')
_RAW_QUOTE = re.compile(rb'(?<!\\)(?:\\\\)*"')


class Part(NamedTuple):
    """A field, what it must look like (None: anything), and the text between it and the next one."""

    name: str
    pattern: "re.Pattern[bytes] | None"
    text: bytes
    quoted: bool  # whether quotes stand around it: within it one is escaped
    before: bytes = b""  # the first byte of the next field, where no text is between the two


def split_line(
    line: bytes, prefix: bytes, parts: Sequence[Part], *, escaped: bool = True
) -> Mapping[str, bytes] | None:
    """Return the fields by name; None where the line is not written so.

    `escaped` is false for a server that escapes nothing (Traffic Server): a backslash before a quote is a backslash.
    """
    if not (line.startswith(prefix) and line.endswith(parts[-1].text)):
        return None
    end = len(prefix)
    for part in parts:
        end = line.find(part.text or part.before, end)
        if end < 0:
            return None  # a line cut short, mostly: however its fields are divided, there are too few
        end += len(part.text)
    steps = _MOST_STEPS * len(parts)
    values = [b""] * len(parts)
    waiting = [_ends(line, len(prefix), parts[0], escaped=escaped, last=len(parts) == 1)]
    while waiting:
        found = next(waiting[-1], None)
        steps -= 1
        if found is None or steps < 0:
            waiting.pop()
            continue
        values[len(waiting) - 1], begin = found
        if len(waiting) == len(parts):
            return {part.name: value for part, value in zip(parts, values, strict=True)}
        part = parts[len(waiting)]
        waiting.append(_ends(line, begin, part, escaped=escaped, last=len(waiting) == len(parts) - 1))
    return None


def _ends(line: bytes, begin: int, part: Part, *, escaped: bool, last: bool) -> Iterator[tuple[bytes, int]]:
    """Yield the values that a field may have, the shortest first, each with the place where the next field begins."""
    text = part.text or part.before
    end = begin
    while True:
        end = len(line) - len(text) if last else line.find(text, end)
        if end < begin or (last and not line.endswith(text)):
            return
        value = line[begin:end]
        if not part.quoted and _RAW_QUOTE.search(value):
            return
        within = escaped and (len(value) - len(value.rstrip(b"\\"))) % 2
        if not (part.quoted and (within or _BORDER.search(value))) and (
            part.pattern is None or part.pattern.fullmatch(value)
        ):
            yield value, end + len(part.text)
        if last or part.pattern is not None:
            return
        end += 1
