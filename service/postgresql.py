"""How long a program waits for a PostgreSQL whose machine has vanished without a word.

A connection to a machine that lost its power or its network says nothing for a quarter of an hour unless the kernel
asks: a program would go on waiting for an answer long after another server has taken the lead.
"""

from collections.abc import Collection, Mapping

PATIENCE: Mapping[str, int] = {
    "connect_timeout": 5,  # seconds for each of the addresses
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds without an acknowledgement
}


def patience(given: Collection[str] = ()) -> dict[str, int]:
    """Return libpq's parameters that bound each wait, without those that the address itself gives."""
    return {name: value for name, value in PATIENCE.items() if name not in given}
