import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.edge_log.formats.batch import Reason, Reject
from agent.sources.edge_log.formats.by_name import PRESETS, make_format
from agent.sources.edge_log.formats.columns import parse_mostly
from agent.sources.edge_log.formats.log_format import Choice, LogFormat
from agent.sources.edge_log.formats.request import client_address

COMBINED = LogFormat(PRESETS["combined"])
GOOD = b'192.0.2.7 - - [22/Jan/2026:03:56:14 +0500] "GET /live/a/1.ts?t=1 HTTP/1.1" 200 188 "-" "Player/1.0"\n'
AT = 1769036174.0


def test_combined() -> None:
    batch = COMBINED.parse(GOOD)
    assert (batch.lines, batch.rejects) == (1, [])
    assert (batch.times, batch.addresses, batch.agents) == ([AT], (b"192.0.2.7",), (b"Player/1.0",))
    assert (batch.uris, batch.statuses, batch.sizes) == ((b"/live/a/1.ts?t=1",), (b"200",), [188])
    assert (batch.durations, batch.sessions, batch.viewers) == (None, None, None)


def test_what_varnish_pipes_has_neither_status_nor_bytes() -> None:
    # Written by varnishncsa 7.1.1 in its own format, and with %O in place of %b: 9,000 bytes went to the client.
    piped = b'127.0.0.1 - - [30/Nov/2026:18:32:55 +0000] "GET http://e/live/news/2.ts HTTP/1.1" - %b "-" "P/1"\n'
    batch = COMBINED.parse(GOOD + piped % b"-" + piped % b"9133" + piped % b"-" + GOOD.replace(b" 188 ", b" - "))
    assert batch.rejects == [Reject(1, Reason.SIZE), Reject(3, Reason.SIZE)]
    assert (list(batch.statuses), list(batch.sizes)) == ([b"200", b"-", b"200"], [188, 9133, 0])
    wrong = GOOD.replace(b"22/Jan", b"99/Jan")
    assert COMBINED.parse(wrong + piped % b"-" + wrong).rejects == [
        Reject(0, Reason.TIME),
        Reject(1, Reason.SIZE),
        Reject(2, Reason.TIME),
    ]


def test_the_recommended_format() -> None:
    line = b'1769036174.123 2001:db8::1 206 1880 0.250 "GET /live/a/1.ts HTTP/2.0" "Player/1.0" "8F2E"\n'
    batch = make_format("ott").parser().parse(line)
    assert (batch.times, batch.addresses, batch.uris) == ([1769036174.123], (b"2001:db8::1",), (b"/live/a/1.ts",))
    assert (batch.sizes, batch.durations, batch.sessions) == ([1880], (b"0.250",), (b"8F2E",))


@pytest.mark.parametrize(
    ("request_line", "target"),
    [
        (b"GET /a.ts HTTP/2.0", b"/a.ts"),
        (b"POST /a.ts HTTP/1.1", b""),
        (b"", b""),
        (b"-", b""),
        (rb"\x16\x03\x01\x02", b""),
        (b"GET /a", b"/a"),
        (b"GET /a b HTTP/1.1", b"/a b"),
        (rb"GET /\x22quoted\x22.ts HTTP/1.1", rb"/\x22quoted\x22.ts"),
        (rb"GET /a.ts?q=\"x\" HTTP/1.1", rb"/a.ts?q=\"x\""),
    ],
)
def test_every_request_counts_and_a_get_has_its_target(request_line: bytes, target: bytes) -> None:
    batch = COMBINED.parse(GOOD.replace(b"GET /live/a/1.ts?t=1 HTTP/1.1", request_line))
    assert batch.rejects == []
    assert list(batch.uris) == [target]


@pytest.mark.parametrize(
    ("logged", "address"),
    [
        (b"192.0.2.7:40000", b"192.0.2.7"),
        (b"2001:db8::7:40000", b"2001:db8::7"),
        (b"2001:db8:0:0:0:0:0:7:40000", b"2001:db8:0:0:0:0:0:7"),
        (b"unix::", b"unix:"),
    ],
)
def test_an_address_goes_up_to_its_port(logged: bytes, address: bytes) -> None:
    log_format = LogFormat('$remote_addr:$remote_port [$time_local] "$request" $status $bytes_sent')
    line = logged + b' [22/Jan/2026:03:56:14 +0500] "GET %b HTTP/1.1" 200 188\n'
    assert list(log_format.parse(line % b"/a.ts").addresses) == [address]
    # Read one by one, too.
    assert list(log_format.parse(line % b"/a b.ts").addresses) == [address]


def test_any_header_may_name_the_client() -> None:
    text = '$remote_addr [$time_local] "$request" $status $bytes_sent "$http_x_real_ip"'
    line = b'10.0.0.1 [22/Jan/2026:03:56:14 +0500] "GET /a.ts HTTP/1.1" 200 188 "%b"\n'
    batch = LogFormat(text, Choice("http_x_real_ip")).parse(line % b"192.0.2.7" + line % b"-")
    assert [client_address(address) for address in batch.addresses] == [b"192.0.2.7", b"10.0.0.1"]


def test_lines_of_a_server_on_windows() -> None:
    batch = COMBINED.parse(GOOD.replace(b"\n", b"\r\n") * 2)
    assert (batch.rejects, list(batch.agents)) == ([], [b"Player/1.0"] * 2)


def test_quotes_that_apache_escapes() -> None:
    batch = COMBINED.parse(GOOD.replace(b"Player/1.0", rb"a \"b\" c"))
    assert list(batch.agents) == [rb"a \"b\" c"]


# Written by Squid 5.7 (Debian 12), by its own format and by its `combined`; types and agents are shortened.
SQUID = b"""\
1796080602.922      4 127.0.0.1 TCP_MISS/404 604 GET http://127.0.0.1/live/news/2.ts - FIRSTUP_PARENT/127.0.0.1 -
1796080602.932  12345 127.0.0.1 TCP_MISS/200 9313 GET http://127.0.0.1/live/news/1.ts? - FIRSTUP_PARENT/127.0.0.1 -
1796080602.932 123456 127.0.0.1 TCP_MISS/200 9313 GET http://127.0.0.1/live/news/1.ts? - FIRSTUP_PARENT/127.0.0.1 -
1796080603.076      0 127.0.0.1 NONE_NONE/400 1531 garbage error:invalid-request - HIER_NONE/- text/html
"""
SQUID_COMBINED = b"""\
127.0.0.1 - - [30/Nov/2026:23:16:42 +0000] "GET http://127.0.0.1/live/news/1.ts? HTTP/1.1" 200 9313 "-" "P/1" TCP_MISS:A
127.0.0.1 - - [30/Nov/2026:23:16:43 +0000] "garbage error:invalid-request HTTP/1.1" 400 1531 "-" "-" NONE_NONE:HIER_NONE
"""


@pytest.mark.parametrize("took", ["$took", "$request_time"])
def test_a_column_that_squid_sets_by_blanks_moves_no_other(took: str) -> None:
    text = f"$msec {took} $remote_addr $result/$status $bytes_sent $request_method $request_uri $user $route $type"
    batch = LogFormat(text).parse(SQUID)
    assert (batch.rejects, [*batch.addresses]) == ([], [b"127.0.0.1"] * 4)
    assert ([*batch.statuses], [*batch.sizes]) == ([b"404", b"200", b"200", b"400"], [604, 9313, 9313, 1531])
    other, target = b"http://127.0.0.1/live/news/2.ts", b"http://127.0.0.1/live/news/1.ts?"
    assert [*batch.uris] == [other, target, target, b""]
    if batch.durations is not None:
        assert [*map(float, batch.durations)] == [4, 12345, 123456, 0]


def test_squids_combined_has_a_column_more() -> None:
    assert [one.reason for one in COMBINED.parse(SQUID_COMBINED).rejects] == [Reason.FORMAT] * 2
    text = PRESETS["combined"] + " $result"
    batch = LogFormat(text).parse(SQUID_COMBINED)
    assert (batch.rejects, [*batch.sizes], [*batch.addresses]) == ([], [9313, 1531], [b"127.0.0.1"] * 2)


def test_no_bytes_and_a_name_for_an_address() -> None:
    line = b'monitor.example - frank [22/Jan/2026:03:56:14 +0500] "GET / HTTP/1.1" 304 - "-" "x"\n'
    batch = COMBINED.parse(line)
    assert (batch.addresses, batch.sizes) == ((b"monitor.example",), [0])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"\n", Reason.FORMAT),
        (b"word\n", Reason.FORMAT),
        (b"\x00\xff\x10\n", Reason.FORMAT),
        (GOOD[:40] + b"\n", Reason.FORMAT),
        (GOOD[:-3] + b"\n", Reason.FORMAT),
        (GOOD.replace(b" 200 ", b" 20 "), Reason.STATUS),
        (GOOD.replace(b" 188 ", b" 1_88 "), Reason.SIZE),
        (GOOD.replace(b" 188 ", b" +188 "), Reason.SIZE),
        (GOOD.replace(b" 188 ", b" 9999999999999999999 "), Reason.SIZE),
        (GOOD[:-1] + b" more\n", Reason.FORMAT),
    ],
    ids=repr,
)
def test_a_bad_line_among_good_ones_is_the_only_reject(bad: bytes, reason: Reason) -> None:
    batch = COMBINED.parse(GOOD + bad + GOOD)
    assert batch.rejects == [Reject(1, reason)]
    assert (batch.lines, batch.sizes) == (3, [188, 188])


def test_a_time_that_is_none() -> None:
    batch = COMBINED.parse(GOOD + GOOD.replace(b"22/Jan", b"32/Jan") + b"x\n" + GOOD)
    assert batch.rejects == [Reject(1, Reason.TIME), Reject(2, Reason.FORMAT)]
    assert (batch.lines, len(batch.times), list(batch.row_lines())) == (4, 2, [0, 3])


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        (
            '$http_x_forwarded_for - $remote_user [$time_local] "$request" $status $body_bytes_sent',
            b'203.0.113.9, 10.0.0.1, 127.0.0.1 - - [22/Jan/2026:03:56:14 +0500] "GET /x HTTP/1.1" 200 5\n',
            b"203.0.113.9",
        ),
        (
            '"$http_x_forwarded_for" $remote_addr [$time_iso8601] $status $bytes_sent "$request"',
            b'"-" 192.0.2.1 [2026-01-22T03:56:14+05:00] 200 5 "GET /x HTTP/1.1"\n',
            b"192.0.2.1",
        ),
        (
            "$status|$bytes_sent|$msec|${remote_addr}|$request_method|$scheme://$host$request_uri",
            b"200|5|1769036174.000|192.0.2.1|GET|https://cdn.example/x\n",
            b"192.0.2.1",
        ),
        (
            '$request_method "$uri" "$args" $status $body_bytes_sent $msec $realip_remote_addr',
            b'GET "/x" "-" 200 5 1769036174.000 2001:db8::9\n',
            b"2001:db8::9",
        ),
    ],
)
def test_variables_in_any_order(text: str, line: bytes, expected: bytes) -> None:
    batch = LogFormat(text).parse(line)
    assert (batch.rejects, list(map(client_address, batch.addresses)), list(batch.uris)) == ([], [expected], [b"/x"])
    assert (batch.times, batch.sizes) == ([AT], [5])


def test_a_query_that_stands_apart() -> None:
    text = '$request_method "$uri" "$args" $status $body_bytes_sent $msec $remote_addr'
    batch = LogFormat(text).parse(b'GET "/x" "token=a" 200 5 1769036174.000 2001:db8::9\n')
    assert list(batch.uris) == [b"/x?token=a"]


def test_the_forwarded_address_where_the_site_chose_it() -> None:
    text = PRESETS["combined"] + ' "$http_x_forwarded_for"'
    line = GOOD[:-1] + b' "203.0.113.9, 10.1.1.1"\n'
    assert list(map(client_address, LogFormat(text).parse(line).addresses)) == [b"192.0.2.7"]
    chosen = LogFormat(text, Choice(client_address="http_x_forwarded_for"))
    assert list(map(client_address, chosen.parse(line).addresses)) == [b"203.0.113.9"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("combind", 'format "combind" is unknown'),
        ("$remote_addr $status $bytes_sent", "lacks the time"),
        ("$msec $status", "lacks the bytes sent"),
        ("$msec $bytes_sent", "lacks the status"),
        ("$msec $status $bytes_sent", "lacks the request"),
        ("$msec$status $bytes_sent $request_method $uri", "directly before"),
        ("$msec $request $status $bytes_sent", "without quotes"),
        ("$msec $status $status $bytes_sent $request_method $uri", "twice"),
        ("$msec $status\n$bytes_sent $request_method $uri", "line break"),
    ],
)
def test_a_format_that_cannot_serve_says_what_to_do(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        make_format(text)


FIELDS = st.sampled_from(
    [GOOD, GOOD[:30], b"\n", b"foo\n", b'"\n', b'" ', b"foo bar\n- ", b"\\", b'\\"', b"\x00", b"- - [", GOOD[20:]]
)


@given(st.lists(FIELDS | st.binary(max_size=20), max_size=12))
def test_the_quick_expression_gives_what_the_exact_one_gives(parts: list[bytes]) -> None:
    chunk = b"".join(parts) + b"\n"
    batch = COMBINED.parse(chunk)
    exact = parse_mostly(COMBINED._expression, chunk, COMBINED._read, COMBINED._odd, quick=False)
    assert batch.lines == chunk.count(b"\n") == len(batch.times) + len(batch.rejects)
    assert list(zip(batch.addresses, batch.uris, batch.agents, strict=True)) == list(
        zip(exact.addresses, exact.uris, exact.agents, strict=True)
    )
    assert batch.rejects == exact.rejects


def varnish(target: bytes) -> bytes:
    """Write as varnishncsa 7.1.1 does: of a target it has 254 bytes at most, behind scheme and host."""
    return GOOD.replace(b"/live/a/1.ts?t=1", b"http://edge.example" + target[:254])


TOKEN = re.compile(rb"[?&]token=([0-9a-f]+)")


@pytest.mark.parametrize("odd", [b"", b" "])  # read together, and one by one
@pytest.mark.parametrize(
    ("begin", "identity", "kept"),
    [
        (b"/live/news/", (), None),  # the suffix may be lost
        (b"/live/news/1.ts?a=1&b=", (), b"/live/news/1.ts?a=1"),
        (b"/live/news/1.ts?a=", (), b"/live/news/1.ts"),
        (b"/live/news/1.ts?a=", (TOKEN,), None),  # a token may have followed
        (b"/live/news/1.ts?token=", (TOKEN,), None),  # not all of it is there
        (b"/live/news/1.ts?token=ab&b=", (TOKEN,), b"/live/news/1.ts?token=ab"),
    ],
)
def test_a_target_that_varnish_cut_short(
    begin: bytes, identity: tuple[re.Pattern[bytes], ...], kept: bytes | None, odd: bytes
) -> None:
    log_format = LogFormat(PRESETS["combined"], Choice(identity=identity))
    long = begin + odd + b"a" * 400
    short = varnish(b"/live/a/1.ts")
    batch = log_format.parse(short + varnish(long) + short)
    assert batch.rejects == ([Reject(1, Reason.TRUNCATED)] if kept is None else [])
    assert [*batch.uris[1:-1]] == ([] if kept is None else [b"http://edge.example" + kept])
    # Neither a byte less, nor another method, nor a server that writes no host.
    whole = [
        varnish(long[:253]),
        varnish(long).replace(b"GET", b"POST"),
        varnish(long).replace(b"http://edge.example", b""),
    ]
    for line in whole:
        assert log_format.parse(short + line).rejects == log_format.parse(line).rejects == []
