"""The table of docs/odd-requests.md, and each format's way to write one of its requests."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.conftest import ROOT

PAGE = (ROOT / "docs/odd-requests.md").read_text("utf-8")
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (\S+) \| ?(.*?) ?\| ?(.*?) ?\|$", re.MULTILINE)
_VALUE = re.compile(r"(\w+) `([^`]*)`")
_BYTE = re.compile(rb"\\(x[0-9a-f]{2}|\\)")

Fields = Mapping[str, bytes]
PLAIN: Fields = {
    "time": b"1769040000",
    "address": b"192.0.2.7",
    "forwarded": b"",
    "account": b"",
    "session": b"",
    "request": b"GET /live/news/1.ts HTTP/1.1",
    "status": b"200",
    "size": b"9000",
    "took": b"0.010",
    "agent": b"Player/1",
    "upstream": b"0.004",
}


class Row(NamedTuple):
    """A row of the table; `size` is None where the line is rejected."""

    number: str
    change: Fields
    size: int | None
    reason: str
    channel: str
    viewer: str

    @property
    def viewer_fields(self) -> Fields:
        """What another request of the same viewer has."""
        kind, _, name = self.viewer.rpartition(" ") if self.viewer.startswith("session") else ("", "", "")
        if self.viewer.startswith("account "):
            kind, name = "account", self.viewer.removeprefix("account ")
        return {kind: name.encode()} if kind else {"address": self.viewer.encode()}


def _bytes(text: str) -> bytes:
    return _BYTE.sub(lambda found: b"\\" if found[1] == b"\\" else bytes([int(found[1][1:], 16)]), text.encode())


def rows() -> list[Row]:
    """Return the rows of the page."""
    result = []
    for number, change, size, channel, viewer in _ROW.findall(PAGE):
        fields = {name: _bytes(value) for name, value in _VALUE.findall(change)}
        byte_count = int(size) if size.isdigit() else None
        result.append(Row(number, fields, byte_count, "" if byte_count is not None else size, channel, viewer))
    return result


def nginx(text: bytes) -> bytes:
    """Escape as nginx does by default."""
    return re.sub(rb'["\\\x00-\x1f\x7f-\xff]', lambda found: b"\\x%02X" % found[0][0], text) or b"-"


def apache(text: bytes) -> bytes:
    """Escape as Apache httpd does."""
    text = re.sub(rb'["\\]', lambda found: b"\\" + found[0], text)
    return re.sub(rb"[\x00-\x1f\x7f-\xff]", lambda found: b"\\x%02x" % found[0][0], text) or b"-"


def nginx_json(text: bytes) -> bytes:
    """Escape as nginx does with escape=json, which leaves bytes beyond ASCII alone."""
    text = re.sub(rb'["\\]', lambda found: b"\\" + found[0], text)
    return re.sub(rb"[\x00-\x1f]", lambda found: b"\\u%04X" % found[0][0], text)


def haproxy_text(text: bytes, special: bytes = b'"#') -> bytes:
    """Escape as HAProxy does; in captured headers braces and bars are special, too."""
    return re.sub(rb"[%b\x00-\x1f\x7f-\xff]" % re.escape(special), lambda found: b"#%02X" % found[0][0], text)


def split(request: bytes) -> tuple[bytes, bytes]:
    """Return method and target as a server that logs them apart has them."""
    method, _, rest = request.partition(b" ")
    target, _, protocol = rest.rpartition(b" ")
    if target and re.fullmatch(rb"(?i:http/.*)|[A-Z]+/[0-9.]+|h2|-", protocol):
        return method, target
    return (method, rest) if rest else (b"-", b"-")


def clf(one: Fields) -> bytes:
    """Return the time as the common log format has it."""
    return one["time"] if b"/" in one["time"] else b"22/Jan/2026:00:00:00 +0000"


def iso(one: Fields) -> bytes:
    """Return the time in ISO 8601."""
    return one["time"] if b"/" in one["time"] else b"2026-01-22T00:00:00+00:00"


def msec(one: Fields) -> bytes:
    """Return nginx's $msec."""
    return one["time"] if b"/" in one["time"] else one["time"] + b".000"


COMBINED_KEYS = {"viewer_variable": "remote_user"}


def combined(one: Fields) -> bytes:
    """Write as nginx does without a log_format."""
    return b'%b - %b [%b] "%b" %b %b "-" "%b"' % (
        one["address"],
        nginx(one["account"]),
        clf(one),
        nginx(one["request"]),
        one["status"],
        one["size"],
        nginx(one["agent"]),
    )


def combined_vhost(one: Fields) -> bytes:
    """Write as Apache httpd does."""
    return b'edge.example:80 %b - %b [%b] "%b" %b %b "-" "%b"' % (
        one["address"],
        apache(one["account"]),
        clf(one),
        apache(one["request"]),
        one["status"],
        one["size"],
        apache(one["agent"]),
    )


OTT = (
    '$msec $remote_addr $status $bytes_sent $request_time "$request" "$http_user_agent"'
    ' "$http_x_playback_session_id" "$http_x_forwarded_for" "$remote_user"'
)


def ott(one: Fields) -> bytes:
    """Write in the recommended log_format, with more fields."""
    return b'%b %b %b %b %b "%b" "%b" "%b" "%b" "%b"' % (
        msec(one),
        one["address"],
        one["status"],
        one["size"],
        one["took"],
        nginx(one["request"]),
        nginx(one["agent"]),
        nginx(one["session"]),
        nginx(one["forwarded"]),
        nginx(one["account"]),
    )


BARE = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
    " rt=$request_time urt=$upstream_response_time sid=$http_x_playback_session_id xff=$http_x_forwarded_for end"
)


def bare(one: Fields) -> bytes:
    """Write in a log_format with values that stand without quotes."""
    return b"%b rt=%b urt=%b sid=%b xff=%b end" % (
        combined(one),
        one["took"],
        nginx(one["upstream"]),
        nginx(one["session"]),
        nginx(one["forwarded"]),
    )


JSON_QUOTED = (
    '{"t":"$time_iso8601","addr":"$remote_addr","xff":"$http_x_forwarded_for","user":"$remote_user",'
    '"sid":"$http_x_playback_session_id","r":"$request","st":"$status","b":"$bytes_sent","rt":"$request_time",'
    '"urt":"$upstream_response_time","ua":"$http_user_agent"}'
)
JSON_BARE = re.sub(r'"\$(status|bytes_sent|request_time|upstream_response_time)"', r"$\1", JSON_QUOTED)


def _json(template: str, one: Fields) -> bytes:
    values = {
        "time_iso8601": iso(one),
        "remote_addr": one["address"],
        "http_x_forwarded_for": one["forwarded"],
        "remote_user": one["account"],
        "http_x_playback_session_id": one["session"],
        "request": one["request"],
        "status": one["status"],
        "bytes_sent": one["size"],
        "request_time": one["took"],
        "upstream_response_time": one["upstream"],
        "http_user_agent": one["agent"],
    }
    return re.sub(rb"\$(\w+)", lambda found: nginx_json(values[found[1].decode()]), template.encode())


def json_quoted(one: Fields) -> bytes:
    """Write as nginx does with escape=json and everything in quotes."""
    return _json(JSON_QUOTED, one)


def json_bare(one: Fields) -> bytes:
    """Write as nginx does with escape=json and numbers without quotes."""
    return _json(JSON_BARE, one)


def text(value: bytes) -> str:
    """Return a value as a program that knows nothing but UTF-8 has it."""
    return value.decode("utf-8", "replace")


def number(value: bytes) -> Any:
    """Return a number as such, and all else as text."""
    try:
        return json.loads(value)
    except ValueError:
        return text(value)


def caddy(one: Fields) -> bytes:
    """Write as Caddy does."""
    method, target = split(one["request"])
    headers = {"User-Agent": [text(one["agent"])]}
    for name, field in (("X-Playback-Session-Id", "session"), ("X-Forwarded-For", "forwarded")):
        if one[field]:
            headers[name] = [text(one[field])]
    record = {
        "level": "info",
        "ts": number(one["time"]),
        "logger": "http.log.access.log0",
        "msg": "handled request",
        "request": {
            "remote_ip": text(one["address"]),
            "client_ip": text(one["address"]),
            "method": text(method),
            "uri": text(target),
            "headers": headers,
        },
        "user_id": text(one["account"]),
        "duration": number(one["took"]),
        "size": number(one["size"]),
        "status": number(one["status"]) if one["status"] != b"000" else 0,
        "resp_headers": {"Server": ["Caddy"]},
    }
    return json.dumps(record, ensure_ascii=False).encode()


JSON_COLUMNS = [
    "time=at",
    "address=xff",
    "address=peer",
    "request=req",
    "status=code",
    "size=sent",
    "duration=took",
    "agent=ua",
    "viewer=account",
    "session=sid",
]


def json_columns(one: Fields) -> bytes:
    """Write JSON with numbers wherever a value is one."""
    names = {"time": "at", "forwarded": "xff", "address": "peer", "status": "code", "size": "sent", "session": "sid"}
    names |= {"took": "took", "account": "account"}
    record: dict[str, Any] = {name: number(one[field]) for field, name in names.items()}
    record |= {"req": text(one["request"]), "ua": text(one["agent"]), "up": text(one["upstream"])}
    if one["status"] == b"000":
        record["code"] = 0
    return json.dumps(record, ensure_ascii=False).encode()


TSV = ["time", "address", "address", "method", "target", "status", "size", "-", "agent", "viewer", "session"]
TSV_REQUEST = ["status", "request", "time", "size", "duration", "agent", "address"]


def tsv(one: Fields) -> bytes:
    """Write values between tabs, method and target apart."""
    names = ("status", "size", "upstream", "agent", "account", "session")
    return b"\t".join(
        [one["time"], one["forwarded"], one["address"], *split(one["request"]), *(one[name] for name in names)]
    )


def tsv_request(one: Fields) -> bytes:
    """Write values between tabs, with the request line."""
    names = ("status", "request", "time", "size", "took", "agent", "address")
    return b"\t".join(one[name] for name in names)


W3C_FIELDS = b"date time c-ip x-forwarded-for cs-username cs-method %b sc-status sc-bytes time-taken cs(User-Agent)"
W3C_FIELDS += b" cs(X-Playback-Session-Id)"
W3C_KEYS = {"viewer_variable": "remote_user", "client_address": "http_x_forwarded_for"}


def _w3c(one: Fields, target: bytes) -> bytes:
    def value(field: str) -> bytes:
        found = one[field]
        return b'"%b"' % found.replace(b'"', b'""') if b'"' in found else found.replace(b" ", b"+") or b"-"

    method = split(one["request"])[0]
    date = b"2026-01-22 00:00:00" if b"/" not in one["time"] else one["time"] + b" 00:00:00"
    took = b"10" if one["took"] != b"-" else b"-"
    names = ("address", "forwarded", "account")
    values = [date, *map(value, names), method, target, one["status"], one["size"], took]
    return b" ".join([*values, value("agent"), value("session")])


def w3c(one: Fields) -> bytes:
    """Write as IIS does, path and query apart."""
    path, _, query = split(one["request"])[1].partition(b"?")
    quoted = b'"%b"' % path.replace(b'"', b'""') if b'"' in path else path.replace(b" ", b"+")
    return _w3c(one, b"%b %b" % (quoted, query or b"-"))


def w3c_uri(one: Fields) -> bytes:
    """Write with path and query in one field."""
    target = split(one["request"])[1]
    return _w3c(one, b'"%b"' % target.replace(b'"', b'""') if b'"' in target else target.replace(b" ", b"+"))


def haproxy(one: Fields) -> bytes:
    """Write as HAProxy does, without a syslog header."""
    date = one["time"] + b":00:00:00.000" if b"/" in one["time"] else b"22/Jan/2026:00:00:00.000"
    return b'%b:50001 [%b] ott~ edge/s1 0/0/1/2/%b %b %b - - ---- 1/1/0/0/0 0/0 {%b} "%b"' % (
        one["address"],
        date,
        b"10" if one["took"] != b"-" else b"-1",
        one["status"],
        one["size"],
        haproxy_text(one["agent"], b'"#{|}'),
        haproxy_text(one["request"]),
    )


def haproxy_https(one: Fields) -> bytes:
    """Write as HAProxy does with `option httpslog`."""
    return haproxy(one) + b" 0/0000000000000000/0/0/0 edge.example/TLSv1.3/TLS_AES_256_GCM_SHA384"


def traffic_server(one: Fields) -> bytes:
    """Write as Traffic Server does by docs/sources/access-logs.md: nothing is escaped."""
    address, request, status, size, agent = (one[name] for name in ("address", "request", "status", "size", "agent"))
    return b'%b - - [%b] "%b" %b %b "-" "%b"' % (address, clf(one), request, status, size, agent)


SYSLOG_HEADERS = {
    "pid": b"Jan 22 00:00:00 edge-1 haproxy[4711]: ",
    "no pid": b"Jan 22 00:00:00 edge-1 haproxy: ",
    "no host": b"<134>Jan  2 00:00:00 nginx: ",
    "priority": b"<134>Jan 22 00:00:00 edge-1.example ott_log[7]: ",
    "ISO time": b"2026-01-22T00:00:00.123456+05:00 edge-1 haproxy[4711]: ",
    "ISO time in UTC": b"2026-01-22T00:00:00Z edge-1 nginx: ",
    # As rsyslog 8 writes what came by RFC 5424 into a file of its traditional format (rsyslog/rsyslog issue 284).
    "mark of UTF-8": b"Jan 22 00:00:00 edge-1 nginx: \xef\xbb\xbf",
    "mark of UTF-8 alone": b"\xef\xbb\xbf",
    "RFC 5424": b"<190>1 2026-01-22T00:00:00.003Z edge-1 nginx 4711 - - ",
    "RFC 5424 in a file": b'1 2026-01-22T00:00:00.003+05:00 edge-1 nginx - ID47 [a@1 b="c] d"][e@1] \xef\xbb\xbf',
    "year": b"Jan 22 2026 00:00:00 edge-1 nginx[12]: ",
    "docker compose": b"nginx-1  | ",
    "forego, in colour": b"\x1b[0;33;1mnginx.1    | \x1b[0m",
}


def docker(line: bytes) -> bytes:
    """Write a line as Docker's driver json-file does (moby, daemon/logger/jsonfilelog/jsonlog/jsonlogbytes.go)."""
    text = json.dumps(line.decode("utf-8", "replace") + "\n", ensure_ascii=False).replace("\\t", "\\u0009")
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return b'{"log":%b,"stream":"stdout","time":"2026-01-22T00:00:00.003Z"}' % text.encode()


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the settings, its way to write a request, and the fields that it has a place for."""

    keys: Mapping[str, Any]
    write: Callable[[Fields], bytes]
    without: frozenset[str] = frozenset()
    head: bytes = b""


_FORWARDED = {"client_address": "http_x_forwarded_for"}
_FIELDS = {"upstream", "took", "forwarded", "session"}
FORMATS = {
    "combined": Format({"format": "combined"} | COMBINED_KEYS, combined, frozenset(_FIELDS)),
    "combined_vhost": Format({"format": "combined_vhost"} | COMBINED_KEYS, combined_vhost, frozenset(_FIELDS)),
    "ott": Format({"format": OTT} | COMBINED_KEYS | _FORWARDED, ott, frozenset({"upstream"})),
    "log_format without quotes": Format({"format": BARE} | COMBINED_KEYS | _FORWARDED, bare),
    "nginx JSON": Format({"format": JSON_QUOTED} | COMBINED_KEYS | _FORWARDED, json_quoted),
    "nginx JSON, bare numbers": Format({"format": JSON_BARE} | COMBINED_KEYS | _FORWARDED, json_bare),
    "caddy": Format({"format": "caddy"} | COMBINED_KEYS | _FORWARDED, caddy, frozenset({"upstream"})),
    "json": Format({"format": "json", "columns": JSON_COLUMNS}, json_columns),
    "tsv": Format({"format": "tsv", "columns": TSV}, tsv, frozenset({"took"})),
    "tsv with the request line": Format(
        {"format": "tsv", "columns": TSV_REQUEST},
        tsv_request,
        frozenset({"upstream", "forwarded", "account", "session"}),
    ),
    "w3c": Format(
        {"format": "w3c"} | W3C_KEYS,
        w3c,
        frozenset({"upstream"}),
        b"#Fields: " + W3C_FIELDS % b"cs-uri-stem cs-uri-query" + b"\n",
    ),
    "w3c with cs-uri": Format(
        {"format": "w3c"} | W3C_KEYS, w3c_uri, frozenset({"upstream"}), b"#Fields: " + W3C_FIELDS % b"cs-uri" + b"\n"
    ),
    "haproxy": Format({"format": "haproxy"}, haproxy, frozenset({"upstream", "forwarded", "account", "session"})),
    "haproxy with TLS": Format(
        {"format": "haproxy"}, haproxy_https, frozenset({"upstream", "forwarded", "account", "session"})
    ),
    "Traffic Server": Format({"format": "combined"}, traffic_server, frozenset(_FIELDS | {"account"})),
}
