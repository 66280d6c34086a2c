"""One JSON object a line: nginx with escape=json, Caddy, and whoever else logs like that.

A field is found by its path, "request.remote_ip". Lines are decoded by msgspec and read as columns; a line that msgspec
refuses, because a client or a template made something of it that is no JSON, is read by `json_object` instead. Caddy's
own messages share the log with its requests; they lack the needed fields and are rejects like any other foreign line.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any

import msgspec

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.formats.cmcd_headers import CMCD_HEADERS, joined, joined_columns
from agent.sources.edge_log.formats.columns import NONE, ParsedTimes, batch_of_columns, merged
from agent.sources.edge_log.formats.expression import one_of
from agent.sources.edge_log.formats.json_object import json_object, text_bytes
from agent.sources.edge_log.formats.json_record import RecordDecoder, first_of, values_at
from agent.sources.edge_log.formats.log_format import ADDRESSES, Choice, find_roles
from agent.sources.edge_log.formats.request import joined_addresses, split_request
from agent.sources.edge_log.formats.rows import (
    FIELDS,
    Row,
    any_time,
    batch_of,
    byte_count,
    moment_of,
    need,
    seconds,
    status_of,
)
from agent.sources.edge_log.formats.syslog_header import without_headers
from agent.sources.edge_log.formats.times import MOST_CACHED, TimeCache

_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})")
# A text, to be passed over; or a variable outside of one, for a number.
_BARE = re.compile(rf'"(?:[^"\\]|\\.)*"|({_VARIABLE.pattern})')

# Lines that are decoded together where not all can be.
_AT_ONCE = 16

Fields = Sequence[tuple[str, str]]
"""Names of rows.FIELDS with the paths of their values. "address" may be there several times, the best first, and "cmcd"
for each of the four headers."""


class JsonLines:
    """A mapping from what the figures need to the paths of the fields that have it."""

    closed = True
    state = ""

    def __init__(self, fields: Fields, methods: Sequence[str] = ("GET",), zone: tzinfo = UTC) -> None:
        self._names = [name for name, _ in fields]
        self._paths = [tuple(path.split(".")) for _, path in fields]
        self._decoder = RecordDecoder(self._paths)
        self._clean = True
        self._methods = frozenset(methods)
        self._texts = TimeCache(lambda text: any_time(text, zone))
        self._moments_of_texts = _Moments(self._texts)
        self._statuses, self._durations = _Statuses(), _Durations()
        get = one_of(methods)
        # All requests of a chunk, a line each; what is left to `split_request` fits neither.
        self._requests = re.compile(
            rf"^(?:(?:{get}) ([^ \n]++) HTTP/[0-9.]++|(?!(?:{get}) )[^\n]*+)\n".encode(), re.MULTILINE
        )
        self.has_durations = "duration" in self._names

    def parser(self, state: str = "") -> "JsonLines":
        """Return itself: no line depends on another."""
        del state
        return self

    def parse(self, chunk: bytes) -> Batch:
        """Parse whole lines."""
        lines = chunk.split(b"\n")
        lines.pop()
        # All at once where the chunk before had no odd line: they mostly come where there are others.
        records, odd = self._decoded(lines, len(lines) if self._clean else _AT_ONCE)
        self._clean = not odd
        if not odd:
            return self._records(records)
        rest = self._odd(list(odd.values()))
        return merged(len(lines), odd, self._records(records), rest) if records else rest

    def _decoded(self, lines: Sequence[bytes], at_once: int) -> tuple[list[Any], dict[int, bytes]]:
        """Return the records of lines, and by number the lines that are none."""
        records, odd = list[Any](), dict[int, bytes]()
        for begin in range(0, len(lines), max(at_once, 1)):
            some = lines[begin : begin + at_once]
            try:
                decoded = self._decoder.decode_lines(b"\n".join(some))
            except (msgspec.MsgspecError, ValueError, RecursionError):
                decoded = []
            if len(decoded) == len(some):
                records += decoded
                continue
            if at_once > _AT_ONCE:
                return self._decoded(lines, _AT_ONCE)
            for number, line in enumerate(some, begin):
                try:
                    records.append(self._decoder.decode(line))
                except (msgspec.MsgspecError, ValueError, RecursionError):
                    odd[number] = line
        return records, odd

    def _odd(self, lines: Sequence[bytes]) -> Batch:
        """Read lines that msgspec refuses: maybe there is a header in front of the object, else by `json_object`."""
        bare = [without_headers(line) for line in lines]
        records, odd = self._decoded(bare, _AT_ONCE)
        rest = self._batch_of(odd.values())
        return merged(len(lines), odd, self._records(records), rest) if records else rest

    def _records(self, records: Sequence[Any]) -> Batch:
        try:
            return self._read(records)
        except (ValueError, TypeError, OverflowError):
            # A value of one line is not what the others have there.
            return batch_of(records, lambda record: self._row(self._decoder.row(record)), self._names)

    def _batch_of(self, lines: Iterable[bytes]) -> Batch:
        """Read lines one by one."""
        return batch_of([*lines], lambda line: self._row(values_at(json_object(line), self._paths)), self._names)

    def _read(self, records: Sequence[Any]) -> Batch:
        """Return the batch of records; ValueError or TypeError where a value must be looked at by itself."""
        values = dict[str, list[Any]]()
        addresses, headers = [], []
        for name, column in zip(self._names, self._decoder.columns(records), strict=True):
            if name == "address":
                addresses.append(_encoded(column))
            elif name == "cmcd":
                headers.append(_encoded(column))
            else:
                values[name] = column
        columns: dict[str, Sequence[Any]] = {
            name: _encoded(values[name]) for name in ("agent", "session", "viewer") if name in values
        }
        if addresses:
            columns["address"] = joined_addresses(addresses)
        if headers:
            columns["cmcd"] = joined_columns(headers)
        columns["status"] = list(map(self._statuses.__getitem__, values["status"]))
        columns["size"] = _sizes(values["size"])
        durations = list(map(self._durations.__getitem__, values["duration"])) if "duration" in values else None
        return batch_of_columns(columns, self._moments(values["time"]), self._targets(values), durations)

    def _moments(self, times: list[Any]) -> ParsedTimes:
        if {*map(type, times)} == {float} and min(times) >= 0 and max(times) < 1e11:
            return times, NONE
        if {*map(type, times)} == {str}:
            return list(map(self._moments_of_texts.__getitem__, times)), NONE
        return [moment_of(time, self._texts) for time in times], NONE

    def _targets(self, values: Mapping[str, list[Any]]) -> Sequence[bytes]:
        if "request" not in values:
            methods, known = values["method"], self._methods
            targets = _encoded(values["target"])
            return [target if method in known else b"" for target, method in zip(targets, methods, strict=True)]
        try:
            text = "\n".join([*values["request"], ""]).encode()
        except TypeError:
            text = b""
        found: list[bytes] = self._requests.findall(text)
        if len(found) == len(values["request"]) == text.count(b"\n"):
            return found
        requests = _encoded(values["request"])
        return [self._target(*split_request(request)) for request in requests]

    def _target(self, method: bytes, target: bytes) -> bytes:
        return target if method.decode(errors="replace") in self._methods else b""

    def _row(self, values: Sequence[Any]) -> Row:
        """Return one line's values; RowError says which of them cannot be read."""
        at = dict(zip(self._names, values, strict=True))
        texts = {name: _text(value) for name, value in at.items()}
        addresses = [_text(value) for name, value in zip(self._names, values, strict=True) if name == "address"]
        headers = [_text(value) for name, value in zip(self._names, values, strict=True) if name == "cmcd"]
        request = split_request(texts["request"]) if "request" in at else (texts["method"], texts["target"])
        return Row(
            moment_of(at["time"], self._texts),
            b",".join(addresses),
            texts.get("agent", b""),
            self._target(*request),
            status_of(at["status"]),
            byte_count(at["size"]),
            seconds(at.get("duration")),
            texts.get("session", b""),
            texts.get("viewer", b""),
            joined(headers),
        )


class _Moments(dict[str, float]):
    """A time as a text to its moment."""

    def __init__(self, texts: TimeCache) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, text: str) -> float:
        if len(self) >= MOST_CACHED:
            self.clear()
        moment = self[text] = moment_of(text, self._texts)
        return moment


class _Statuses(dict[Any, bytes]):
    """A status as the log has it, a text or a number, to three digits."""

    def __missing__(self, value: Any) -> bytes:
        if len(self) >= MOST_CACHED:
            self.clear()
        status = status_of(value)
        # False and True are found as 0 and 1.
        if not isinstance(value, bool | float):
            self[value] = status
        return status


class _Durations(dict[Any, float | str]):
    """A request's time as the log has it to seconds."""

    def __missing__(self, value: Any) -> float | str:
        if len(self) >= MOST_CACHED:
            self.clear()
        taken = self[value] = seconds(value)
        return taken


def _sizes(values: list[Any]) -> list[bytes] | list[int]:
    if {*map(type, values)} == {int} and min(values) >= 0 and max(values) < 10**18:
        return values
    if {*map(type, values)} == {str} and (digits := "".join(values)).isascii() and digits.isdigit():
        sizes = list(map(int, values))
        if max(sizes) < 10**18:
            return sizes
    return [byte_count(value) for value in values]


def _encoded(values: list[Any]) -> list[bytes]:
    """Return texts as bytes; what is no text and no number is empty."""
    try:
        texts = "\n".join(values).encode().split(b"\n")
    except TypeError:
        return list(map(_text, values))
    # A text with a line break in it makes more of them than there are.
    return texts if len(texts) == len(values) else list(map(_text, values))


def _text(value: Any) -> bytes:
    value = first_of(value)
    if isinstance(value, str):
        return text_bytes(value)
    return b"%d" % value if type(value) is int else b""


def nginx_json(template: str, choice: Choice) -> JsonLines:
    """Return the format of nginx's `log_format … escape=json '{"key":"$variable","number":$variable,…}'`."""
    quoted = _BARE.sub(lambda found: f'"{found[1]}"' if found[1] else found[0], template)
    try:
        keys = json.loads(quoted)
    except ValueError as error:
        raise ValueError(f"format begins like JSON but is none: {error}") from None
    paths = dict(_variables(keys, ()))
    roles = find_roles(list(paths), choice)
    fields = [(role, paths[variable]) for role, variable in roles.items() if role in FIELDS]
    if choice.cmcd:
        fields += [("cmcd", paths[name]) for name in CMCD_HEADERS if name in paths]
    if "target" in roles:
        fields.append(("method", paths["request_method"]))
    if "address" in roles:
        # Where the chosen address is missing, the connection's own stands in for it.
        fields += [("address", paths[name]) for name in ADDRESSES if name in paths and name != roles["address"]]
    return JsonLines(fields, choice.methods)


def _variables(keys: Mapping[str, Any], front: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield each variable that alone is a value, and its path."""
    for key, value in keys.items():
        if "." in key:
            continue
        path = (*front, key)
        if isinstance(value, dict):
            yield from _variables(value, path)
        elif isinstance(value, str) and _VARIABLE.fullmatch(value):
            yield value[1:].strip("{}"), ".".join(path)


def named_fields(columns: Sequence[str], choice: Choice, zone: tzinfo = UTC) -> JsonLines:
    """Return the format of `columns = ["time=ts", …]`; raise ValueError with the remedy."""
    fields: list[tuple[str, str]] = []
    for column in columns:
        name, equals, path = column.partition("=")
        if name not in (*FIELDS, "cmcd") or not equals or not path:
            raise ValueError(f'columns: {column!r} is not "name=key.path" with a name of {", ".join(FIELDS)}, cmcd')
        if name not in ("address", "cmcd") and name in dict(fields):
            raise ValueError(f'columns name "{name}" twice')
        fields.append((name, path))
    need([name for name, _ in fields])
    return JsonLines(fields, choice.methods, zone)


def caddy(choice: Choice) -> JsonLines:
    """Return Caddy's format, with the values that a site chose by the names of nginx's variables."""
    fields = [(name, path) for name, _, path in (column.partition("=") for column in CADDY)]
    if choice.client_address and choice.client_address != "remote_addr":
        fields = [("address", _caddy_path(choice.client_address)), *fields]
    for name, variable in (("session", choice.session_variable), ("viewer", choice.viewer_variable)):
        if variable:
            fields.append((name, _caddy_path(variable)))
    if choice.cmcd:
        fields += [("cmcd", _caddy_path(name)) for name in CMCD_HEADERS]
    return JsonLines(fields, choice.methods)


def _caddy_path(variable: str) -> str:
    """Return the path of what nginx calls `variable`, or of what is a path already."""
    if variable.startswith("http_"):
        return f"request.headers.{variable.removeprefix('http_').replace('_', '-').title()}"
    return {"remote_user": "user_id"}.get(variable, variable)


CADDY = (
    "time=ts",
    # Since 2.7; before, the connection's address; before 2.5, with its port.
    "address=request.client_ip",
    "address=request.remote_ip",
    "address=request.remote_addr",
    "method=request.method",
    "target=request.uri",
    "status=status",
    "size=size",
    "duration=duration",
    "agent=request.headers.User-Agent",
)
