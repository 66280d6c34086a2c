"""Single pictures of a channel, from the agents that keep them: each fetched once for all who look at it."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from alerts.desk.console.channels import thumbnails
from alerts.desk.console.channels.agents import MOST_ONE, Agents
from alerts.desk.console.channels.album import Place
from alerts.desk.console.channels.thumbnails import Moments

MOST_HELD = 32 * 1024 * 1024  # bytes of pictures
LISTED_SECONDS = 5.0  # for which an agent's list is good
ADDRESS_SECONDS = 60.0


class NoSuchPictureError(LookupError):
    """The agent is not known, or keeps no such picture."""


@dataclass(frozen=True, slots=True)
class _Held:
    until: float
    image: bytes


class Shelf:
    """Copies of pictures, dropped `keep` seconds after they were fetched, or when there are too many."""

    def __init__(self, agents: Agents, clock: Callable[[], float] = monotonic) -> None:
        self._agents = agents
        self._clock = clock
        self._lock = Lock()
        self._held: OrderedDict[tuple[Place, str], _Held] = OrderedDict()
        self._size = 0
        self._lists: dict[str, tuple[float, Mapping[tuple[str, str], Moments]]] = {}
        self._addresses: tuple[float, Mapping[str, str]] = (0.0, {})

    def listed(self, places: Iterable[Place]) -> Mapping[Place, Moments]:
        """Return which pictures are kept at these places; of an agent that does not answer none."""
        result = {}
        for place in places:
            try:
                found = self._list(place.instance).get((place.delivery, place.channel))
            except (OSError, ValueError, NoSuchPictureError):
                continue
            if found:
                result[place] = found
        return result

    def picture(self, place: Place, moment: str) -> bytes:
        """Return a picture.

        Raises:
            NoSuchPictureError: the agent keeps no such picture.
            OSError: the agent does not answer.
            ValueError: its answer is no list of pictures, or no picture.
        """
        key = place, moment
        with self._lock:
            held = self._held.get(key)
            if held is not None and held.until > self._clock():
                self._held.move_to_end(key)
                return held.image
        if moment not in (one for kept in self.listed([place]).values() for one in (*kept.last, *kept.faults)):
            raise NoSuchPictureError(f"{place.instance} keeps no picture of that moment")
        image = self._agents.get(self._address(place.instance), place.delivery, place.channel, moment, most=MOST_ONE)
        thumbnails.check(image)
        self._hold(key, image)
        return image

    def _hold(self, key: tuple[Place, str], image: bytes) -> None:
        with self._lock:
            if before := self._held.pop(key, None):
                self._size -= len(before.image)
            self._held[key] = _Held(self._clock() + self._agents.settings.keep, image)
            self._size += len(image)
            while self._held:
                oldest = next(iter(self._held.values()))
                if self._size <= MOST_HELD and oldest.until > self._clock():
                    break
                self._size -= len(oldest.image)
                self._held.popitem(last=False)

    def _list(self, instance: str) -> Mapping[tuple[str, str], Moments]:
        with self._lock:
            until, found = self._lists.get(instance, (0.0, {}))
        if until > self._clock():
            return found
        found = thumbnails.listed(self._agents.get(self._address(instance)))
        with self._lock:
            now = self._clock()
            self._lists = {name: each for name, each in self._lists.items() if each[0] > now}
            self._lists[instance] = now + LISTED_SECONDS, found
        return found

    def _address(self, instance: str) -> str:
        with self._lock:
            until, known = self._addresses
        if instance not in known or until < self._clock():
            known = self._agents.addresses()
            with self._lock:
                self._addresses = self._clock() + ADDRESS_SECONDS, known
        if instance not in known:
            raise NoSuchPictureError(f"Prometheus scrapes no {instance}")
        return known[instance]
