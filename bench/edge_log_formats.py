"""Each log format for bench.edge_log_lines: how its server writes a request, and how mtail is told to read it.

The expressions take what the parsers of ottwatch take: everything that is counted and what stands between, no less.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.edge_log_generator import BEGIN, PLAYERS

VIEWERS, CHANNELS, RATE = 15_000, 200, 5_000
CHANCE = random.Random(3)
TOKENS = [f"{CHANCE.getrandbits(128):032x}" for _ in range(VIEWERS)]


class Request:
    """A request of a viewer; every viewer asks in turn."""

    def __init__(self, number: int) -> None:
        viewer = number * 7919 % VIEWERS
        second, within = divmod(number, RATE)
        self.second, self.millisecond = BEGIN + second, within * 1000 // RATE
        self.address = f"10.{viewer >> 16}.{viewer >> 8 & 255}.{viewer & 255}"
        name = "index.m3u8" if number // VIEWERS % 2 else f"{second // 6}.ts"
        self.path, self.query = f"/live/c{viewer % CHANNELS}/720p/{name}", f"token={TOKENS[viewer]}"
        self.target = f"{self.path}?{self.query}"
        self.size, self.took = CHANCE.randrange(500, 2_000_000), CHANCE.randrange(1, 400)
        self.agent = PLAYERS[viewer % 3]

    def clock(self, layout: str) -> str:
        """Return the whole second in words."""
        return time.strftime(layout, time.gmtime(self.second))


COMMON = "%d/%b/%Y:%H:%M:%S +0000"


def combined(one: Request) -> str:
    """Write as nginx does without a log_format."""
    request = f"GET {one.target} HTTP/1.1"
    return f'{one.address} - - [{one.clock(COMMON)}] "{request}" 200 {one.size} "-" "{one.agent}"'


def ott(one: Request) -> str:
    """Write in the recommended log_format."""
    return (
        f"{one.second}.{one.millisecond:03d} {one.address} 200 {one.size} {one.took / 1000:.3f}"
        f' "GET {one.target} HTTP/1.1" "{one.agent}" "-"'
    )


NGINX_JSON = (
    '{"time":"$time_iso8601","address":"$remote_addr","host":"$host","request":"$request","status":"$status",'
    '"bytes":"$bytes_sent","took":"$request_time","referer":"$http_referer","agent":"$http_user_agent"}'
)


def nginx_json(one: Request) -> str:
    """Write in NGINX_JSON with escape=json."""
    values = {
        "time": one.clock("%Y-%m-%dT%H:%M:%S+00:00"),
        "address": one.address,
        "host": "cdn.example",
        "request": f"GET {one.target} HTTP/1.1",
        "status": "200",
        "bytes": str(one.size),
        "took": f"{one.took / 1000:.3f}",
        "referer": "",
        "agent": one.agent,
    }
    return json.dumps(values, separators=(",", ":"))


def caddy(one: Request) -> str:
    """Write as Caddy does: headers in any order, an entity tag in escaped quotes."""
    headers = {
        "User-Agent": [one.agent],
        "Accept": ["*/*"],
        "Accept-Encoding": ["gzip, deflate"],
        "Origin": ["https://player.example"],
        "Connection": ["keep-alive"],
    }
    record: dict[str, Any] = {
        "level": "info",
        "ts": one.second + one.millisecond / 1000,
        "logger": "http.log.access.log0",
        "msg": "handled request",
        "request": {
            "remote_ip": one.address,
            "remote_port": str(20_000 + one.size % 40_000),
            "client_ip": one.address,
            "proto": "HTTP/1.1",
            "method": "GET",
            "host": "cdn.example",
            "uri": one.target,
            "headers": dict(CHANCE.sample(sorted(headers.items()), len(headers))),
        },
        "bytes_read": 0,
        "user_id": "",
        "duration": one.took / 1000,
        "size": one.size,
        "status": 200,
        "resp_headers": {
            "Server": ["Caddy"],
            "Etag": ['"ddnp8sh5vg3i58"'],
            "Content-Type": ["video/mp2t"],
            "Content-Length": [str(one.size)],
            "Accept-Ranges": ["bytes"],
        },
    }
    return json.dumps(record, separators=(",", ":"))


def w3c(one: Request) -> str:
    """Write as IIS does."""
    return (
        f"{one.clock('%Y-%m-%d %H:%M:%S')} 10.9.9.9 GET {one.path} {one.query} 80 - {one.address}"
        f" {one.agent.replace(' ', '+')} - 200 0 0 {one.size} {one.took}"
    )


def haproxy(one: Request) -> str:
    """Write as HAProxy and rsyslog do."""
    return (
        f"{one.clock('%b %d %H:%M:%S')} lb-1 haproxy[714]: {one.address}:{20_000 + one.size % 40_000}"
        f" [{one.clock('%d/%b/%Y:%H:%M:%S')}.{one.millisecond:03d}] ott~ edge/edge1 0/0/1/2/{one.took}"
        f' 200 {one.size} - - ---- 25/25/7/3/0 0/0 {{{one.agent}}} "GET {one.target} HTTP/1.1"'
    )


def tsv(one: Request) -> str:
    """Write values between tabs."""
    values = (
        one.clock("%Y-%m-%dT%H:%M:%SZ"),
        "ala-1",
        one.address,
        "GET",
        one.target,
        "200",
        str(one.size),
        f"{one.took / 1000:.3f}",
        one.agent,
    )
    return "\t".join(values)


PATH, QUERY = r"\/live\/(?P<channel>[^\/]+)\/[^\s?]*", "token=(?P<token>[0-9a-f]{32})"
TARGET = rf"{PATH}\?{QUERY}"
REQUEST = rf'"GET {TARGET} HTTP\/[0-9.]+"'
STATUS, SIZE = "(?P<code>[0-9])[0-9]{2}", "(?P<size>[0-9]+)"
TOOK = r"(?P<took>[0-9]+\.[0-9]+)"
CLIENT = "(?P<address>[0-9A-Za-z.:_%-]+)"
TEXT = r'"(?:[^"\\]|\\.)*"'
LIST = rf"\[{TEXT}(?:,{TEXT})*\]"
CLF = rf'{CLIENT} [^ ]* [^ ]* \[(?P<time>[^\]]{{26}})\] {REQUEST} {STATUS} {SIZE} "[^"]*" "(?P<agent>[^"]*)"$'


@dataclass(frozen=True, slots=True)
class Format:
    """One format: `expression` and `moment` are mtail's."""

    write: Callable[[Request], str]
    expression: str
    moment: str
    keys: Mapping[str, Any]
    head: str = ""
    took: str = ""  # the request's time in seconds, where the format has it


def strptime(layout: str) -> str:
    """Return mtail's statement that reads `$time`; Go writes layouts as an example."""
    return f'strptime($time, "{layout}")'


FORMATS = {
    "combined": Format(combined, f"^{CLF}", strptime("02/Jan/2006:15:04:05 -0700"), {"format": "combined"}),
    "combined_vhost": Format(
        lambda one: f"cdn.example:80 {combined(one)}",
        f"^[^ ]* {CLF}",
        strptime("02/Jan/2006:15:04:05 -0700"),
        {"format": "combined_vhost"},
    ),
    "ott": Format(
        ott,
        rf'^(?P<time>[0-9]+)\.[0-9]{{3}} {CLIENT} {STATUS} {SIZE} {TOOK} {REQUEST} "(?P<agent>[^"]*)" "[^"]*"$',
        "settime($time)",
        {"format": "ott"},
        took="$took",
    ),
    "nginx_json": Format(
        nginx_json,
        rf'^\{{"time":"(?P<time>[0-9T:+-]{{25}})","address":"{CLIENT}","host":{TEXT},"request":{REQUEST},'
        rf'"status":"{STATUS}","bytes":"{SIZE}","took":"{TOOK}","referer":{TEXT},"agent":(?P<agent>{TEXT})\}}$',
        strptime("2006-01-02T15:04:05-07:00"),
        {"format": NGINX_JSON},
        took="$took",
    ),
    "caddy": Format(
        caddy,
        rf'^\{{"level":{TEXT},"ts":(?P<time>[0-9]+)(?:\.[0-9]+)?,"logger":{TEXT},"msg":{TEXT},"request":\{{'
        rf'"remote_ip":{TEXT},"remote_port":{TEXT},"client_ip":"{CLIENT}","proto":{TEXT},"method":"GET","host":{TEXT},'
        rf'"uri":"{TARGET}","headers":\{{(?:{TEXT}:{LIST},)*"User-Agent":\[(?P<agent>{TEXT})\](?:,{TEXT}:{LIST})*\}}\}},'
        rf'"bytes_read":[0-9]+,"user_id":{TEXT},"duration":(?P<took>[0-9]+(?:\.[0-9]+)?),"size":{SIZE},'
        rf'"status":{STATUS},"resp_headers":\{{(?:{TEXT}:{LIST},?)*\}}\}}$',
        "settime($time)",
        {"format": "caddy"},
        took="$took",
    ),
    "w3c": Format(
        w3c,
        rf"^(?P<time>[^ ]+ [^ ]+) [^ ]+ GET {PATH} {QUERY} [^ ]+ [^ ]+ {CLIENT}"
        rf" (?P<agent>[^ ]+) [^ ]+ {STATUS} [^ ]+ [^ ]+ {SIZE} (?P<took>[0-9]+)$",
        strptime("2006-01-02 15:04:05"),
        {"format": "w3c"},
        head="#Version: 1.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip"
        " cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes time-taken\n",
        took="$took / 1000.0",
    ),
    "haproxy": Format(
        haproxy,
        rf'^(?:[^{{"]*haproxy\[[0-9]+\]: )?{CLIENT}:[0-9]+ \[(?P<time>[^\].]+)\.[0-9]{{3}}\] [^ ]+ [^ ]+\/[^ ]+'
        rf" (?:-?[0-9]+\/){{4}}\+?(?P<took>[0-9]+) {STATUS} \+?{SIZE} [^ ]+ [^ ]+ [^ ]{{4}} [0-9+\/]+ [0-9\/]+"
        rf" (?:\{{(?P<agent>[^}}]*)\}} )?(?:\{{[^}}]*\}} )?{REQUEST}$",
        strptime("02/Jan/2006:15:04:05"),
        {"format": "haproxy"},
        took="$took / 1000.0",
    ),
    "tsv": Format(
        tsv,
        rf"^(?P<time>[^\t]+)Z\t[^\t]*\t{CLIENT}\tGET\t{TARGET}\t{STATUS}\t{SIZE}\t{TOOK}"
        r"\t(?P<agent>[^\t]*)$",
        strptime("2006-01-02T15:04:05"),
        {
            "format": "tsv",
            "columns": ["time", "-", "address", "method", "target", "status", "size", "duration", "agent"],
        },
        took="$took",
    ),
}
