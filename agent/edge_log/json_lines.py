"""One JSON object a line: nginx with escape=json, Caddy, and whoever else logs like that.

A field is found by its path, "request.remote_ip". Caddy's own messages share the log with its requests; they lack the
needed fields and are rejects like any other line that is no request.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agent.edge_log.batch import Batch
from agent.edge_log.log_format import Choice, find_roles
from agent.edge_log.rows import FIELDS, Row, any_time, batch_of, moment_of, need, seconds, status_of, whole
from agent.edge_log.times import TimeCache

CADDY = (
    "time=ts",
    "address=request.client_ip",
    "method=request.method",
    "target=request.uri",
    "status=status",
    "size=size",
    "duration=duration",
    "agent=request.headers.User-Agent",
)


class JsonLines:
    """A mapping from what the figures need to the paths of the fields that have it."""

    closed = True
    state = ""

    def __init__(self, fields: Mapping[str, str], methods: Sequence[str] = ("GET",)) -> None:
        self._paths = {name: tuple(path.split(".")) for name, path in fields.items()}
        self._methods = frozenset(methods)
        self._texts = TimeCache(any_time)
        self.has_durations = "duration" in fields

    def parser(self, state: str = "") -> "JsonLines":
        """Return itself: no line depends on another."""
        del state
        return self

    def parse(self, piece: bytes) -> Batch:
        """Parse whole lines."""
        return batch_of(piece.split(b"\n")[:-1], self._row, self._paths)

    def _row(self, line: bytes) -> Row:
        try:
            record = json.loads(line)
        except RecursionError:
            raise ValueError("nested too deep") from None
        if not isinstance(record, dict):
            raise ValueError("not an object")
        at = self._paths
        method, target = self._request(record)
        return Row(
            moment_of(found(record, at["time"]), self._texts),
            text_of(record, at.get("address")),
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
        parts = text_of(record, self._paths["request"]).split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/"):
            return "", b""
        return parts[0].decode(errors="replace"), parts[1]


def nginx_json(template: str, choice: Choice) -> JsonLines:
    """Return the format of nginx's `log_format … escape=json '{"key":"$variable",…}'`."""
    try:
        keys = json.loads(template)
    except ValueError as error:
        raise ValueError(f"format begins like JSON but is none: {error}") from None
    paths: dict[str, str] = {}
    for key, value in keys.items():
        if isinstance(value, str) and value.startswith("$") and "." not in key:
            paths[value[1:].strip("{}")] = key
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
    return JsonLines(fields, choice.methods)


def named_fields(columns: Sequence[str], choice: Choice) -> JsonLines:
    """Return the format of `columns = ["time=ts", …]`; raise ValueError with the remedy."""
    fields = {}
    for column in columns:
        name, equals, path = column.partition("=")
        if name not in FIELDS or not equals or not path:
            raise ValueError(f'columns: {column!r} is not "name=key.path" with a name of {", ".join(FIELDS)}')
        fields[name] = path
    need(fields)
    return JsonLines(fields, choice.methods)


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
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""
