"""What programs ask of a PostgreSQL: an answer in time, and an encoding that holds every text.

A connection to a machine that lost its power or its network says nothing for a quarter of an hour unless the kernel
asks: a program would go on waiting for an answer long after another server has taken the lead.
"""

from collections.abc import Collection, Mapping
from typing import Any

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


def check_encoding(connection: Any) -> None:
    """Raise ValueError where a new connection of psycopg leads to a database that cannot store every text.

    A database in LATIN1 takes tickets for years and refuses the first one with a Russian name in it.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in (None, "UTF8"):
        raise ValueError(
            f'the database "{connection.info.dbname}" is in the encoding {encoding}, which cannot store every name; '
            "make another one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
