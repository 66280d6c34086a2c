"""Two desks on a PostgreSQL under Patroni, with HAProxy before them, in the place of the one desk of the chaos."""

import os
import random
import re
import signal
from contextlib import suppress
from pathlib import Path

import httpx

from demo.processes import Program, wait_until
from deploy.pair.loopback import SIDES, Pair, addresses, end, settings_of, start, write

SECONDS = 240.0
# Metrics and alerts are those of the chaos; nothing else may open a ticket.
PROGRAMS = ("etcd", "patroni", "haproxy", "desk")


class PairDesks:
    """One desk to everybody: a kill meets either side's."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.pair = Pair(settings_of(addresses(), folder), folder / "pair")
        self._dice = dice
        self._killed: Program | None = None

    @property
    def url(self) -> str:
        """Where HAProxy serves whichever desk is ready."""
        return self.pair.console("a")

    @property
    def token(self) -> str:
        """What Alertmanager sends; there is none before `begin`."""
        return self.pair.token

    @property
    def log(self) -> str:
        """What both desks have said."""
        return "".join((self.pair.folder / "log" / f"{side}-desk.log").read_text("utf-8") for side in SIDES)

    def begin(self, settings: str) -> None:
        """Start both with these lines in the place of their own."""
        write(self.pair, "[]")
        for side in SIDES:
            file = self.pair.root(side) / "etc/ottwatch/desk.toml"
            own = re.sub(r"^(alertmanagers|prometheus) = .*\n", "", file.read_text("utf-8"), flags=re.MULTILINE)
            file.write_text(settings + own, "utf-8")
        start(self.pair, PROGRAMS)

    def kill(self) -> None:
        """Kill one."""
        self._killed = self.pair.programs[self._dice.choice(SIDES), "desk"]
        self._killed.kill()

    def start(self, seconds: float = SECONDS) -> None:
        """Start it again."""
        assert self._killed is not None, "none was killed"
        self._killed.start()
        self._killed.wait_ready(seconds)

    def end(self) -> None:
        """Stop everything."""
        end(self.pair)
        self.pair.http.close()

    def client(self) -> httpx.Client:
        """Return a client of the API."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)


class PairPostgres:
    """Its PostgreSQL: the leader is killed, and the other one leads."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def kill(self) -> None:
        """Kill the server that leads; Patroni lives."""
        if side := self._pair.leader():
            with suppress(ProcessLookupError):
                os.kill(self._pair.postmaster(side), signal.SIGKILL)

    def start(self) -> None:
        """Wait until there are two again."""
        wait_until(self._pair.has_standby, SECONDS, "PostgreSQL has no standby")
