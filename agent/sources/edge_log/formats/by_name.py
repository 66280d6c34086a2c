"""Log formats by name, and the way from a setting to a format."""

from collections.abc import Sequence
from datetime import UTC, tzinfo

from agent.sources.edge_log.formats.batch import LineFormat
from agent.sources.edge_log.formats.cmcd_headers import CMCD_HEADERS
from agent.sources.edge_log.formats.duration_unit import UNITS, InUnit
from agent.sources.edge_log.formats.haproxy import HaProxy
from agent.sources.edge_log.formats.json_formats import caddy, named_fields, nginx_json
from agent.sources.edge_log.formats.local_time import LocalTimeFormat, changes
from agent.sources.edge_log.formats.log_format import Choice, LogFormat
from agent.sources.edge_log.formats.tab_separated import TabSeparated
from agent.sources.edge_log.formats.w3c import W3c

_OTT = (
    '$msec $remote_addr $status $bytes_sent $request_time "$request" "$http_user_agent" "$http_x_playback_session_id"'
)

# Presets are nginx's notation, whoever writes the log.
PRESETS = {
    "combined": (
        "$remote_addr $remote_logname $remote_user [$time_local]"
        ' "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
    ),
    "combined_vhost": (
        "$host $remote_addr $remote_logname $remote_user [$time_local]"
        ' "$request" $status $bytes_sent "$http_referer" "$http_user_agent"'
    ),
    "ott": _OTT,
    "ott_cmcd": _OTT + "".join(f' "${name}"' for name in CMCD_HEADERS),
}


def make_format(
    name: str, columns: Sequence[str] = (), choice: Choice | None = None, zone: tzinfo = UTC, unit: str = "s"
) -> LineFormat:
    """Return the format of a preset's name or of nginx's log_format string; raise ValueError with the remedy.

    `unit` is that of the durations, where the format itself does not say it.
    """
    log_format = _make(name, columns, choice or Choice(), zone)
    if unit != "s":
        log_format = _in_unit(log_format, name, unit)
    local = changes(zone) and name in ("json", "tsv", "w3c", "haproxy")
    return LocalTimeFormat(log_format, zone) if local else log_format


def _in_unit(log_format: LineFormat, name: str, unit: str) -> LineFormat:
    if unit not in UNITS:
        raise ValueError(f'duration_unit must be one of {", ".join(UNITS)}, not "{unit}"')
    if name in PRESETS or name in ("haproxy", "w3c"):
        raise ValueError(f'duration_unit: format "{name}" has its own; remove it, or give the log_format of your own')
    if not log_format.has_durations:
        raise ValueError("duration_unit: the format has no duration; add $request_time, or duration to columns")
    return InUnit(log_format, unit)


def _make(name: str, columns: Sequence[str], choice: Choice, zone: tzinfo) -> LineFormat:
    if name in ("json", "tsv"):
        if not columns:
            raise ValueError(f'columns are missing: format = "{name}" needs to know where the log has what')
        return named_fields(columns, choice, zone) if name == "json" else TabSeparated(columns, choice.methods, zone)
    if columns:
        raise ValueError(f'columns belong to format = "json" or "tsv", not to "{name}"; remove them')
    if name == "caddy":
        return caddy(choice)
    if name == "w3c":
        return W3c(choice, zone)
    if name == "haproxy":
        return HaProxy(choice, zone)
    if name.startswith("{"):
        return nginx_json(name, choice)
    if "$" not in name and name not in PRESETS:
        known = ", ".join((*PRESETS, "caddy", "w3c", "haproxy", "json", "tsv"))
        raise ValueError(f'format "{name}" is unknown; known: {known}, or nginx\'s log_format string')
    return LogFormat(PRESETS.get(name, name), choice)
