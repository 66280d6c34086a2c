"""One JSON object a line: nginx with escape=json, Caddy, and whoever else logs like that.

A field is found by its path, "request.remote_ip". Lines are decoded by msgspec and read as columns; a line that msgspec
refuses, because a client or a template made something of it that is no JSON, is read by `json_object` instead. Caddy's
own messages share the log with its requests; they lack the needed fields and are rejects like any other foreign line.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from io import BytesIO
from typing import Any

import msgspec

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.formats.cmcd_headers import joined, joined_columns
from agent.sources.edge_log.formats.columns import NONE, ParsedTimes, batch_of_columns, merged
from agent.sources.edge_log.formats.expression import count_lines, one_of
from agent.sources.edge_log.formats.json_object import json_object
from agent.sources.edge_log.formats.json_record import Path, RecordDecoder, values_at
from agent.sources.edge_log.formats.json_values import Durations, Moments, Statuses, encoded, sizes_of, text_of
from agent.sources.edge_log.formats.request import joined_addresses, split_request, with_query
from agent.sources.edge_log.formats.rows import (
    Row,
    any_time,
    batch_of,
    bytes_sent,
    moment_of,
    status_of,
)
from agent.sources.edge_log.formats.stated_unit import duration
from agent.sources.edge_log.formats.syslog_header import without_envelopes, without_stamps
from agent.sources.edge_log.formats.times import TimeCache

# Lines that are decoded together where not all can be.
_AT_ONCE = 16

Fields = Sequence[tuple[str, Path]]
"""Names of rows.FIELDS with the paths of their values, key by key. "address" may be there several times, the best
first, and "cmcd" for each of the four headers."""


class JsonLines:
    """A mapping from what the figures need to the paths of the fields that have it."""

    closed = True
    times_begin = False
    state = ""

    def __init__(
        self, fields: Fields, methods: Sequence[str] = ("GET",), zone: tzinfo = UTC, *, flat_keys: bool = False
    ) -> None:
        """`flat_keys`: where a path leads to nothing, its dots may be those of one key, such as "client.ip"."""
        self._names = [name for name, _ in fields]
        self._paths = [path for _, path in fields]
        self._flat = flat_keys
        self._decoder = RecordDecoder(self._paths, flat_keys=flat_keys)
        self._clean = True
        self._methods = frozenset(methods)
        self._texts = TimeCache(lambda text: any_time(text, zone))
        self._moments_of_texts = Moments(self._texts)
        self._statuses, self._durations = Statuses(), Durations()
        get = one_of(methods)
        # All requests of a chunk, a line each; what is left to `split_request` fits neither. A target that ran over the
        # end of its line leaves fewer of them than there are lines, and is passed over three times as fast.
        self._requests = re.compile(
            rf"^(?:(?:{get}) ([^ ]++) HTTP/[0-9.]++|(?!(?:{get}) )[^\n]*+)\n".encode(), re.MULTILINE
        )
        self.has_durations = "duration" in self._names

    def parser(self, state: str = "") -> "JsonLines":
        """Return itself: no line depends on another."""
        del state
        return self

    def parse(self, chunk: bytes) -> Batch:
        """Parse whole lines."""
        lines = BytesIO(without_envelopes(chunk)).readlines()  # with memchr, which `split` does without
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
            text = b"".join(some)
            try:
                decoded = self._decoder.decode_lines(text)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                decoded = []
            # As many objects as lines are no proof: two may stand in one line beside an empty one, or one may fill two.
            # Where every newline stands between } and {, which nothing does within an object, each line has its own.
            if len(decoded) == len(some) == text.count(b"}\n{") + 1:
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
        bare = [without_stamps(line) for line in lines]
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
        return batch_of([*lines], lambda line: self._row(self._values(line)), self._names)

    def _values(self, line: bytes) -> list[Any]:
        return values_at(json_object(line), self._paths, flat_keys=self._flat)

    def _read(self, records: Sequence[Any]) -> Batch:
        """Return the batch of records; ValueError or TypeError where a value must be looked at by itself."""
        values = dict[str, list[Any]]()
        addresses, headers = [], []
        for name, column in zip(self._names, self._decoder.columns(records), strict=True):
            if name == "address":
                addresses.append(encoded(column))
            elif name == "cmcd":
                headers.append(encoded(column))
            else:
                values[name] = column
        columns: dict[str, Sequence[Any]] = {
            name: encoded(values[name]) for name in ("agent", "session", "viewer") if name in values
        }
        if addresses:
            columns["address"] = joined_addresses(addresses)
        if headers:
            columns["cmcd"] = joined_columns(headers)
        columns["status"] = list(map(self._statuses.__getitem__, values["status"]))
        columns["size"] = sizes_of(values["size"], columns["status"])
        durations = None
        if "duration" in values:
            if bool in {*map(type, values["duration"])}:
                raise TypeError("false and true are no durations, and would be found where 0 and 1 are kept")
            durations = list(map(self._durations.__getitem__, values["duration"]))
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
            if None in methods or None in values["target"]:
                raise TypeError("a line without method or target must be looked at by itself")
            targets: Sequence[bytes] = encoded(values["target"])
            if "query" in values:
                targets = list(map(with_query, targets, encoded(values["query"])))
            return [target if method in known else b"" for target, method in zip(targets, methods, strict=True)]
        text = "\n".join([*values["request"], ""]).encode()  # TypeError where there is no request
        found: list[bytes] = self._requests.findall(text)
        if len(found) == len(values["request"]) == count_lines(text):
            return found
        requests = encoded(values["request"])
        return [self._target(*split_request(request)) for request in requests]

    def _target(self, method: bytes, target: bytes) -> bytes:
        return target if method.decode(errors="replace") in self._methods else b""

    def _row(self, values: Sequence[Any]) -> Row:
        """Return one line's values; RowError says which of them cannot be read."""
        at = dict(zip(self._names, values, strict=True))
        texts = {name: text_of(value) for name, value in at.items()}
        addresses = [text_of(value) for name, value in zip(self._names, values, strict=True) if name == "address"]
        headers = [text_of(value) for name, value in zip(self._names, values, strict=True) if name == "cmcd"]
        moment, status = moment_of(at["time"], self._texts), status_of(at["status"])
        # A request that no server could read has neither; what was answered well has both, or the log is another.
        if status[:1] in (b"2", b"3") and None in (at.get(name, b"") for name in ("request", "method", "target")):
            raise ValueError("no request")
        if "request" in at:
            request = split_request(texts["request"])
        else:
            request = texts["method"], with_query(texts["target"], texts.get("query", b""))
        return Row(
            moment,
            b",".join(addresses),
            texts.get("agent", b""),
            self._target(*request),
            status,
            bytes_sent(at["size"], status),
            duration(at.get("duration")),
            texts.get("session", b""),
            texts.get("viewer", b""),
            joined(headers),
        )
