"""Whole chunks at once give what line by line gives, whatever stands in them."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.edge_log.formats import line_parts
from agent.sources.edge_log.formats.batch import Batch, Fraction, Reason, Reject
from agent.sources.edge_log.formats.by_name import PRESETS, make_format
from agent.sources.edge_log.formats.columns import COLUMNS, parse_mostly, without_returns
from agent.sources.edge_log.formats.haproxy import HaProxy
from agent.sources.edge_log.formats.json_lines import JsonLines
from agent.sources.edge_log.formats.log_format import Choice, LogFormat
from agent.sources.edge_log.formats.syslog_header import without_headers
from agent.sources.edge_log.formats.tab_separated import TabSeparated
from agent.sources.edge_log.formats.w3c import W3cParser
from tests.unit.edge_log.test_formats import NGINX_JSON, SAMPLES, TSV, W3C_HEADER, parsed

JSON = ["time=t", "address=h.ip", "request=r.line", "status=r.status", "size=b", "duration=d", "viewer=v"]
JSON_LINE = (
    b'{"t": 1769036174123, "h": {"ip": ["192.0.2.7", "x"], "other": []}, "d": 0.25, "n": null, "l": ["a"],'
    b' "r": {"line": "GET /live/a/1.ts?t=1 HTTP/1.1", "status": 200}, "v": "me", "b": 188}\n'
)
REQUEST_TSV = ["time", "address", "-", "size", "status", "session", "request"]
TSV_LINE = b"1769036174.123\t192.0.2.7\t\t188\t200\tS1\tGET /live/a/1.ts?t=1 HTTP/1.1\n"


METHOD_TSV = ["method", "target", "time", "status", "size"]
TARGET_TSV = ["time", "status", "size", "method", "target"]
W3C_FIELDS = W3C_HEADER.splitlines()[1].removeprefix(b"#Fields: ").decode()
CDN_FIELDS = "cs-method c-ip date-local time-local sc-status sc-bytes cs-uri-stem"
CDN_LINE = b"GET 192.0.2.7 2026-01-21 22:56:14 200 188 /live/a/1.ts\n"
W3C_LINE = SAMPLES["w3c"][1].removeprefix(W3C_HEADER)


class LineByLine(W3cParser):
    """The parser of W3C without its expression."""

    def _compiled(self) -> None:
        return None


class Case(NamedTuple):
    """A way to read chunks, another way to the same, and a line that both know."""

    parse: Callable[[bytes], Batch]
    reference: Callable[[bytes], Batch]
    line: bytes


def of_one_expression(name: str) -> Case:
    """Return the case of a format that is nothing but its expression: its exact form is the reference."""
    log_format = make_format(name)
    assert isinstance(log_format, LogFormat | HaProxy)
    expression = log_format._expression

    def exact(chunk: bytes) -> Batch:
        return parse_mostly(expression, without_returns(chunk), log_format._read, log_format._odd, quick=False)

    return Case(log_format.parse, exact, SAMPLES[name][1])


def of_json(name: str, columns: Sequence[str], line: bytes) -> Case:
    """Return the case of a parser; the reference reads each line by itself."""
    log_format = make_format(name, columns)
    assert isinstance(log_format, JsonLines)

    def reference(chunk: bytes) -> Batch:
        return log_format._batch_of([without_headers(text) for text in chunk.split(b"\n")[:-1]])

    return Case(log_format.parse, reference, line)


def of_tabs(columns: Sequence[str], line: bytes) -> Case:
    log_format = TabSeparated(columns, ["GET", "HEAD"])
    assert log_format._expression.take(line).left == {}
    return Case(log_format.parse, log_format._rest, line)


def of_w3c(fields: str, line: bytes) -> Case:
    expression = W3cParser(Choice(), UTC, fields)._expression
    assert expression is not None
    assert expression.take(line).left == {}

    def parse(chunk: bytes) -> Batch:
        return W3cParser(Choice(), UTC, fields).parse(chunk)

    def reference(chunk: bytes) -> Batch:
        return LineByLine(Choice(), UTC, fields).parse(chunk)

    return Case(parse, reference, line)


CASES = {
    **{name: of_one_expression(name) for name in (*PRESETS, "haproxy")},
    "nginx json": of_json(NGINX_JSON, [], SAMPLES["nginx json"][1]),
    "caddy": of_json("caddy", [], SAMPLES["caddy"][1]),
    "json": of_json("json", JSON, JSON_LINE),
    "tsv": of_tabs(TSV, SAMPLES["tsv"][1]),
    "tsv of requests": of_tabs(REQUEST_TSV, TSV_LINE),
    "tsv with the method first": of_tabs(METHOD_TSV, b"GET\t/live/a/1.ts?t=1\t1769036174\t200\t188\n"),
    "tsv with the target last": of_tabs(TARGET_TSV, b"1769036174\t200\t188\tGET\t/live/a/1.ts?t=1\n"),
    "w3c": of_w3c(W3C_FIELDS, W3C_LINE),
    "w3c of a CDN": of_w3c(CDN_FIELDS, CDN_LINE),
}
ODD = [
    b"",
    b"\n",
    b"\r",
    b"\r\n",
    b"\t",
    b" ",
    b"  ",
    b'"',
    b'""',
    b'\\"',
    b"\\",
    b"\\u0041",
    b"\\x41",
    b"\x00",
    b"\x1f",
    b"\x7f",
    b"\xff",
    "\ufeff".encode(),
    "ж".encode(),
    b"#",
    b"#Fields: date time sc-status sc-bytes\n",
    b"-",
    b"-1",
    b"0",
    b"00",
    b"1e5",
    b"1.5",
    b"9" * 19,
    b",",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"true",
    b"GET ",
    b"HEAD",
    b" HTTP/1.1",
    b"haproxy[1]: ",
    b"User-Agent",
]
VALUES = st.none() | st.booleans() | st.integers(-1, 10**19) | st.floats() | st.text(max_size=3) | st.just("200")


@st.composite
def mutated(draw: st.DrawFn, line: bytes) -> bytes:
    """Return a line with up to three places spoiled; of JSON maybe written in another way."""
    if line.startswith(b"{") and draw(st.booleans()):
        line = rewritten(draw, json.loads(line))
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, len(line)))
        end = begin + draw(st.sampled_from([0, 0, 1, 2, 10]))
        line = line[:begin] + draw(st.sampled_from(ODD) | st.binary(max_size=3)) + line[end:]
    return line


def rewritten(draw: st.DrawFn, record: dict[str, Any]) -> bytes:
    record = dict(draw(st.permutations(list(record.items()))))
    if draw(st.booleans()):
        value = draw(VALUES)
        record[draw(st.sampled_from([*record, "more"]))] = draw(
            st.sampled_from([value, [value], {"User-Agent": [value]}])
        )
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]))
    text = json.dumps(record, separators=separators, ensure_ascii=draw(st.booleans()))
    return text.encode("utf-8", "surrogatepass") + b"\n"


def facts(batch: Batch) -> list[Any]:
    """Return what the batch says; a time that the server did not have may be written in more than one way."""

    def seconds(text: Fraction) -> float | None:
        return None if text in (b"-", b"", "-") else float(text)

    durations = [seconds(text) for text in batch.durations or ()]
    columns = [getattr(batch, name) for name in COLUMNS if name != "durations"]
    return [batch.lines, *(list(one or ()) for one in columns), durations, sorted(batch.rejects), sorted(batch.headers)]


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_a_piece_gives_what_its_lines_give(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    lines = data.draw(st.lists(mutated(case.line) | st.just(case.line), max_size=6))
    chunk = b"".join(lines) + b"\n"
    assert facts(case.parse(chunk)) == facts(case.reference(chunk))


@pytest.mark.parametrize(
    "name",
    ["combined", "combined_vhost", "ott", "haproxy", "tsv", "tsv of requests", "tsv with the method first", "w3c"],
)
def test_no_short_line_is_searched_to_the_end_of_the_piece(name: str) -> None:
    began = time.process_time()
    assert len(CASES[name].parse(b"x\n" * 200_000).rejects) == 200_000
    # It takes some tenths of a second; where the first field ran over newlines a third of the lines took one.
    assert time.process_time() - began < 5


@pytest.mark.parametrize("name", [*PRESETS, "haproxy"])
def test_a_quote_within_a_target_is_not_passed_over(name: str) -> None:
    case = CASES[name]
    for odd in (b'" HTTP/', b'"x HTTP/', b'" 200 188 HTTP/', b'" "x" HTTP/'):
        chunk = b"".join([case.line, case.line.replace(b" HTTP/", odd, 1), case.line])
        assert facts(case.parse(chunk)) == facts(case.reference(chunk))


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Jan 22 03:56:14 lb-1 haproxy[714]: ",
        b"Jan  2 03:56:14 lb-1 haproxy: ",
        b"Jan  2 03:56:14 haproxy[714]: ",
        b"2026-01-22T03:56:14.123456+05:00 lb-1 haproxy[714]: ",
        b"<134>1 2026-01-22T03:56:14Z lb-1 haproxy 714 - - ",
        b"lb-1 | ",
    ],
)
@pytest.mark.parametrize("address", [b"192.0.2.7", b"2001:db8::7", b"[2001:db8::7]", b"::ffff:192.0.2.7", b"unix"])
def test_haproxy_is_taken_behind_every_header(header: bytes, address: bytes) -> None:
    haproxy = make_format("haproxy")
    assert isinstance(haproxy, HaProxy)
    behind = SAMPLES["haproxy"][1].partition(b"192.0.2.7")[2]
    taken = haproxy._expression.take(header + address + behind)
    assert taken.left == {}
    assert taken.columns["address"] == (address,)


def test_a_line_that_is_left_keeps_its_duration_beside_nothing_but_rejects() -> None:
    line = SAMPLES["nginx json"][1]
    duration = parsed(make_format(NGINX_JSON), line).durations
    # A control character within a text is left, and read by itself.
    batch = parsed(make_format(NGINX_JSON), b'{"level": "info"}\n' + line.replace(b"Player", b"Play\x01er"))
    assert ([*(batch.durations or ())], [*(duration or ())]) == ([0.25], [0.25])
    assert batch.rejects == [Reject(0, Reason.TIME)]


def test_a_target_of_json_ends_with_its_line() -> None:
    requests = [b"GET /a", b"GET /b HTTP/1.1", b"GET /c", b"HTTP/1.1", b" HTTP/1.1", b"GET /d e HTTP/1.1", b"GET /f x"]
    log_format = make_format(NGINX_JSON)
    lines = [SAMPLES["nginx json"][1].replace(b"GET /live/a/1.ts?t=1 HTTP/1.1", request) for request in requests]
    apart = [*(uri for line in lines for uri in parsed(log_format, line).uris)]
    assert [*parsed(log_format, *lines).uris] == apart
    assert apart == [b"/a", b"/b", b"/c", b"", b"", b"/d e", b"/f x"]


def test_a_line_cut_short_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    line = SAMPLES["combined_vhost"][1]
    cut = line[: line.index(b'"') + 1]
    monkeypatch.setattr(line_parts, "_ends", pytest.fail)
    batch = parsed(make_format("combined_vhost"), cut + b"\n")
    assert batch.rejects == [Reject(0, Reason.FORMAT)]


def test_a_line_that_is_left_keeps_its_place() -> None:
    case = CASES["json"]
    others = [
        case.line.replace(b"GET", b"\\u0047ET"),
        b"no\n",
        case.line.replace(b"188", b"189").replace(b"me", b"\xd0\xb6"),
    ]
    batch = case.parse(b"".join([others[0], case.line, others[1], case.line, others[2], case.line]))
    assert (list(batch.sizes), list(batch.uris)) == ([188, 188, 188, 189, 188], [b"/live/a/1.ts?t=1"] * 5)
    assert [*(batch.viewers or ())] == [b"me", b"me", b"me", "ж".encode(), b"me"]
    assert batch.rejects == [Reject(2, Reason.FORMAT)]
