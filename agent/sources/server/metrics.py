"""What streaming servers say of themselves; the presets say which server has which."""

from service.metric import Metric

EDGE_CONNECTIONS = Metric(
    "ott_edge_connections", "gauge", "Client connections of the streaming server by state.", ("state",)
)

SERVER_ACCEPTED = Metric(
    "ott_server_connections_accepted_total", "counter", "Client connections accepted.", ("server",), reader="ad hoc"
)
SERVER_HANDLED = Metric(
    "ott_server_connections_handled_total",
    "counter",
    "Client connections handled; those accepted but not handled were dropped at a limit.",
    ("server",),
    reader="ad hoc",
)
SERVER_DROPPED = Metric(
    "ott_server_connections_dropped_total",
    "counter",
    "Client connections refused or dropped, where the server counts them.",
    ("server",),
    reader="ad hoc",
)
SERVER_REQUESTS = Metric(
    "ott_server_requests_total", "counter", "Requests by the server's own count.", ("server",), reader="ad hoc"
)
SERVER_RESPONSES = Metric(
    "ott_server_responses_total",
    "counter",
    "Responses by status class and the server's own count.",
    ("server", "code"),
    reader="ad hoc",
)
SERVER_RECEIVED = Metric(
    "ott_server_receive_bytes_total", "counter", "Bytes received by the server.", ("server",), reader="ad hoc"
)
SERVER_TRANSMITTED = Metric(
    "ott_server_transmit_bytes_total", "counter", "Bytes sent by the server.", ("server",), reader="ad hoc"
)
SERVER_RECEIVING = Metric(
    "ott_server_receive_bytes_per_second",
    "gauge",
    "Bytes received per second, where the server gives only a rate.",
    ("server",),
    reader="ad hoc",
)
SERVER_TRANSMITTING = Metric(
    "ott_server_transmit_bytes_per_second",
    "gauge",
    "Bytes sent per second, where the server gives only a rate.",
    ("server",),
    reader="ad hoc",
)
SERVER_CACHE_REQUESTS = Metric(
    "ott_server_cache_requests_total",
    "counter",
    "Requests by what the cache did: hit, miss or pass.",
    ("server", "result"),
    reader="ad hoc",
)
SERVER_WORKERS = Metric(
    "ott_server_workers", "gauge", "Workers of the server by state.", ("server", "state"), reader="ad hoc"
)
SERVER_STREAMS = Metric("ott_server_streams", "gauge", "Live streams that have a source.", ("server",), reader="ad hoc")
SERVER_CLIENTS = Metric(
    "ott_server_clients",
    "gauge",
    "Clients by protocol and the server's own count; not the sessions of docs/sessions.md.",
    ("server", "protocol"),
    reader="ad hoc",
)
SERVER_CHANNEL_CLIENTS = Metric(
    "ott_server_channel_clients",
    "gauge",
    "Clients of each stream by the server's own count.",
    ("server", "channel"),
    reader="ad hoc",
)
SERVER_CHANNEL_RECEIVED = Metric(
    "ott_server_channel_receive_bytes_total",
    "counter",
    "Bytes received for each stream.",
    ("server", "channel"),
    reader="ad hoc",
)
SERVER_CHANNEL_TRANSMITTED = Metric(
    "ott_server_channel_transmit_bytes_total",
    "counter",
    "Bytes sent for each stream.",
    ("server", "channel"),
    reader="ad hoc",
)

ALL = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
