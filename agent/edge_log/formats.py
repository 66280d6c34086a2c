"""Log formats by name, and the way from a setting to a format."""

from collections.abc import Sequence

from agent.edge_log.batch import LineFormat
from agent.edge_log.log_format import Choice, LogFormat

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
    "ott": (
        "$msec $remote_addr $status $bytes_sent $request_time"
        ' "$request" "$http_user_agent" "$http_x_playback_session_id"'
    ),
}


def make_format(name: str, columns: Sequence[str] = (), choice: Choice | None = None) -> LineFormat:
    """Return the format of a preset's name or of nginx's log_format string; raise ValueError with the remedy."""
    if "$" in name:
        text = name
    elif name in PRESETS:
        text = PRESETS[name]
    else:
        raise ValueError(f'format "{name}" is unknown; known: {", ".join(PRESETS)}, or nginx\'s log_format string')
    if columns:
        raise ValueError(f'columns belong to format = "tsv" or "json", not to {name!r}; remove them')
    return LogFormat(text, choice)
