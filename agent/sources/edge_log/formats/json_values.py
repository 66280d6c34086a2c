"""The values of JSON lines as the figures need them, whatever types a server gives them."""

from collections.abc import Sequence
from typing import Any

from agent.sources.edge_log.formats.json_object import text_bytes
from agent.sources.edge_log.formats.json_record import first_of
from agent.sources.edge_log.formats.rows import bytes_sent, moment_of, status_of
from agent.sources.edge_log.formats.stated_unit import duration
from agent.sources.edge_log.formats.times import MOST_CACHED, TimeCache


class Moments(dict[str, float]):
    """A time as a text to its moment."""

    def __init__(self, texts: TimeCache) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, text: str) -> float:
        if len(self) >= MOST_CACHED:
            self.clear()
        moment = self[text] = moment_of(text, self._texts)
        return moment


class Statuses(dict[Any, bytes]):
    """A status as the log has it, a text or a number, to three digits."""

    def __missing__(self, value: Any) -> bytes:
        if len(self) >= MOST_CACHED:
            self.clear()
        status = status_of(value)
        # False and True are found as 0 and 1.
        if not isinstance(value, bool | float):
            self[value] = status
        return status


class Durations(dict[Any, float | str]):
    """A request's time as the log has it to seconds."""

    def __missing__(self, value: Any) -> float | str:
        if len(self) >= MOST_CACHED:
            self.clear()
        taken = self[value] = duration(value)
        return taken


def sizes_of(values: list[Any], statuses: Sequence[bytes]) -> list[int]:
    """Return numbers of bytes; raise RowError for any other value, and for one that says nothing."""
    if {*map(type, values)} == {int} and min(values) >= 0 and max(values) < 10**18:
        return values
    if {*map(type, values)} == {str} and (digits := "".join(values)).isascii() and digits.isdigit():
        sizes = list(map(int, values))
        if max(sizes) < 10**18:
            return sizes
    return [bytes_sent(value, status) for value, status in zip(values, statuses, strict=True)]


def encoded(values: list[Any]) -> list[bytes]:
    """Return texts as bytes; what is no text and no number is empty."""
    try:
        texts = "\n".join(values).encode().split(b"\n")
    except TypeError:
        return list(map(text_of, values))
    # A text with a line break in it makes more of them than there are.
    return texts if len(texts) == len(values) else list(map(text_of, values))


def text_of(value: Any) -> bytes:
    """Return a text, or a number that stands for one, such as an account's."""
    value = first_of(value)
    if isinstance(value, str):
        return text_bytes(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value).encode()
    return b""
