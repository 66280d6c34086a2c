"""Lines with a column more in front, and two lines in one: of another format, or of none."""

import pytest

from agent.sources.edge_log.formats.batch import Batch, Reason
from agent.sources.edge_log.formats.by_name import make_format
from agent.sources.edge_log.formats.request import client_address

# The definition that nginx's own documentation and packages begin with.
MAIN = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
LINE = b'192.0.2.7 - - [22/Jan/2026:03:56:14 +0500] "GET /live/news/1.ts HTTP/1.1" 200 9000 "-" "Player/1"\n'
OTT = b'1769036174.123 192.0.2.7 200 9000 0.001 "GET /live/news/1.ts HTTP/1.1" "Player/1 (TV)" "-"\n'
# Written by nginx 1.22.1 on a file system that was full for two seconds.
TORN = (
    b'127.0.0.1 - - [30/Nov/2026:18:10:03 +0000] "GET /live/news/108.ts HTTP/1.1" 200 9 "-" "Playe'
    b'127.0.0.1 - - [30/Nov/2026:18:10:05 +0000] "GET /live/news/200.ts HTTP/1.1" 200 9 "-" "Player/1 (TV; 200)"\n'
)


def parsed(log_format: str, chunk: bytes) -> Batch:
    return make_format(log_format).parser().parse(chunk)


def reasons(batch: Batch) -> list[Reason]:
    assert len(batch.times) + len(batch.rejects) == batch.lines
    return [reject.reason for reject in batch.rejects]


@pytest.mark.parametrize("log_format", ["combined", MAIN])
@pytest.mark.parametrize("user", [b"-", b"ivan"])
@pytest.mark.parametrize("front", [b"edge.example:80 ", b"edge.example ", b"3f2a ", b"[pod/nginx-1] ", b"a b "])
def test_with_a_column_more_in_front_nobody_knows_who_was_the_client(
    log_format: str, user: bytes, front: bytes
) -> None:
    line = LINE.replace(b" - - [", b" - %b [" % user)
    assert reasons(parsed(log_format, line)) == []
    assert reasons(parsed(log_format, front + line)) == [Reason.FORMAT]


def test_names_in_two_words_and_lists_of_addresses_are_no_column_more() -> None:
    for front in (
        b"192.0.2.7 - ivan petrov [",
        b"203.0.113.9, 192.0.2.7 - - [",
        b"2001:db8::9, 10.0.0.1 192.0.2.7 - - [",
    ):
        line = LINE.replace(b"192.0.2.7 - - [", front)
        for log_format in ("combined", MAIN):
            batch = parsed(log_format, line)
            assert reasons(batch) == []
            wanted = front.split(b" ")[0].rstrip(b",")
            assert [client_address(address) for address in batch.addresses] == [wanted]


@pytest.mark.parametrize("log_format", ["combined", MAIN, "combined_vhost", "ott"])
def test_of_two_lines_in_one_neither_is_taken_for_the_other(log_format: str) -> None:
    host = b"edge:80 " if log_format == "combined_vhost" else b""
    first = OTT if log_format == "ott" else host + LINE
    second = first.replace(b"192.0.2.7", b"192.0.2.8").replace(b"news/1", b"sport/2").replace(b"9000", b"7000")
    # Torn within its first word, the line that is left has another word there.
    for end in range(first.index(b" ") + 1, len(first)):
        batch = parsed(log_format, first[:end] + second)
        assert len(reasons(batch)) == 1, first[:end]


def test_of_two_lines_that_a_full_disk_made_one() -> None:
    assert reasons(parsed("combined", TORN + LINE)) == [Reason.FORMAT]


def test_a_quote_that_the_server_escapes_begins_no_request() -> None:
    agent = rb"a \"GET / HTTP/1.1\" b"
    batch = parsed("combined", LINE.replace(b"Player/1", agent))
    assert (reasons(batch), list(batch.agents)) == ([], [agent])


STAMP = b"2026-11-30T18:03:49.564925123Z "


@pytest.mark.parametrize("front", [STAMP, b"2026-11-30T18:03:49.564925+00:00 ", b"<6>" + STAMP, b"<134>"])
@pytest.mark.parametrize(
    ("log_format", "line"),
    [
        ("combined", LINE),
        (MAIN, LINE),
        ('{"t":"$msec","a":"$remote_addr","r":"$request","s":$status,"b":$bytes_sent}',
         b'{"t":"1769036174.123","a":"192.0.2.7","r":"GET /live/news/1.ts HTTP/1.1","s":200,"b":9000}\n'),
    ],
)  # fmt: skip
def test_the_time_that_docker_kubectl_and_haproxy_put_in_front(front: bytes, log_format: str, line: bytes) -> None:
    batch = parsed(log_format, line + front + line)
    assert reasons(batch) == []
    assert list(batch.addresses) == [b"192.0.2.7"] * 2


def test_a_time_of_the_line_itself_is_never_passed_over() -> None:
    log_format = f"$time_iso8601 {MAIN.replace('[$time_local] ', '')}"
    line = b'2026-01-22T03:56:14+05:00 192.0.2.7 - ivan petrov "GET /a.ts HTTP/1.1" 200 9000 "-" "Player/1"\n'
    batch = parsed(log_format, line)
    assert (reasons(batch), batch.times) == ([], (1769036174.0,))
    assert len(reasons(parsed("ott", STAMP + OTT))) == 1
