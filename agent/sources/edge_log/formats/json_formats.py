"""Formats of JSON lines: nginx's `escape=json` by its template, Caddy's, and any other by the paths of its fields."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any

from agent.sources.edge_log.formats.cmcd_headers import CMCD_HEADERS
from agent.sources.edge_log.formats.json_lines import JsonLines
from agent.sources.edge_log.formats.json_record import Path
from agent.sources.edge_log.formats.log_format import Choice, find_roles, with_one_target
from agent.sources.edge_log.formats.log_format_expression import ADDRESSES
from agent.sources.edge_log.formats.rows import FIELDS, need

_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})")
# Several that together are what one is: the target behind its origin, a query behind its mark, a request's three parts.
_TOGETHER = (
    (re.compile(r"\$scheme://\$(?:host|http_host|server_name)(?::\$server_port)?\$request_uri"), "request_uri"),
    (re.compile(r"\?\$(?:args|query_string) ?"), "args"),
    (re.compile(r"\$request_method \$request_uri \$server_protocol"), "request"),
)
# A text, to be passed over; or a variable outside of one, for a number.
_BARE = re.compile(rf'"(?:[^"\\]|\\.)*"|({_VARIABLE.pattern})')


def nginx_json(template: str, choice: Choice) -> JsonLines:
    """Return the format of nginx's `log_format … escape=json '{"key":"$variable","number":$variable,…}'`."""
    quoted = _BARE.sub(lambda found: f'"{found[1]}"' if found[1] else found[0], with_one_target(template))
    try:
        keys = json.loads(quoted)
    except json.JSONDecodeError as error:
        before = quoted[max(0, error.pos - 30) : error.pos]
        raise ValueError(
            f"format begins like JSON but is none: see what follows {before!r}; give nginx's log_format as one object"
        ) from None
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


def _variables(keys: Mapping[str, Any], front: Path) -> Iterator[tuple[str, Path]]:
    """Yield each variable that alone is a value, or that several together are, and its path."""
    for key, value in keys.items():
        path = (*front, key)
        if isinstance(value, dict):
            yield from _variables(value, path)
        elif isinstance(value, str) and _VARIABLE.fullmatch(value):
            yield value[1:].strip("{}"), path
        elif isinstance(value, str):
            yield from ((variable, path) for pattern, variable in _TOGETHER if pattern.fullmatch(value))


def named_fields(columns: Sequence[str], choice: Choice, zone: tzinfo = UTC) -> JsonLines:
    """Return the format of `columns = ["time=ts", …]`; raise ValueError with the remedy."""
    fields: list[tuple[str, Path]] = []
    for column in columns:
        name, equals, path = column.partition("=")
        if name not in (*FIELDS, "cmcd") or not equals or not path:
            raise ValueError(f'columns: {column!r} is not "name=key.path" with a name of {", ".join(FIELDS)}, cmcd')
        if name not in ("address", "cmcd") and name in dict(fields):
            raise ValueError(f'columns name "{name}" twice')
        fields.append((name, tuple(path.split("."))))
    need([name for name, _ in fields])
    return JsonLines(fields, choice.methods, zone, flat_keys=True)


def caddy(choice: Choice) -> JsonLines:
    """Return Caddy's format, with the values that a site chose by the names of nginx's variables."""
    fields = [(name, tuple(path.split("."))) for name, _, path in (column.partition("=") for column in CADDY)]
    if choice.client_address and choice.client_address != "remote_addr":
        fields = [("address", _caddy_path(choice.client_address)), *fields]
    for name, variable in (("session", choice.session_variable), ("viewer", choice.viewer_variable)):
        if variable:
            fields.append((name, _caddy_path(variable)))
    if choice.cmcd:
        fields += [("cmcd", _caddy_path(name)) for name in CMCD_HEADERS]
    return JsonLines(fields, choice.methods)


def _caddy_path(variable: str) -> Path:
    """Return the path of what nginx calls `variable`, or of what is a path already."""
    if variable.startswith("http_"):
        return "request", "headers", variable.removeprefix("http_").replace("_", "-").title()
    return tuple({"remote_user": "user_id"}.get(variable, variable).split("."))


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
