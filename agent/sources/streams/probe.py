"""One channel's probe: what a player does from the channel's address to the newest segment, and what it finds."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agent import catalogue
from agent.sources.streams import dash, hls, playlist
from agent.sources.streams.fetch import Answer, Fetcher, FetchError, Taker, Trouble
from agent.sources.streams.live import Live, resolve
from agent.sources.streams.reasons import Fault, Reason
from agent.sources.streams.rendition import Finding, Rendition
from agent.sources.streams.settings import StreamSettings
from service.metric import Sample

# Seconds for which a master playlist is kept, as a player keeps it; servers open a session at each request for it.
MASTER_KEPT = 60.0

_REASONS = {
    Trouble.UNREACHABLE: Reason.PLAYLIST_UNREACHABLE,
    Trouble.TIMEOUT: Reason.PLAYLIST_TIMEOUT,
    Trouble.MISSING: Reason.PLAYLIST_STATUS,
    Trouble.STATUS: Reason.PLAYLIST_STATUS,
    Trouble.TRUNCATED: Reason.PLAYLIST_UNREACHABLE,
    Trouble.OVERSIZE: Reason.PLAYLIST_MALFORMED,
}


@dataclass(slots=True)
class Channel:
    """A channel: `probe` looks at it once, `samples` are what the last look gave."""

    settings: StreamSettings
    url: str
    clock: Callable[[], float]
    errors: Counter[Reason] = field(default_factory=Counter)
    faults: dict[Reason, str] = field(default_factory=dict)  # that stand now, and what they are
    up: bool | None = None
    _probed_at: float = 0.0
    _renditions: list[Rendition] = field(default_factory=list)
    _master: tuple[str, ...] = ()  # the addresses of the renditions' playlists
    _master_until: float = 0.0

    async def probe(self, fetcher: Fetcher) -> None:
        """Look at the channel as it is now."""
        found: list[Finding] = []
        up = await self._look(fetcher, found)
        if not up:
            self._master = ()  # as a player starts anew
        self.errors.update(finding.reason for finding in found)
        lasting = (finding for rendition in self._renditions for finding in rendition.lasting)
        self.faults, self.up, self._probed_at = {**dict(lasting), **dict(found)}, up, self.clock()

    def samples(self) -> Iterator[Sample]:
        """Yield what the last probe gave; of a channel that could not be read only that, and the faults so far."""
        channel = self.settings.channel
        for reason in Reason:
            # All from the start: of a counter that begins with its first fault, `increase` does not see that fault.
            yield catalogue.STREAM_ERRORS.sample(self.errors[reason], channel, reason.value)
        if self.up is None:
            return
        yield catalogue.STREAM_UP.sample(float(self.up), channel)
        yield catalogue.STREAM_PROBED.sample(self._probed_at, channel)
        if self.up:
            yield from self._figures(channel)

    def _figures(self, channel: str) -> Iterator[Sample]:
        """Yield the worst of the renditions."""
        lives = [rendition.live for rendition in self._renditions if rendition.live is not None]
        edges = [live.edge for live in lives if live.edge is not None]
        if edges:
            yield catalogue.STREAM_LIVE_EDGE.sample(min(edges), channel)
        moved = [rendition.progress.advanced_at for rendition in self._renditions if rendition.progress is not None]
        if moved:
            yield catalogue.STREAM_ADVANCED.sample(min(moved), channel)
        if lives:
            yield catalogue.STREAM_TARGET_DURATION.sample(max(live.target_duration for live in lives), channel)
        downloads = [rendition.download for rendition in self._renditions if rendition.download is not None]
        if downloads:
            slowest = max(downloads, key=lambda download: download.seconds / download.duration)
            yield catalogue.STREAM_SEGMENT_DOWNLOAD.sample(slowest.seconds, channel)
            yield catalogue.STREAM_SEGMENT_DURATION.sample(slowest.duration, channel)

    async def _look(self, fetcher: Fetcher, found: list[Finding]) -> bool:
        """Look at every rendition wanted; return whether all can be played."""
        try:
            offered = await self._offered(fetcher)
        except Fault as fault:
            found.append(Finding(fault.reason, fault.detail))
            return False
        more = (Rendition(self.settings, self.clock) for _ in offered)
        self._renditions = [*self._renditions, *more][: len(offered)]
        playable = True
        for rendition, offer in zip(self._renditions, offered, strict=True):
            try:
                live = offer if isinstance(offer, Live) else await self._media(fetcher, offer)
                await rendition.look(fetcher, live, found)
            except Fault as fault:
                found.append(Finding(fault.reason, fault.detail))
                playable = False
        return playable

    async def _offered(self, fetcher: Fetcher) -> tuple[Live | str, ...]:
        """Return the renditions to look at: as of now, or the address of their playlist."""
        if self._master and self.clock() < self._master_until:
            return self._master
        got, url = await self._get(fetcher, self.url)
        everything = self.settings.renditions == "all"
        if isinstance(got, hls.Media):
            return (self._live(got, url),)
        if isinstance(got, dash.Manifest):
            if got.ended:
                raise Fault(Reason.PLAYLIST_ENDED, "the manifest is of something that has ended")
            return got.renditions if everything else got.renditions[:1]
        wanted = (*got.variants, *got.audio) if everything else got.variants[:1]
        try:
            self._master = tuple(resolve(url, reference) for reference in wanted)
        except ValueError as error:
            raise Fault(Reason.PLAYLIST_MALFORMED, f"the playlist {error}") from None
        self._master_until = self.clock() + MASTER_KEPT
        return self._master

    async def _media(self, fetcher: Fetcher, url: str) -> Live:
        got, url = await self._get(fetcher, url)
        if not isinstance(got, hls.Media):
            raise Fault(Reason.PLAYLIST_MALFORMED, "a rendition's playlist lists no segments")
        return self._live(got, url)

    def _live(self, media: hls.Media, url: str) -> Live:
        if media.ended:
            raise Fault(Reason.PLAYLIST_ENDED, "the playlist says that the stream has ended")
        try:
            return media.live(url)
        except ValueError as error:
            raise Fault(Reason.PLAYLIST_MALFORMED, f"the playlist {error}") from None

    async def _get(self, fetcher: Fetcher, url: str) -> tuple[hls.Master | hls.Media | dash.Manifest, str]:
        answers: list[Answer] = []
        body = bytearray()
        taker = Taker(answers.append, body.extend, playlist.LARGEST)
        try:
            await fetcher.get(url, taker, deadline=self.settings.deadline)
        except FetchError as error:
            raise Fault(_REASONS[error.trouble], f"the playlist: {error.detail}") from None
        return playlist.read(bytes(body), answers[0], self.clock()), answers[0].url
