"""The last picture of every channel, fetched once for all who watch, and only while somebody does."""

import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from alerts.desk.console.channels import thumbnails
from alerts.desk.console.channels.agents import Agents, PicturesOffError
from alerts.desk.console.channels.thumbnails import Thumbnail
from alerts.desk.console.shared import PATIENCE, Known, Shared
from alerts.desk.tickets.runtime import Runtime
from service.prometheus import PrometheusError, connect

log = logging.getLogger("desk.console")

PERIOD = 15.0  # seconds between two rounds
SIDE_BY_SIDE = 8  # agents asked at a time
MOST_HELD = 96 * 1024 * 1024  # bytes of pictures
_WITH_PICTURES = "group by (instance) (ott_picture_seen_timestamp_seconds)"


class Place(NamedTuple):
    """Where a picture is from."""

    instance: str
    delivery: str
    channel: str


@dataclass(frozen=True, slots=True)
class Round:
    """One round's pictures, and all of them packed as browsers take them."""

    pictures: Mapping[Place, Thumbnail]
    names: Mapping[Place, str]  # how the packed answer and the pages call each
    packed: bytes
    mark: str


class Album:
    """Pictures for everybody, not older than the settings keep them."""

    def __init__(self, runtime: Runtime, agents: Agents) -> None:
        self._runtime = runtime
        self._agents = agents
        self._failing: set[str] = set()
        self._last: Mapping[Place, Thumbnail] = {}
        self._shared = Shared(self._ask, PERIOD, 4 * PERIOD)

    async def latest(self, patience: float = PATIENCE) -> Known[Round]:
        """Return the pictures as known now; none where the settings switch them off."""
        if self._runtime.settings.pictures is None:
            self._last = {}
            return Known(None, 0.0, failing=False)
        return await self._shared.latest(patience)

    def _ask(self) -> Round:
        try:
            keep = self._agents.settings.keep
        except PicturesOffError:
            return packed({})
        known = self._agents.addresses()
        agents = {name: known[name] for name in self._instances() if name in known}
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            answers = list(pool.map(self._of_agent, agents, agents.values()))
        oldest = self._runtime.now().timestamp() - keep
        found = {place: picture for answer in answers for place, picture in answer.items() if picture.at > oldest}
        self._last = bounded(found)
        return packed(self._last)

    def _instances(self) -> list[str]:
        settings = self._runtime.settings
        server = connect(settings.prometheus, token=settings.token_of_prometheus())
        try:
            return [sample.labels.get("instance", "") for sample in server.query(_WITH_PICTURES)]
        except PrometheusError as error:
            raise OSError(str(error)) from None
        finally:
            server.close()

    def _of_agent(self, instance: str, base: str) -> Mapping[Place, Thumbnail]:
        """Return an agent's pictures; of one that does not answer as it should the last known."""
        try:
            found = thumbnails.latest(self._agents.get(base, "latest"))
        except (OSError, ValueError) as error:
            if instance not in self._failing:
                log.warning("an agent gives no pictures", extra={"instance": instance, "reason": str(error)[:300]})
                self._failing.add(instance)
            return {place: picture for place, picture in self._last.items() if place.instance == instance}
        self._failing.discard(instance)
        return {Place(instance, *way): picture for way, picture in found.items()}


def bounded(found: Mapping[Place, Thumbnail], most: int = MOST_HELD) -> Mapping[Place, Thumbnail]:
    """Return the newest pictures that fit into `most` bytes."""
    result: dict[Place, Thumbnail] = {}
    size = 0
    for place, picture in sorted(found.items(), key=lambda each: -each[1].at):
        size += len(picture.image)
        if size > most:
            break
        result[place] = picture
    return result


def packed(pictures: Mapping[Place, Thumbnail]) -> Round:
    """Return a round: a line of JSON, [[name, moment, size], …], and behind it the pictures in that order."""
    names = {place: "/".join(place) for place in sorted(pictures)}
    listed = [[name, pictures[place].at, len(pictures[place].image)] for place, name in names.items()]
    head = json.dumps(listed, separators=(",", ":"), ensure_ascii=False).encode()
    body = b"".join([head, b"\n", *(pictures[place].image for place in names)])
    mark = sha256(head).hexdigest()[:16]
    return Round(pictures, names, body, mark)
