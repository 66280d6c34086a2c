"""One channel's probe: what a player does from the channel's address to the newest segment, and what it finds."""

from collections import Counter
from collections.abc import Callable, Iterator

from agent.sources.media import Media
from agent.sources.streams import metrics as catalogue
from agent.sources.streams.capture import Capture
from agent.sources.streams.content import Remark
from agent.sources.streams.cookies import Cookies
from agent.sources.streams.fetch import Fetcher
from agent.sources.streams.journal import Journal
from agent.sources.streams.live import NotJudged, Offer
from agent.sources.streams.loader import Loader
from agent.sources.streams.reasons import Fault, Reason
from agent.sources.streams.rendition import Rendition
from agent.sources.streams.session import Session
from agent.sources.streams.settings import StreamSettings
from service.metric import Sample

MOST_RENDITIONS = 64
_LONGEST_NAME = 80  # characters of a rendition's name as a label


class Channel:
    """A channel: `probe` looks at it once, `samples` are what the last look gave."""

    def __init__(
        self,
        settings: StreamSettings,
        url: str,
        clock: Callable[[], float],
        journal: Journal | None = None,
        media: Media | None = None,
    ) -> None:
        """Take the channel's settings and address; `media` takes what the picture checks look into."""
        self.settings, self.clock = settings, clock
        self.journal = journal or Journal()
        self.errors: Counter[Reason] = Counter()
        self.faults: dict[Reason, str] = {}  # that stand now, and what they are
        self.limits: dict[str, str] = {}  # what cannot be judged, and why
        self.up: bool | None = None
        self._media = media if media is not None and media.wanted(settings.channel) else None
        cookies = Cookies()
        self._loader = Loader(clock, cookies, self.journal)
        self._session = Session(url, settings.deadline, clock, cookies, self.journal)
        self._probed_at: float | None = None
        self._renditions: dict[str, Rendition] = {}
        self._current: list[Rendition] = []  # those of the last look that can be played
        self._verdicts: dict[str, bool] = {}  # of the last look, by rendition, where all are wanted
        self._chosen = ""  # the rendition that was played last
        self._examined: frozenset[str] | None = None  # renditions for the picture checks; None for any that is loaded

    async def probe(self, fetcher: Fetcher) -> None:
        """Look at the channel as it is now."""
        kept = self._session.begun
        found: list[Remark] = []
        up = await self._look(fetcher, found)
        if up is False and kept:
            # A session that has ended is no outage: a player starts again from the channel's own address.
            self.journal.note("info", "the session", "what earlier looks led to no longer plays: starting again")
            self._forget()
            found = []
            up = await self._look(fetcher, found)
        if not up:
            self._forget()
        self.errors.update(remark.reason for remark in found)
        lasting = (remark for rendition in self._current for remark in rendition.lasting)
        self.faults = {remark.reason: remark.detail for remark in (*lasting, *found)}
        self.up, self._probed_at = up, self.clock()

    def samples(self) -> Iterator[Sample]:
        """Yield what the last probe gave; of a channel that could not be read only that, and the faults so far."""
        channel = self.settings.channel
        for reason in Reason:
            # All from the start: of a counter that begins with its first fault, `increase` does not see that fault.
            yield catalogue.STREAM_ERRORS.sample(self.errors[reason], channel, reason.value)
        if self._probed_at is None:
            return
        for limit in sorted(self.limits):
            yield catalogue.STREAM_NOT_JUDGED.sample(1.0, channel, limit)
        yield catalogue.STREAM_PROBED.sample(self._probed_at, channel)
        if self.up is None:
            return
        yield catalogue.STREAM_UP.sample(float(self.up), channel)
        yield from self._each(channel)
        if self.up:
            yield from self._figures(channel)

    def _each(self, channel: str) -> Iterator[Sample]:
        """Yield each rendition's figures, where all are wanted; of one that could not be played only that."""
        for name, verdict in {_label(name): (name, good) for name, good in self._verdicts.items()}.items():
            rendition = self._renditions.get(verdict[0])
            yield catalogue.RENDITION_UP.sample(float(verdict[1]), channel, name)
            if not verdict[1] or rendition is None:
                continue
            if rendition.progress is not None:
                yield catalogue.RENDITION_ADVANCED.sample(rendition.progress.advanced_at, channel, name)
            if rendition.download is not None:
                yield catalogue.RENDITION_DOWNLOAD.sample(rendition.download.seconds, channel, name)
                yield catalogue.RENDITION_DURATION.sample(rendition.download.duration, channel, name)

    def _figures(self, channel: str) -> Iterator[Sample]:
        """Yield the worst of the renditions that can be played."""
        shown = [rendition for rendition in self._current if not rendition.beside]
        lives = [rendition.live for rendition in shown if rendition.live is not None and rendition.live.moves]
        edges = [live.edge for live in lives if live.edge is not None]
        if edges:
            yield catalogue.STREAM_LIVE_EDGE.sample(min(edges), channel)
        # Sound beside the pictures is looked at less often, so that its moment says something where it stands still.
        told = [one for one in self._current if not one.beside or one.stalled]
        moved = [rendition.progress.advanced_at for rendition in told if rendition.progress is not None]
        if moved:
            yield catalogue.STREAM_ADVANCED.sample(min(moved), channel)
        if lives:
            yield catalogue.STREAM_TARGET_DURATION.sample(max(live.target_duration for live in lives), channel)
        downloads = [rendition.download for rendition in shown if rendition.download is not None]
        if downloads:
            slowest = max(downloads, key=lambda download: download.seconds / download.duration)
            yield catalogue.STREAM_SEGMENT_DOWNLOAD.sample(slowest.seconds, channel)
            yield catalogue.STREAM_SEGMENT_DURATION.sample(slowest.duration, channel)

    def _forget(self) -> None:
        self._session.forget()
        self._loader.forget()

    async def _look(self, fetcher: Fetcher, found: list[Remark]) -> bool | None:
        """Look at the renditions wanted; return whether a player has something to play, None if nobody can say."""
        self.limits, self._current, self._verdicts = {}, [], {}
        try:
            offers = await self._session.offers(fetcher, found)
        except NotJudged as limit:
            self._limit(limit)
            return None
        except Fault as fault:
            self._fault(fault, found)
            return False
        pictures = [offer for offer in offers if offer.kind == "video"][:MOST_RENDITIONS]
        sounds = [offer for offer in offers if offer.kind == "audio"][:MOST_RENDITIONS]
        if not pictures:  # radio
            pictures, sounds = sounds, []
        self._examined = self._to_examine(pictures, sounds)
        everything = self.settings.renditions == "all"
        results: dict[str, bool | None] = {}
        verdicts: list[bool | None] = []
        # A player that had to leave the first stays with what it found.
        for offer in sorted(pictures, key=lambda offer: offer.name != self._chosen and not everything):
            verdicts.append(await self._with_sound(fetcher, offer, sounds, results, found))
            if verdicts[-1] and not everything:
                self._chosen = offer.name
                break
        if everything:
            for sound in sounds:
                if sound.name not in results:
                    results[sound.name] = await self._rendition(fetcher, sound, found)
            known = {**{offer.name: one for offer, one in zip(pictures, verdicts, strict=False)}, **results}
            self._verdicts = {name: verdict for name, verdict in known.items() if verdict is not None}
        if True in verdicts:
            return True
        return None if None in verdicts else False

    def _to_examine(self, pictures: list[Offer], sounds: list[Offer]) -> frozenset[str] | None:
        """Return which renditions the picture checks look into where all are loaded: the first, and its sound."""
        if self.settings.renditions != "all" or not pictures:
            return None
        first = pictures[0]
        sound = next((one for one in sounds if one.group == first.group or first.playlist is None), None)
        return frozenset(one.name for one in (first, sound) if one is not None)

    async def _with_sound(
        self,
        fetcher: Fetcher,
        offer: Offer,
        sounds: list[Offer],
        results: dict[str, bool | None],
        found: list[Remark],
    ) -> bool | None:
        """Look at a rendition and at the sound that belongs to it; return whether both can be played."""
        result = await self._rendition(fetcher, offer, found)
        sound = next((one for one in sounds if one.group == offer.group and one.playlist != offer.playlist), None)
        if offer.playlist is None:
            sound = next(iter(sounds), None)
        if not result or sound is None:
            return result
        if sound.name not in results:
            beside = self.settings.renditions != "all"
            results[sound.name] = await self._rendition(fetcher, sound, found, beside=beside)
        return results[sound.name] is not False

    async def _rendition(
        self, fetcher: Fetcher, offer: Offer, found: list[Remark], *, beside: bool = False
    ) -> bool | None:
        """Look at one rendition; return whether it can be played."""
        rendition = self._renditions.get(offer.name)
        if rendition is None:
            if len(self._renditions) >= 4 * MOST_RENDITIONS:  # names that change at every look
                self._renditions.clear()
            rendition = self._renditions[offer.name] = Rendition(offer.name, self.settings, self.clock, beside)
        wanted = self._media is not None and (self._examined is None or offer.name in self._examined)
        if wanted and rendition.capture is None and self._media is not None:
            rendition.capture = Capture(self.settings.channel, offer.name, self._media.give)
        if beside and rendition.fresh():
            self._current.append(rendition)
            return True
        rendition.looked_at, rendition.playable = self.clock(), False
        try:
            live = await self._session.media(fetcher, offer, found)
            await rendition.look(fetcher, self._loader, live, found)
        except NotJudged as limit:
            self._limit(limit)
            return None
        except Fault as fault:
            self._fault(fault, found)
            return False
        if any(segment.container == "opaque" for segment in live.segments):
            if rendition.capture is not None:
                rendition.capture.blocked("encrypted")
            self._limit(NotJudged("encryption", f"{offer.name} is encrypted: what is in its segments cannot be read"))
        rendition.playable = True
        self._current.append(rendition)
        return True

    def _limit(self, limit: NotJudged) -> None:
        self.limits[limit.reason] = limit.detail
        self.journal.note("not judged", "limit", limit.detail, reason=limit.reason)

    def _fault(self, fault: Fault, found: list[Remark]) -> None:
        found.append(Remark(fault.reason, fault.detail))
        self.journal.note("fault", "fault", fault.detail, reason=fault.reason.value)


def _label(name: str) -> str:
    """Return a rendition's name, which is the server's, as a label."""
    return "".join(character if character.isprintable() else "?" for character in name[:_LONGEST_NAME])
