"""The middleware: accounts in a database, and the keep-alives of those who watch written into it.

A set-top box or an application says every few seconds that it is in use: one datagram with the account's number.
They are written together once a second, in one transaction, as a middleware with many boxes does it.
"""

import argparse
import asyncio
import logging
import random
import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from service import logs

# How many accounts of each status a service has.
ACCOUNTS: dict[str, dict[str, int]] = {
    "ott": {"active": 3_100, "trial": 240, "suspended": 170, "trial_closed": 310, "closed": 260, "deleted": 120},
    "iptv": {"active": 5_200, "blocked_in_roaming": 35, "suspended": 280, "closed": 410, "deleted": 75},
}
SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE subscriber (id INTEGER PRIMARY KEY, service TEXT NOT NULL, status TEXT NOT NULL);
CREATE INDEX subscriber_by_status ON subscriber (service, status);
CREATE TABLE keepalive (subscriber_id INTEGER PRIMARY KEY REFERENCES subscriber, seen_at REAL NOT NULL);
CREATE INDEX keepalive_by_time ON keepalive (seen_at);
CREATE TABLE device (subscriber_id INTEGER NOT NULL REFERENCES subscriber, token TEXT NOT NULL UNIQUE);
"""

logger = logging.getLogger("demo.middleware")


def provision(database: Path, seed: int) -> None:
    """Make the database with its accounts, in an order that says nothing about their status."""
    rows = [
        (service, status)
        for service, statuses in ACCOUNTS.items()
        for status, count in statuses.items()
        for _ in range(count)
    ]
    random.Random(seed).shuffle(rows)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO subscriber (service, status) VALUES (?, ?)", rows)


def subscribers(database: Path, service: str, count: int) -> list[int]:
    """Return the numbers of `count` active accounts of a service."""
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT id FROM subscriber WHERE service = ? AND status = 'active' ORDER BY id LIMIT ?"
        return [row[0] for row in connection.execute(query, (service, count))]


def issue_tokens(database: Path, accounts: list[int]) -> dict[int, str]:
    """Give each account the token that its requests for content carry."""
    tokens = {account: secrets.token_hex(16) for account in accounts}
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany("INSERT INTO device VALUES (?, ?)", tokens.items())
    return tokens


class Keepalives(asyncio.DatagramProtocol):
    """Collects what arrived since the last write."""

    def __init__(self) -> None:
        self.seen: dict[int, float] = {}
        self.rejected = 0

    def datagram_received(self, data: bytes, _: tuple[str | int, int]) -> None:
        """Note one account; anything but its number is counted and dropped."""
        if data.isdigit() and len(data) < 10:
            self.seen[int(data)] = time.time()
        else:
            self.rejected += 1

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what arrived since the last call."""
        seen, self.seen = self.seen, {}
        with connection:
            connection.executemany("INSERT OR REPLACE INTO keepalive VALUES (?, ?)", seen.items())


async def serve(database: Path, port: int) -> None:
    """Take keep-alives on the loopback port and write them once a second."""
    keepalives = Keepalives()
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: keepalives, ("127.0.0.1", port))
    logger.info("taking keep-alives on port %d", port)
    with closing(sqlite3.connect(database)) as connection:
        while True:
            await asyncio.sleep(1)
            keepalives.write(connection)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser("middleware")
    parser.add_argument("database", type=Path)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    logs.configure("text")
    asyncio.run(serve(arguments.database, arguments.port))


if __name__ == "__main__":
    main()
