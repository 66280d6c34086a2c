"""One JSON object a line: nginx with escape=json, Caddy, and whoever else logs like that.

A field is found by its path, "request.remote_ip". Caddy's own messages share the log with its requests; they lack the
needed fields and are rejects like any other line that is no request.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from agent.sources.edge_log.batch import Batch
from agent.sources.edge_log.columns import NONE, Moments, batch_of_columns, parse_mostly, parse_times
from agent.sources.edge_log.expression import Columns
from agent.sources.edge_log.json_object import json_object, text_bytes
from agent.sources.edge_log.json_shape import JsonShape
from agent.sources.edge_log.log_format import ADDRESSES, Choice, find_roles
from agent.sources.edge_log.request import Addresses, split_request
from agent.sources.edge_log.rows import FIELDS, Row, any_time, batch_of, moment_of, need, seconds, status_of, whole
from agent.sources.edge_log.times import TimeCache

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

_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})")
# A text, to be passed over; or a variable outside of one, for a number.
_BARE = re.compile(rf'"(?:[^"\\]|\\.)*"|({_VARIABLE.pattern})')

# A new shape is looked for after so many requests that none took, then after twice as many each time: a log whose lines
# are all different shall not be spent on compiling expressions.
PATIENCE, EXAMPLES, MOST_SHAPES = 16, 8, 4


class JsonLines:
    """A mapping from what the figures need to the paths of the fields that have it."""

    closed = True
    state = ""

    def __init__(self, fields: Mapping[str, str], methods: Sequence[str] = ("GET",)) -> None:
        self._paths = {name: tuple(path.split(".")) for name, path in fields.items()}
        # The first that names one counts: "address", then "address2" and so on.
        self._address_names = [name for name in self._paths if name.startswith("address")]
        self._addresses = Addresses()
        self._counted = methods
        self._methods = frozenset(methods)
        self._shapes: list[JsonShape] = []
        self._unlike, self._patience = 0, PATIENCE
        self._texts = TimeCache(any_time)
        self.has_durations = "duration" in fields

    def parser(self, state: str = "") -> "JsonLines":
        """Return itself: no line depends on another."""
        del state
        return self

    def parse(self, piece: bytes) -> Batch:
        """Parse whole lines."""
        return self._parse(piece, self._shapes)

    def _parse(self, piece: bytes, shapes: Sequence[JsonShape]) -> Batch:
        """Take what is written like the first shape, then what is written like the others, then one by one."""
        if not shapes:
            return self._one_by_one(piece)
        first, *others = shapes
        rest = partial(self._parse, shapes=others)
        return parse_mostly(first.expression, piece, partial(self._read, first), rest)

    def _read(self, shape: JsonShape, columns: Columns) -> Batch:
        none = (b"",) * len(columns["status"])
        columns = {name: columns.get(name, none) for name in self._paths}
        uris = columns.get("request") or [
            target if method else b"" for target, method in zip(columns["target"], columns["method"], strict=True)
        ]
        if len(self._address_names) > 1:
            columns["address"] = self._first_addresses([columns[name] for name in self._address_names])
        return batch_of_columns(columns, self._moments(shape, columns["time"]), uris, columns.get("duration"))

    def _first_addresses(self, columns: Sequence[Sequence[bytes]]) -> Sequence[bytes]:
        known = self._addresses
        return [next((text for text in row if known[text]), b"") for row in zip(*columns, strict=True)]

    def _moments(self, shape: JsonShape, times: Sequence[bytes]) -> Moments:
        if shape.time is str:
            return parse_times(times, self._texts)
        return (list(map(float, times)) if shape.time is float else [int(time) / 1000 for time in times]), NONE

    def _one_by_one(self, piece: bytes) -> Batch:
        lines = piece.split(b"\n")[:-1]
        batch = batch_of(lines, self._row, self._paths)
        self._unlike += len(batch.times)
        if self._unlike >= self._patience:
            self._unlike, self._patience = 0, 2 * self._patience
            self._learn([lines[number] for number in islice(batch.row_lines(), EXAMPLES)])
        return batch

    def _learn(self, examples: Sequence[bytes]) -> None:
        known = {shape.source for shape in self._shapes}
        for line in examples:
            try:
                shape = JsonShape(line, self._paths, self._counted)
            except ValueError:
                continue
            if shape.source not in known:
                self._shapes = [shape, *self._shapes][:MOST_SHAPES]
                return

    def _row(self, line: bytes) -> Row:
        record = json_object(line)
        at = self._paths
        method, target = self._request(record)
        return Row(
            moment_of(found(record, at["time"]), self._texts),
            self._address(record),
            text_of(record, at.get("agent")),
            target if method in self._methods else b"",
            status_of(found(record, at["status"])),
            whole(found(record, at["size"])),
            seconds(found(record, at["duration"])) if "duration" in at else "-",
            text_of(record, at.get("session")),
            text_of(record, at.get("viewer")),
        )

    def _request(self, record: dict[str, Any]) -> tuple[str, bytes]:
        if "request" not in self._paths:
            method = text_of(record, self._paths["method"]).decode(errors="replace")
            return method, text_of(record, self._paths["target"])
        verb, target = split_request(text_of(record, self._paths["request"]))
        return verb.decode(errors="replace"), target

    def _address(self, record: dict[str, Any]) -> bytes:
        found = (text_of(record, self._paths[name]) for name in self._address_names)
        return next((text for text in found if self._addresses[text]), b"")


def nginx_json(template: str, choice: Choice) -> JsonLines:
    """Return the format of nginx's `log_format … escape=json '{"key":"$variable","number":$variable,…}'`."""
    quoted = _BARE.sub(lambda found: f'"{found[1]}"' if found[1] else found[0], template)
    try:
        keys = json.loads(quoted)
    except ValueError as error:
        raise ValueError(f"format begins like JSON but is none: {error}") from None
    paths = dict(_variables(keys, ()))
    roles = find_roles(list(paths), choice)
    names = {"time": "time", "address": "address", "agent": "agent", "status": "status", "size": "size"}
    names |= {
        "request": "request",
        "target": "target",
        "duration": "duration",
        "session": "session",
        "viewer": "viewer",
    }
    fields = {names[role]: paths[variable] for role, variable in roles.items() if role in names}
    if "target" in fields:
        fields["method"] = paths["request_method"]
    if "address" in roles:
        # Where the chosen address is missing, the connection's own stands in for it.
        others = [name for name in ADDRESSES if name in paths and name != roles["address"]]
        fields |= {f"address{number}": paths[name] for number, name in enumerate(others, 2)}
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


def named_fields(columns: Sequence[str], choice: Choice) -> JsonLines:
    """Return the format of `columns = ["time=ts", …]`; raise ValueError with the remedy."""
    fields: dict[str, str] = {}
    for column in columns:
        name, equals, path = column.partition("=")
        if name not in FIELDS or not equals or not path:
            raise ValueError(f'columns: {column!r} is not "name=key.path" with a name of {", ".join(FIELDS)}')
        fields[_unused(name, fields)] = path
    need(fields)
    return JsonLines(fields, choice.methods)


def _unused(name: str, fields: Mapping[str, str]) -> str:
    """Return the name of a further address; any other field has one place."""
    if name != "address" or name not in fields:
        return name
    return f"address{sum(known.startswith(name) for known in fields) + 1}"


def found(record: Any, path: tuple[str, ...]) -> Any:
    """Return the value at a path, None where there is none; of a list its first value (Caddy's headers)."""
    for key in path:
        if not isinstance(record, dict):
            return None
        record = record.get(key)
    if isinstance(record, list):
        return record[0] if record else None
    return record


def text_of(record: dict[str, Any], path: tuple[str, ...] | None) -> bytes:
    """Return text at a path as bytes, b"" where there is none."""
    value = found(record, path) if path else None
    if isinstance(value, str):
        return text_bytes(value)
    return b"%d" % value if type(value) is int else b""
