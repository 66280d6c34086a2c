"""The tables [[edge_log]] that `ott-agent init` proposes."""

import json
from collections.abc import Iterable

from agent.sources.node import LOGS, MAIN, Seen

FORMATS = [*dict.fromkeys(format_ for _, format_ in LOGS), MAIN]
WRITTEN = {
    MAIN: (
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'
        ' "$http_user_agent" "$http_x_forwarded_for"'
    )
}
"""The log_format of a format that has no name of ours."""


def proposal(seen: Seen) -> Iterable[str]:
    """Yield the lines: a table for the best log, and as comments the others, or an example where none was found."""
    logs = seen.logs
    if not logs:
        yield "# No access log was found. Where viewers are served from this node:"
        yield from (f"# {line}" for line in _edge_log("ott", "ott", ["/var/log/nginx/ott_access.log"]))
        yield ""
        return
    # The log that is made for it is the one to count; the others may hold the same requests again.
    chosen = min(logs, key=FORMATS.index)
    yield from (*_edge_log("ott", chosen, logs[chosen]), "")
    for format_ in sorted(logs.keys() - {chosen}):
        yield "# Found as well; as a service of its own, if these are viewers that are not in the log above:"
        yield from (f"# {line}" for line in _edge_log(format_, format_, logs[format_]))
        yield ""


def _edge_log(service: str, format_: str, paths: list[str]) -> tuple[str, ...]:
    better = "" if format_ == "ott" else '  # at nginx better "ott", our own log format: docs/edge-log.md'
    quoted = f"'{WRITTEN[format_]}'" if format_ in WRITTEN else f'"{format_}"'
    return (
        "[[edge_log]]",
        f'service = "{service}"',
        f"paths = {json.dumps(paths)}",
        f"format = {quoted}".ljust(32) + better if better else f"format = {quoted}",
        'idle_timeout = "30s"',
        "# viewer = ['[?&]token=([0-9a-f]{32})']   # what tells viewers apart; without it: address and user agent",
        "channel = '^/live/([^/]+)/'      # the part of the path that names the channel",
    )
