"""The formats beside nginx's: each gives the same small record."""

import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.edge_log.formats.batch import Batch, LineFormat, Reason, Reject
from agent.sources.edge_log.formats.by_name import PRESETS, make_format
from agent.sources.edge_log.formats.log_format import Choice
from agent.sources.edge_log.formats.request import client_address, origin_length

AT = 1769036174.0  # 2026-01-21T22:56:14Z
TSV = ["time", "address", "-", "method", "target", "status", "size", "duration", "agent"]
NGINX_JSON = (
    '{"at":"$time_iso8601","ip":"$remote_addr","req":"$request","st":"$status","b":"$body_bytes_sent",'
    '"t":"$request_time","ua":"$http_user_agent","v":"1"}'
)
W3C_HEADER = b"#Version: 1.0\n"
W3C_HEADER += (
    b"#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status sc-bytes time-taken cs(User-Agent)\n"
)

SAMPLES: dict[str, tuple[LineFormat, bytes]] = {
    "combined": (
        make_format("combined"),
        b'192.0.2.7 - - [22/Jan/2026:03:56:14 +0500] "GET /live/a/1.ts?t=1 HTTP/1.1" 200 188 "-" "Player/1.0"\n',
    ),
    "combined_vhost": (
        make_format("combined_vhost"),
        b"cdn.example:80 192.0.2.7 - - "
        b'[22/Jan/2026:03:56:14 +0500] "GET /live/a/1.ts?t=1 HTTP/1.1" 200 188 "-" "Player/1.0"\n',
    ),
    "ott": (
        make_format("ott"),
        b'1769036174.000 192.0.2.7 200 188 0.250 "GET /live/a/1.ts?t=1 HTTP/1.1" "Player/1.0" "-"\n',
    ),
    "ott_cmcd": (
        make_format("ott_cmcd"),
        b'1769036174.000 192.0.2.7 200 188 0.250 "GET /live/a/1.ts?t=1 HTTP/1.1" "Player/1.0" "-" "-" "-" "-" "-"\n',
    ),
    "nginx json": (
        make_format(NGINX_JSON),
        b'{"at":"2026-01-22T03:56:14+05:00","ip":"192.0.2.7","req":"GET /live/a/1.ts?t=1 HTTP/1.1","st":"200",'
        b'"b":"188","t":"0.250","ua":"Player/1.0","v":"1"}\n',
    ),
    "caddy": (
        make_format("caddy"),
        b'{"level":"info","ts":1769036174.0,"logger":"http.log.access","msg":"handled request","request":'
        b'{"client_ip":"192.0.2.7","method":"GET","uri":"/live/a/1.ts?t=1","headers":{"User-Agent":["Player/1.0"]}},'
        b'"duration":0.25,"size":188,"status":200}\n',
    ),
    "w3c": (
        make_format("w3c"),
        W3C_HEADER + b"2026-01-21 22:56:14 192.0.2.7 GET /live/a/1.ts t=1 200 188 250 Player/1.0\n",
    ),
    "haproxy": (
        make_format("haproxy", zone=ZoneInfo("Asia/Almaty")),
        b"Jan 22 03:56:15 lb haproxy[7]: 192.0.2.7:53332 [22/Jan/2026:03:56:14.000] http-in~ edge/edge1 0/0/1/240/250"
        b' 200 188 - - ---- 2/1/0/0/0 0/0 {Player/1.0} {} "GET /live/a/1.ts?t=1 HTTP/1.1"\n',
    ),
    "tsv": (
        make_format("tsv", TSV),
        b"2026-01-22T03:56:14+05:00\t192.0.2.7\tx\tGET\t/live/a/1.ts?t=1\t200\t188\t0.250\tPlayer/1.0\n",
    ),
}
by_name = pytest.mark.parametrize("name", SAMPLES)


def parsed(log_format: LineFormat, *parts: bytes) -> Batch:
    return log_format.parser().parse(b"".join(parts))


@by_name
def test_every_format_gives_the_same_record(name: str) -> None:
    batch = parsed(*SAMPLES[name])
    assert batch.rejects == []
    assert list(batch.times) == [AT]
    assert [*map(client_address, batch.addresses), *batch.agents, *batch.uris, *batch.statuses] == [
        b"192.0.2.7",
        b"Player/1.0",
        b"/live/a/1.ts?t=1",
        b"200",
    ]
    assert list(batch.sizes) == [188]
    assert (batch.durations is not None) == SAMPLES[name][0].has_durations
    assert [float(one) for one in batch.durations or ()] in ([0.25], [])


@by_name
def test_a_request_that_is_no_get_has_no_target(name: str) -> None:
    log_format, sample = SAMPLES[name]
    batch = parsed(log_format, sample.replace(b"GET", b"POST"))
    assert (list(batch.uris), batch.rejects) == ([b""], [])


@by_name
@pytest.mark.parametrize("bad", [b"\x00\xff\n", b"word\n", b"{\n", b"[1]\n", b"\t\t\n", b'"\n'])
def test_a_foreign_line_is_one_reject(name: str, bad: bytes) -> None:
    log_format, sample = SAMPLES[name]
    batch = parsed(log_format, sample, bad)
    assert [reject.reason for reject in batch.rejects] == [Reason.FORMAT]
    assert (batch.lines, len(batch.times)) == (sample.count(b"\n") + 1, 1)


@by_name
def test_a_line_cut_anywhere_is_no_other_line(name: str) -> None:
    log_format, sample = SAMPLES[name]
    head, line = sample[: sample.rfind(b"\n", 0, -1) + 1], sample[sample.rfind(b"\n", 0, -1) + 1 :]
    for end in range(len(line) - 1):
        batch = parsed(log_format, head, line[:end] + b"\n")
        byte_count = parsed(log_format, sample)
        # Only the last field of a format without an end mark may come out shorter.
        assert not batch.times or (not log_format.closed and batch.sizes == byte_count.sizes)


@by_name
@given(data=st.data())
def test_any_bytes_give_a_batch_that_adds_up(name: str, data: st.DataObject) -> None:
    log_format, sample = SAMPLES[name]
    chunks = data.draw(
        st.lists(
            st.sampled_from([sample, sample[:40], sample[40:], b"\n", b"-", b'"']) | st.binary(max_size=30), max_size=8
        )
    )
    chunk = b"".join(chunks) + b"\n"
    batch = parsed(log_format, chunk)
    assert batch.lines == chunk.count(b"\n") == len(batch.times) + len(batch.rejects) + len(batch.headers)
    columns = [batch.addresses, batch.agents, batch.uris, batch.statuses, batch.sizes]
    assert {len(column) for column in columns} == {len(batch.times)}
    assert all(size >= 0 for size in batch.sizes)


def test_w3c_fields_that_change_in_the_middle_and_a_parser_that_goes_on_there() -> None:
    log_format = make_format("w3c")
    second = b"#Fields: time date sc-bytes sc-status cs-method cs-uri-stem c-ip\n"
    line = b"22:56:14 2026-01-21 188 200 GET /b.ts 192.0.2.7\n"
    parser = log_format.parser()
    batch = parser.parse(SAMPLES["w3c"][1] + b"short\n" + second + line)
    assert (list(batch.uris), list(batch.times)) == ([b"/live/a/1.ts?t=1", b"/b.ts"], [AT, AT])
    assert (batch.lines, batch.rejects[0].line, sorted(batch.headers)) == (6, 3, [0, 1, 4])
    assert list(log_format.parser(parser.state).parse(line).times) == [AT]
    assert list(log_format.parser().parse(line).times) == []


EVENTS = b"date time x-event x-status x-duration c-ip c-user-agent sc-bytes x-sname cs-uri-stem"


@pytest.mark.parametrize(
    "fields", [EVENTS, b"date time c-ip cs-uri-stem sc-status sc-bytes", b"date time c-ip cs-method sc-status sc-bytes"]
)
def test_w3c_of_anything_but_requests_counts_nothing(fields: bytes) -> None:
    """Wowza writes what a session has sent so far at each of its events: their sum is not the traffic."""
    values = {b"date": b"2026-01-21", b"time": b"22:56:14", b"x-status": b"200", b"sc-status": b"200"}
    values |= {b"sc-bytes": b"9000", b"c-ip": b"192.0.2.7", b"cs-method": b"GET", b"cs-uri-stem": b"/live/a/1.ts"}
    line = b" ".join(values.get(name, b"-") for name in fields.split()) + b"\n"
    batch = parsed(make_format("w3c"), b"#Fields: " + fields + b"\n" + line)
    assert (len(batch.times), [reject.reason for reject in batch.rejects]) == (0, [Reason.FORMAT])


def test_w3c_with_akamai_s_name_of_the_client_s_address() -> None:
    header = b"#Fields: date time cs-ip cs-method cs-uri sc-status sc-bytes time-taken cs(Referer) cs(User-Agent)\n"
    line = b'2026-01-21\t22:56:14\t192.0.2.7\tGET\t/h.example/live/a/1.ts\t200\t188\t1\t"-"\t"Player/1.0"\n'
    batch = parsed(make_format("w3c"), header, line)
    assert (list(batch.addresses), list(batch.uris)) == ([b"192.0.2.7"], [b"/h.example/live/a/1.ts"])


# Written by HAProxy 2.6.12 with `option logasap`, for an answer of 9,000 bytes behind a header of 117.
AS_SOON = (
    b"127.0.0.1:60882 [30/Nov/2026:18:03:51.916] ott b/s 0/0/0/1/+1 200 +117 - - ---- 1/1/1/1/0 0/0 {Player/1} "
    b'"GET /live/news/1.ts HTTP/1.1"\n'
)


def test_what_haproxy_had_sent_when_it_wrote_the_line_is_no_number_of_bytes() -> None:
    whole = AS_SOON.replace(b"+1 ", b"1 ").replace(b"+117", b"9117")
    batch = parsed(make_format("haproxy"), AS_SOON, whole)
    assert (list(batch.sizes), [(reject.line, reject.reason) for reject in batch.rejects]) == (
        [9117],
        [(0, Reason.SIZE)],
    )


# Written by HAProxy 2.6.12, but for the last one.
CONNECTIONS = (
    b"Nov 30 18:48:48 e haproxy[7]: 127.0.0.1:46940 [30/Nov/2026:18:48:48.176] secure/1: SSL handshake failure\n",
    b"127.0.0.1:46964 [30/Nov/2026:18:48:48.986] secure/1: Connection closed during SSL handshake\n",
    b"<134>127.0.0.1:46976 [30/Nov/2026:18:48:49.002] secure/tls-in: Timeout during SSL handshake\n",
    b"2001:db8::1:35474 [30/Nov/2026:18:48:48.986] px/1: Received something which does not look like a PROXY protocol "
    b"header\n",
)


@pytest.mark.parametrize(
    ("target", "written", "kept"),
    [
        (b"/live/news/1.ts?token=" + b"a" * 990, b" HTTP/1", b"/live/news/1.ts?token=" + b"a" * 990),
        (b"/live/news/1.ts?token=" + b"a" * 1200, b" HTTP/1.1", b"/live/news/1.ts?token=" + b"a" * 1200),
        (b"/live/news/1.ts?token=" + b"a" * 900, b"", b"/live/news/1.ts?token=" + b"a" * 900),  # HTTP/0.9
        (b"/live/news/1.ts?token=" + b"a" * 993, b" HTT", None),
        (b"/live/news/1.ts?token=" + b"a" * 997, b"", None),
        (b"/live/news/1.ts?token=" + b"a" * 4069, b"", None),  # tune.http.logurilen 4096
        (b"/live/news/1.ts?token=ab&b=" + b"a" * 1000, b"", b"/live/news/1.ts?token=ab"),
        (b"/live/news/" + b"a" * 1008, b"", None),
    ],
)
def test_a_request_that_haproxy_cut_short(target: bytes, written: bytes, kept: bytes | None) -> None:
    # HAProxy 2.6.12 keeps 1,023 bytes of each longer request, and closes the quotes behind them.
    line = AS_SOON.replace(b"+117", b"9117")
    begin, quote, _ = line.partition(b'"')
    log_format = make_format("haproxy", choice=Choice(identity=[re.compile(rb"[?&]token=(a[^&]*)")]))
    batch = parsed(log_format, line + begin + quote + b"GET " + target + written + b'"\n' + line)
    assert batch.rejects == ([Reject(1, Reason.TRUNCATED)] if kept is None else [])
    assert [*batch.uris[1:-1]] == ([] if kept is None else [kept])


def test_connections_of_haproxy_that_had_no_request_are_no_lines_of_requests() -> None:
    whole = AS_SOON.replace(b"+1 ", b"1 ").replace(b"+117", b"9117")
    down = b"Nov 30 18:48:53 localhost haproxy[7]: Server b/s is DOWN, reason: Layer4 connection problem.\n"
    log_format = make_format("haproxy")
    for lines in ((*CONNECTIONS, whole), (whole, *CONNECTIONS, down, whole), CONNECTIONS):
        batch = parsed(log_format, *lines)
        assert batch.headers == {number for number, line in enumerate(lines) if line in CONNECTIONS}
        assert batch.rejects == [Reject(n, Reason.FORMAT) for n, line in enumerate(lines) if line is down]
        assert [*batch.row_lines()] == [number for number, line in enumerate(lines) if line is whole]


# As HAProxy 2.6.12 writes them with `log … format priority`, `short`, `timed` and `iso`.
@pytest.mark.parametrize(
    "front",
    [b"<134>", b"<6>", b"<6>2026-11-30T18:03:47.347765+00:00 ", b"2026-11-30T18:03:49.564925+00:00 "],
)
def test_what_haproxy_puts_in_front_of_a_line_is_no_part_of_the_address(front: bytes) -> None:
    batch = parsed(make_format("haproxy"), front + AS_SOON.replace(b"+117", b"9117"))
    assert (batch.rejects, list(batch.addresses)) == ([], [b"127.0.0.1"])


def test_w3c_in_quotes_with_tabs_carriage_returns_and_local_time() -> None:
    text = (
        b"#Fields:   date-local\ttime-local sc-status cs(User-Agent) sc-bytes cs-method cs-uri-stem\r\n"
        b'2026-01-22\t03:56:14.250 404 "a ""b"" c" 12 GET /x.ts\r\n'
    )
    batch = parsed(make_format("w3c", zone=ZoneInfo("Asia/Almaty")), text)
    assert (list(batch.agents), list(batch.times)) == ([b'a "b" c'], [AT + 0.25])


def test_w3c_with_blanks_that_the_server_left_as_they_are() -> None:
    header = b"\xef\xbb\xbf#Fields: date time c-ip cs-username cs-method cs-uri-stem sc-status sc-bytes cs(Referer)"
    header += b" cs(User-Agent)\n"
    line = b"2026-01-21 22:56:14 192.0.2.7 %b GET /live/a/1.ts 200 188 - %b\n"
    choice = Choice(viewer_variable="remote_user")
    parser = make_format("w3c", choice=choice).parser()
    batch = parser.parse(header + line % (b"ivan petrov", b"P/1") + line % (b"-", b"P/1 (TV) x") + line % (b"-", b"P"))
    assert (batch.rejects, list(batch.viewers or ())) == ([], [b"ivan petrov", b"-", b"-"])
    assert list(batch.agents) == [b"P/1", b"P/1 (TV) x", b"P"]


def test_accounts_times_and_escapes_as_json_may_have_them() -> None:
    columns = ["time=t", "request=r", "status=s", "size=b", "viewer=v", "agent=u"]
    log_format = make_format("json", columns)
    line = b'{"t":%b,"r":"GET /a.ts HTTP/1.1","s":200,"b":188,"v":%b,"u":"%b"}\n'
    lines = [
        line % (b'"1769036174000"', b"1001.0", b"x"),
        line % (b"1769036174000", b"2.5", rb"\v"),
        line % (b'"2026-01-22T03:56:14+05"', b"true", rb"\u12 \'"),
    ]
    batch = log_format.parser().parse(b"".join(lines))
    assert (batch.rejects, list(batch.times)) == ([], [AT] * 3)
    assert list(batch.viewers or ()) == [b"1001", b"2.5", b""]
    assert list(batch.agents) == [b"x", rb"\v", rb"\u12 \'"]


def test_lines_without_what_the_figures_need_say_so(shared: Path) -> None:
    for name, fields in (("logfile_w3c.0", 1), ("logfile_w3c.3", 3)):
        batch = parsed(make_format("w3c"), (shared / "data/access_logs/lnav" / name).read_bytes())
        assert [reject.reason for reject in batch.rejects] == [Reason.SIZE] * fields


def test_haproxy_of_others(shared: Path) -> None:
    text = (shared / "data/access_logs/lnav/logfile_haproxy.0").read_bytes()
    requests = re.findall(rb"/\d+ (?:\d{3}) \+?(\d+) - - .*\"[A-Z]+ [^ ]+ HTTP", text)
    batch = parsed(make_format("haproxy"), text)
    assert batch.lines == text.count(b"\n")
    assert sum(batch.sizes) == sum(map(int, requests)) > 0
    assert len(batch.times) == len(requests)


def test_caddy_of_others(shared: Path) -> None:
    # The container's name stands before each line, as "docker compose logs" prints it.
    text = (shared / "data/access_logs/lnav/logfile_caddy_log.0").read_bytes()
    lines = [line.partition(b"| ")[2] for line in text.splitlines()]
    requests = [line for line in lines if b"handled request" in line]
    batch = parsed(make_format("caddy"), *(line + b"\n" for line in lines))
    assert len(batch.times) == len(requests) > 0
    assert {reject.reason for reject in batch.rejects} == {Reason.STATUS}


def test_apache_of_others(shared: Path) -> None:
    text = (shared / "data/access_logs/beats/apache_test.log").read_bytes()
    batch = parsed(make_format("combined_vhost"), text)
    assert (list(batch.sizes), list(batch.addresses)) == ([32953], [b"123.123.123.123"])
    common = '$remote_addr $remote_logname $remote_user [$time_local] "$request" $status $body_bytes_sent'
    batch = parsed(make_format(common), text)
    assert list(batch.sizes) == [209, 0]


def test_objects_that_do_not_have_a_line_each_are_none() -> None:
    """As many objects as lines: two that were torn together beside an empty line, and one that fills two lines."""
    line = SAMPLES["nginx json"][1].rstrip(b"\n")
    log_format = make_format(NGINX_JSON)
    for text in (line + line + b"\n\n", line.replace(b",", b",\n", 1) + line + b"\n"):
        batch = parsed(log_format, text)

        assert (batch.lines, len(batch.times), len(batch.rejects)) == (2, 0, 2)


@pytest.mark.parametrize("columns", [["method=m", "target=u"], ["request=r"]])
def test_what_was_answered_well_has_a_request(columns: list[str]) -> None:
    """Traefik left RequestLine out of its JSON with version 2 (traefik 5810): traffic without a single session."""
    log_format = make_format("json", ["time=t", *columns, "status=s", "size=b"])
    whole = {"m": "GET", "u": "/live/a/1.ts", "r": "GET /live/a/1.ts HTTP/1.1"}
    lines, wanted = [], []
    for status in (200, "206", 304.0, 400, 499, 0):
        for without in ("", *"mur"):
            for absent in ({}, {without: None}) if without else ({},):
                record = {"t": AT, "s": status, "b": 9, **whole}
                record.pop(without, None)
                lines.append(json.dumps({**record, **absent}).encode() + b"\n")
                served = status in (200, "206", 304.0)
                wanted.append(served and any(column.endswith(f"={without}") for column in columns))
    rejected = [Reject(number, Reason.FORMAT) for number, one in enumerate(wanted) if one]
    assert parsed(log_format, *lines).rejects == rejected
    for line, one in zip(lines, wanted, strict=True):
        assert parsed(log_format, line).rejects == [Reject(0, Reason.FORMAT)] * one


def test_a_truth_value_is_no_duration_and_changes_no_other() -> None:
    log_format = make_format("json", ["time=t", "method=m", "target=u", "status=s", "size=b", "duration=d"])
    lines = [
        b'{"t":1769036174,"m":"GET","u":"/live/a/1.ts","s":200,"b":188,"d":%b}\n' % text
        for text in (b"false", b"true", b"0", b"1", b"false")
    ]

    assert [*(parsed(log_format, *lines).durations or ())] == ["-", "-", 0.0, 1.0, "-"]
    assert [*(parsed(log_format, *lines[2:4]).durations or ())] == [0.0, 1.0]


def test_a_chunk_of_w3c_may_begin_with_the_next_header() -> None:
    parser = make_format("w3c").parser()
    lines = SAMPLES["w3c"][1]
    header = lines[: lines.index(b"\n", lines.index(b"#Fields")) + 1]
    fields = header[header.index(b"#Fields") :]
    request = lines.removeprefix(header)

    assert [len(parser.parse(chunk).times) for chunk in (lines, fields + request, fields, request)] == [1, 1, 0, 1]


def test_nginx_json_with_bare_numbers_and_nested_keys() -> None:
    log_format = make_format(
        '{ "at": $msec, "client": {"ip": "$remote_addr", "ua": "$http_user_agent"}, "said": "a \\"$status\\" of",'
        ' "req": "$request", "http": {"code": $status, "sent": ${bytes_sent}}, "took": $request_time }'
    )
    line = (
        b'{ "at": 1769036174.250, "client": {"ip": "192.0.2.7", "ua": "Player/1.0"}, "said": "a \\"200\\" of",'
        b' "req": "GET /live/a/1.ts HTTP/1.1", "http": {"code": 200, "sent": 188}, "took": 0.250 }\n'
    )
    for count in (1, 40):  # one by one, and by the shape that was learned from them
        batch = parsed(log_format, *[line] * count)
        assert batch.rejects == []
        assert set(zip(batch.times, batch.addresses, batch.agents, batch.uris, strict=True)) == {
            (AT + 0.25, b"192.0.2.7", b"Player/1.0", b"/live/a/1.ts")
        }
        assert [(int(code), size) for code, size in zip(batch.statuses, batch.sizes, strict=True)] == [
            (200, 188)
        ] * count
        assert {float(text) for text in batch.durations or ()} == {0.25}


def test_nginx_json_with_path_and_query_apart_and_dots_in_its_keys() -> None:
    log_format = make_format(
        '{"@timestamp":"$time_iso8601","client.ip":"$remote_addr","http":{"request.method":"$request_method"},'
        '"url.path":"$uri","url.query":"$args","http.response.status_code":$status,"http.response.bytes":$bytes_sent}'
    )
    line = (
        b'{"@timestamp":"2026-01-22T03:56:14+05:00","client.ip":"192.0.2.7","http":{"request.method":"GET"},'
        b'"url.path":"/live/a/1.ts","url.query":"%b","http.response.status_code":200,"http.response.bytes":188}\n'
    )
    batch = parsed(log_format, line % b"t=1", line % b"", line % b"-")
    assert (batch.rejects, list(batch.addresses)) == ([], [b"192.0.2.7"] * 3)
    assert list(batch.uris) == [b"/live/a/1.ts?t=1", b"/live/a/1.ts", b"/live/a/1.ts"]


@pytest.mark.parametrize(
    ("target", "written"),
    [
        ('"u":"$uri","q":"?$query_string "', '"u":"/live/a/1.ts","q":"?t=1 "'),
        ('"u":"$uri$is_args$args"', '"u":"/live/a/1.ts?t=1"'),
        ('"u":"$document_uri$is_args$query_string"', '"u":"/live/a/1.ts?t=1"'),
        ('"u":"$scheme://$host$request_uri"', '"u":"https://edge.example/live/a/1.ts?t=1"'),
        ('"u":"$scheme://$http_host:$server_port$request_uri"', '"u":"https://edge.example:443/live/a/1.ts?t=1"'),
        ('"u":"$request_method $request_uri $server_protocol"', '"u":"GET /live/a/1.ts?t=1 HTTP/2.0"'),
    ],
)
def test_nginx_json_with_a_target_of_several_variables(target: str, written: str) -> None:
    log_format = make_format(f'{{"t":"$msec","m":"$request_method",{target},"s":"$status","b":"$bytes_sent"}}')
    batch = parsed(log_format, f'{{"t":"1769036174.000","m":"GET",{written},"s":"200","b":"188"}}\n'.encode())
    assert batch.rejects == []
    assert [origin_length(uri) for uri in batch.uris] == [written.find("/live") - 5 if "://" in written else 0]
    assert [uri[origin_length(uri) :] for uri in batch.uris] == [b"/live/a/1.ts?t=1"]


def test_a_log_format_with_path_and_query_side_by_side() -> None:
    log_format = make_format("$msec $status $bytes_sent $request_method $scheme://$host$uri$is_args$args")
    line = b"1769036174.000 200 188 GET https://edge.example/live/a/1.ts%b\n"
    batch = parsed(log_format, line % b"?t=1", line % b"")
    assert (batch.rejects, list(batch.uris)) == ([], [b"/live/a/1.ts?t=1", b"/live/a/1.ts"])


# Apache's LogFormat with %t, %U and %q, in JSON and between tabs; the time has brackets, the query its question mark.
APACHE_JSON = ["time=time", "address=ip", "method=method", "target=uri", "query=query", "status=status", "size=bytes"]
APACHE_LINE = (
    b'{"time":"[22/Jan/2026:03:56:14 +0500]","ip":"192.0.2.7","method":"GET","uri":"/live/a/1.ts","query":"%b",'
    b'"status":"200","bytes":"188"}\n'
)
APACHE_TSV = ["time", "address", "method", "target", "query", "status", "size"]


@pytest.mark.parametrize("query", [b"?t=1", b"t=1"])
def test_a_query_beside_the_path_and_a_time_in_brackets(query: bytes) -> None:
    tabs = b"[22/Jan/2026:03:56:14 +0500]\t192.0.2.7\tGET\t/live/a/1.ts\t%b\t200\t188\n"
    for log_format, line in (
        (make_format("json", APACHE_JSON), APACHE_LINE),
        (make_format("tsv", APACHE_TSV), tabs),
        (make_format("tsv", [*APACHE_TSV[:3], "query", "target", *APACHE_TSV[5:]]), b"".join(_swapped(tabs))),
    ):
        for odd in (b"", b"-"):
            batch = parsed(log_format, line % query, line % odd)
            assert (batch.rejects, list(batch.times)) == ([], [AT, AT])
            assert list(batch.uris) == [b"/live/a/1.ts?t=1", b"/live/a/1.ts"]
    # A target that has its query already keeps it; and one line that JSON's own reader refuses is read alike.
    whole = APACHE_LINE.replace(b"1.ts", b"1.ts?t=1")
    assert list(parsed(make_format("json", APACHE_JSON), whole % query).uris) == [b"/live/a/1.ts?t=1"]
    odd_line = APACHE_LINE.replace(b'"200"', b'"200","agent":"\\x22"')
    assert list(parsed(make_format("json", APACHE_JSON), odd_line % query).uris) == [b"/live/a/1.ts?t=1"]


def _swapped(line: bytes) -> list[bytes]:
    values = line.split(b"\t")
    values[3], values[4] = values[4], values[3]
    return [b"\t".join(values)]


ECS = [
    "time=@timestamp",
    "address=client.ip",
    "method=http.request.method",
    "target=url.original",
    "status=http.response.status_code",
    "size=http.response.bytes",
]
FLAT = {
    "@timestamp": "2026-01-21T22:56:14Z",
    "client.ip": "192.0.2.7",
    "http.request.method": "GET",
    "url.original": "/live/a/1.ts",
    "http.response.status_code": 200,
    "http.response.bytes": 188,
}


def test_a_dot_may_lead_into_an_object_or_be_part_of_the_key() -> None:
    nested = {
        "@timestamp": FLAT["@timestamp"],
        "client": {"ip": "192.0.2.7"},
        "http": {"request": {"method": "GET"}, "response": {"status_code": 200, "bytes": 188}},
        "url": {"original": "/live/a/1.ts"},
    }
    odd = json.dumps(FLAT).replace("1.ts", "1.ts?a=\\x22").encode()
    lines = [json.dumps(FLAT).encode(), json.dumps(nested).encode(), odd]
    batch = parsed(make_format("json", ECS), *(line + b"\n" for line in lines))
    assert (batch.rejects, list(batch.addresses), list(batch.sizes)) == ([], [b"192.0.2.7"] * 3, [188] * 3)
    assert list(batch.uris) == [b"/live/a/1.ts", b"/live/a/1.ts", b'/live/a/1.ts?a="']


def test_a_line_that_stands_for_several_equal_ones_is_no_request() -> None:
    log_format, line = SAMPLES["haproxy"]
    header = b"Jan 22 03:56:14 edge-1 haproxy[1]: "
    batch = parsed(log_format, header + line, header + b"message repeated 2 times: [ " + line.rstrip(b"\n") + b"]\n")
    assert (len(batch.times), [(one.line, one.reason) for one in batch.rejects]) == (1, [(1, Reason.FORMAT)])


def test_a_piece_of_a_long_line_in_docker_s_json_is_no_line() -> None:
    log_format, line = SAMPLES["combined"]
    text = json.dumps(line.decode()).replace("\\n", "")
    piece = b'{"log":%b,"stream":"stdout","time":"2026-01-22T00:00:00.003Z"}\n' % text.encode()
    assert [one.reason for one in parsed(log_format, piece).rejects] == [Reason.FORMAT]


@pytest.mark.parametrize(
    ("name", "columns", "sentence"),
    [
        ("json", [], "columns are missing"),
        ("json", ["time=ts"], "columns lack status, size"),
        ("json", ["when=ts"], "'when=ts' is not"),
        ("tsv", ["time", "status", "size"], "columns lack the request"),
        ("tsv", ["time", "request", "query", "status", "size"], "columns name query beside request"),
        ("tsv", ["time", "time"], 'columns name "time" twice'),
        ("tsv", ["moment"], '"moment" is unknown'),
        ("combined", ["time"], "columns belong to"),
        ('{"a": "$msec"', [], "begins like JSON but is none"),
        ('{"a": "$msec"}', [], "lacks the status"),
    ],
)
def test_columns_that_cannot_serve_say_what_to_do(name: str, columns: list[str], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        make_format(name, columns)


@pytest.mark.parametrize(
    "change",
    [
        {"status": True},
        {"status": -20},
        {"size": -2},
        {"size": 1.5},
        {"size": "1_0"},
        {"size": 10**30},
        {"size": None},
        {"ts": None},
        {"ts": "soon"},
    ],
    ids=str,
)
def test_a_needed_field_that_cannot_be_read_is_the_reason(change: dict[str, Any]) -> None:
    log_format, sample = SAMPLES["caddy"]
    record = json.loads(sample) | change
    reasons = {"status": Reason.STATUS, "size": Reason.SIZE, "ts": Reason.TIME}
    rejects = parsed(log_format, json.dumps(record).encode() + b"\n").rejects
    assert [reject.reason for reject in rejects] == [reasons[name] for name in change]


def test_a_duration_that_is_none_rejects_nothing() -> None:
    log_format, sample = SAMPLES["caddy"]
    batch = parsed(log_format, json.dumps(json.loads(sample) | {"duration": 1e300}).encode() + b"\n")
    assert (list(batch.durations or ()), batch.rejects) == (["-"], [])


ENVOY = (  # the default format of Envoy in nginx's notation, with %DURATION% in milliseconds
    '[$time_iso8601] "$request" $status $flags $received $bytes_sent $request_time $upstream "$http_x_forwarded_for"'
    ' "$http_user_agent" "$id" "$authority" "$host"'
)
ENVOY_LINE = (
    b'[2026-01-21T22:56:14.310Z] "GET /live/a/1.ts HTTP/2" 200 - 0 188 1250 100 "192.0.2.7" "Player/1.0" "a-1" "edge"'
    b' "10.0.0.1:80"\n'
)
TRAEFIK = ["time=StartUTC", "method=RequestMethod", "target=RequestPath", "status=DownstreamStatus"]
TRAEFIK += ["size=DownstreamContentSize", "address=ClientHost", "duration=Duration", "agent=request_User-Agent"]
TRAEFIK_LINE = (
    b'{"ClientHost":"192.0.2.7","DownstreamContentSize":188,"DownstreamStatus":200,"Duration":1250000000,'
    b'"RequestMethod":"GET","RequestPath":"/live/a/1.ts","StartUTC":"2026-01-21T22:56:14.310Z"}\n'
)


@pytest.mark.parametrize(
    ("name", "columns", "unit", "line"),
    [
        (ENVOY, [], "ms", ENVOY_LINE),
        ("json", TRAEFIK, "ns", TRAEFIK_LINE),
        ("tsv", TSV, "us", b"1769036174\t192.0.2.7\tx\tGET\t/live/a/1.ts\t200\t188\t1250000\tPlayer/1.0\n"),
    ],
    ids=["Envoy", "Traefik", "tsv"],
)
def test_a_duration_in_another_unit(name: str, columns: list[str], unit: str, line: bytes) -> None:
    batch = parsed(make_format(name, columns, unit=unit), line)
    assert (batch.rejects, list(batch.durations or ())) == ([], [1.25])
    none = line.replace(b"1250000000", b"null").replace(b"1250000", b"-").replace(b" 1250 ", b" - ")
    assert [value in {"-", b"-"} for value in parsed(make_format(name, columns, unit=unit), none).durations or ()] == [
        True
    ]


# As Go's time.Duration prints it (Caddy's `duration_format string`, Caddy 1066), and protobuf's JSON.
STATED = [
    ("0.055391s", 0.055391),
    ("1.25s", 1.25),
    ("18ms", 0.018),
    ("12.345678ms", 0.012345678),
    ("456.7\u00b5s", 0.0004567),
    ("456.7us", 0.0004567),
    ("24ns", 2.4e-8),
    ("0s", 0.0),
    ("2m0.5s", 120.5),
    ("1h2m3s", 3723.0),
]


@pytest.mark.parametrize("unit", ["s", "ms"])
@pytest.mark.parametrize(("text", "seconds"), STATED)
def test_a_duration_that_says_its_unit(text: str, seconds: float, unit: str) -> None:
    json_line = json.dumps({"t": 1769036174.5, "r": "GET /a.ts HTTP/1.1", "s": 200, "b": 1, "d": text})
    read = [
        parsed(
            make_format("json", ["time=t", "request=r", "status=s", "size=b", "duration=d"], unit=unit),
            f"{json_line}\n".encode(),
        ),
        parsed(
            make_format("tsv", ["time", "request", "status", "size", "duration"], unit=unit),
            f"1769036174\tGET /a.ts HTTP/1.1\t200\t1\t{text}\n".encode(),
        ),
        parsed(
            make_format('$msec $status $bytes_sent $request_time "$request"', unit=unit),
            f'1769036174.500 200 1 {text} "GET /a.ts HTTP/1.1"\n'.encode(),
        ),
    ]
    for batch in read:
        assert batch.rejects == []
        assert [*(batch.durations or ())] == [pytest.approx(seconds)]


def test_the_text_of_traefik_says_its_unit() -> None:
    front = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'
    log_format = make_format(f'{front} "$http_user_agent" $count "$router" "$origin" $request_time')
    line = '192.0.2.7 - - [21/Jan/2026:22:56:14 +0000] "GET /live/a/1.ts HTTP/1.1" 200 188 "-" "Player/1.0" 57'
    batch = parsed(log_format, f'{line} "edge@docker" "http://172.18.0.2:80" 12ms\n'.encode())
    assert (batch.rejects, list(batch.uris), list(batch.durations or ())) == ([], [b"/live/a/1.ts"], [0.012])


@pytest.mark.parametrize("text", ["1.5", "-", "", "s", "1h", "ms", "1 s", "-1s", "1e3s", "0.010, 0.020", "1s2"])
def test_what_says_no_unit_is_read_as_before(text: str) -> None:
    log_format = make_format("json", ["time=t", "request=r", "status=s", "size=b", "duration=d"])
    record = {"t": 1769036174.5, "r": "GET /a.ts HTTP/1.1", "s": 200, "b": 1, "d": text}
    batch = parsed(log_format, json.dumps(record).encode() + b"\n")
    assert [*(batch.durations or ())] == [1.5 if text == "1.5" else "-"]


@pytest.mark.parametrize(
    ("name", "columns", "unit", "sentence"),
    [
        ("ott", [], "ms", 'duration_unit: format "ott" has its own'),
        ("w3c", [], "ms", 'duration_unit: format "w3c" has its own'),
        ("json", ["time=t", "request=r", "status=s", "size=b"], "ms", "duration_unit: the format has no duration"),
        ("caddy", [], "min", 'duration_unit must be one of s, ms, us, ns, not "min"'),
    ],
)
def test_a_unit_that_cannot_be(name: str, columns: list[str], unit: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        make_format(name, columns, unit=unit)


def test_every_preset_takes_part() -> None:
    assert set(PRESETS) <= set(SAMPLES)
    assert Choice().methods == ("GET",)


@pytest.mark.parametrize(
    "columns",
    [
        ["time", "address", "method", "target", "status", "size"],  # method and target side by side, and apart
        ["time", "method", "address", "target", "status", "size"],
        ["time", "address", "request", "status", "size"],
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_values_in_quotes_are_not_those_of_a_line_of_tabs(columns: list[str], method: str) -> None:
    # As exports for spreadsheets write them; taken as they are, no request would be a GET.
    values = {
        "time": "1769036174",
        "address": "192.0.2.7",
        "method": method,
        "target": "/live/a/1.ts",
        "request": f"{method} /live/a/1.ts HTTP/1.1",
        "status": "200",
        "size": "188",
    }
    plain = "\t".join(values[name] for name in columns)
    quoted = "\t".join(value if (value := values[name]).isdigit() else f'"{value}"' for name in columns)
    batch = parsed(make_format("tsv", columns), f"{plain}\n{quoted}\n{plain}\n".encode())
    # A request line of another method is one that counts for its bytes alone.
    assert batch.rejects == ([] if (method, "request" in columns) == ("POST", True) else [Reject(1, Reason.FORMAT)])
