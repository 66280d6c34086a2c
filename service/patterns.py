"""Regular expressions that people write in settings: what is wrong with one, and at which character."""

import re
import warnings
from typing import AnyStr

# Python's own words by what they are about; a fault that is not here is told by its place alone.
_REASONS = (
    ("unterminated subpattern", "a parenthesis is not closed"),
    ("unterminated character set", "a square bracket is not closed"),
    ("unbalanced parenthesis", "a parenthesis is closed that is not open"),
    ("nothing to repeat", "nothing precedes the repetition"),
    ("multiple repeat", "it repeats what is repeated already"),
    ("bad escape", "the backslash means nothing here; write two for a backslash"),
    ("bad character range", "the range ends before it begins"),
    ("min repeat greater than max repeat", "the least number of repetitions is above the greatest"),
    ("unknown extension", "after (? stands nothing that is known"),
    ("missing -, : or )", "the flags are not closed"),
    ("unterminated name", "the group's name is not closed"),
    ("missing group name", "the group has no name"),
    ("bad character in group name", "the group's name has a character that is not allowed"),
    ("redefinition of group name", "the group's name is taken by another group"),
    ("unknown group name", "no group has this name"),
    ("invalid group reference", "there is no such group"),
    (
        "Possible nested set",
        "an opening bracket inside square brackets means only itself; write \\\\[, or \\\\d for a digit",
    ),
    ("Possible set", "a doubled sign inside square brackets means only itself; write it once, with a backslash"),
    ("look-behind requires fixed-width pattern", "what stands in (?<=…) or (?<!…) must have a fixed length"),
)


def pattern(text: str) -> re.Pattern[str]:
    """Return the compiled expression; raise ValueError with its fault and the character (from 1) at which it is.

    Raises:
        ValueError: it is not a regular expression, or has what other programs read as a set within a set.
    """
    try:
        return _compiled(text)
    except re.error as error:
        raise ValueError(_told(text, error, text[: error.pos])) from None


def bytes_pattern(text: str) -> re.Pattern[bytes]:
    """Return the same for bytes in UTF-8."""
    written = text.encode()
    try:
        return _compiled(written)
    except re.error as error:
        raise ValueError(_told(text, error, written[: error.pos].decode(errors="ignore"))) from None


def _compiled(text: AnyStr) -> re.Pattern[AnyStr]:
    """Return the compiled expression; `[[:digit:]]` and `[a--b]`, which Python reads literally, are refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        try:
            return re.compile(text)
        except FutureWarning as warning:
            said, _, position = str(warning).partition(" at position ")
            raise re.error(said, text, int(position)) from None


def _told(text: str, error: re.error, before: str) -> str:
    reason = next((ours for theirs, ours in _REASONS if theirs in error.msg), "it cannot be understood")
    place = "" if error.pos is None else f" at character {len(before) + 1}"
    return f"{text!r} is not a regular expression{place}: {reason}"
