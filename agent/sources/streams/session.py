"""A player's session: from the channel's address to what it offers, kept from look to look.

A look is no new viewer. Cookies, the end of a redirect, the Location of a manifest and the addresses of a multivariant
playlist are kept as players keep them; else a server would open, and count, a session at every look.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agent.sources.streams import dash, hls, playlist
from agent.sources.streams.content import Remark
from agent.sources.streams.cookies import Cookies
from agent.sources.streams.fetch import Answer, Ask, Fetcher, FetchError, Taker, Trouble
from agent.sources.streams.journal import Journal
from agent.sources.streams.live import Live, NotJudged, Offer, resolve
from agent.sources.streams.manifest import ManifestReader
from agent.sources.streams.reasons import Fault, Reason
from service.nouns import counted

# Seconds for which a multivariant playlist is kept.
MASTER_KEPT = 60.0
# The same where the server opens a session at each request for the channel's own address.
SESSION_KEPT = 600.0

_REASONS = {
    Trouble.UNREACHABLE: Reason.PLAYLIST_UNREACHABLE,
    Trouble.TIMEOUT: Reason.PLAYLIST_TIMEOUT,
    Trouble.MISSING: Reason.PLAYLIST_STATUS,
    Trouble.STATUS: Reason.PLAYLIST_STATUS,
    Trouble.TRUNCATED: Reason.PLAYLIST_UNREACHABLE,
    Trouble.OVERSIZE: Reason.PLAYLIST_MALFORMED,
}


@dataclass(slots=True)
class _Kept:
    """What the channel's own address led to."""

    until: float
    address: str  # of the media playlist or the manifest
    offers: tuple[Offer, ...] = ()  # of a multivariant playlist
    variables: Mapping[str, str] = field(default_factory=dict)


class Session:
    """Reads playlists and manifests of one channel."""

    def __init__(
        self, url: str, deadline: float, clock: Callable[[], float], cookies: Cookies, journal: Journal
    ) -> None:
        self._url, self._deadline, self._clock = url, deadline, clock
        self._cookies, self._journal = cookies, journal
        self._manifests = ManifestReader(clock, journal)
        self._kept: _Kept | None = None
        self._moved: dict[str, tuple[str, float]] = {}  # where a rendition's playlist was redirected to, until when
        self._addresses: tuple[str | None, ...] = ()  # when the multivariant playlist was last read

    @property
    def begun(self) -> bool:
        """Return whether anything is kept from an earlier look."""
        return self._kept is not None

    def forget(self) -> None:
        """Start again from the channel's own address; cookies stay, as in a browser."""
        self._kept = None
        self._moved.clear()
        self._manifests.forget()

    async def offers(self, fetcher: Fetcher, found: list[Remark]) -> tuple[Offer, ...]:
        """Return what the channel offers now; raise Fault or NotJudged."""
        if self._kept is not None and self._clock() >= self._kept.until:
            self._kept = None
        if self._kept is not None and self._kept.offers:
            return self._kept.offers
        own = self._kept is None
        url = self._url if self._kept is None else self._kept.address
        what = "the channel's address" if own else "the session's address"
        read, answer = await self._read(fetcher, url, what, found, own=own)
        parsed = read.parsed
        if isinstance(parsed, hls.Master):
            return self._master(parsed, answer)
        address = answer.url
        if isinstance(parsed, dash.Document):
            address = parsed.location or answer.url
        if own and address != self._url:
            self._kept = _Kept(self._clock() + SESSION_KEPT, address)
        elif self._kept is not None:
            self._kept.address = address
        if isinstance(parsed, hls.Media):
            return (Offer("the playlist", "video", self._live(parsed, answer.url, "the playlist")),)
        return await self._document(fetcher, parsed)

    async def media(self, fetcher: Fetcher, offer: Offer, found: list[Remark]) -> Live:
        """Return a rendition as of now; raise Fault or NotJudged."""
        if offer.live is not None:
            return offer.live
        what = f"the playlist of {offer.name}"
        if isinstance(offer.problem, NotJudged):
            raise NotJudged(offer.problem.reason, f"{offer.name} {offer.problem.detail}")
        if offer.problem is not None:
            raise Fault(Reason.PLAYLIST_MALFORMED, playlist.said(f"the manifest: {offer.name}", offer.problem))
        given = offer.playlist or ""
        address, until = self._moved.get(given, (given, 0.0))
        kept = self._clock() < until
        read, answer = await self._read(fetcher, address if kept else given, what, found, own=False)
        if not isinstance(read.parsed, hls.Media):
            raise Fault(Reason.PLAYLIST_MALFORMED, f"{what} lists no segments but renditions")
        if not kept and answer.url != given:
            self._moved[given] = (answer.url, self._clock() + SESSION_KEPT)
        return self._live(read.parsed, answer.url, what)

    def _master(self, master: hls.Master, answer: Answer) -> tuple[Offer, ...]:
        offers: list[Offer] = []
        try:
            for variant in master.variants:
                url = resolve(answer.url, variant.uri)
                offers.append(Offer(variant.name, "video", playlist=url, group=variant.audio))
            # The sound that players begin with comes first.
            for sound in sorted(master.audio, key=lambda one: not one.default):
                url, name = resolve(answer.url, sound.uri), f"sound “{sound.name}” of group {sound.group[:40]}"
                offers.append(Offer(name, "audio", playlist=url, group=sound.group))
        except ValueError as error:
            raise Fault(Reason.PLAYLIST_MALFORMED, f"the multivariant playlist {error}") from None
        addresses = tuple(offer.playlist for offer in offers)
        self._moved = {given: moved for given, moved in self._moved.items() if given in addresses}
        opened = self._addresses and addresses != self._addresses
        self._addresses = addresses
        until = self._clock() + (SESSION_KEPT if opened else MASTER_KEPT)
        self._kept = _Kept(until, answer.url, tuple(offers), master.variables)
        self._journal.note("info", "the multivariant playlist", "; ".join(offer.name for offer in offers))
        return tuple(offers)

    async def _document(self, fetcher: Fetcher, document: dash.Document) -> tuple[Offer, ...]:
        if document.ended:
            raise Fault(Reason.PLAYLIST_ENDED, "the manifest is of something that has ended (MPD@type is not dynamic)")

        async def get(url: str, method: str) -> tuple[Answer, bytes]:
            return await self._get(fetcher, url, method)

        await self._manifests.complete(document, get)
        now = await self._manifests.now(document, get)
        try:
            return document.offers(now)
        except ValueError as error:
            raise Fault(Reason.PLAYLIST_MALFORMED, f"the manifest {error}") from None

    def _live(self, media: hls.Media, url: str, what: str) -> Live:
        if media.ended:
            raise Fault(Reason.PLAYLIST_ENDED, f"{what} says that the stream has ended (EXT-X-ENDLIST)")
        try:
            return media.live(url)
        except ValueError as error:
            raise Fault(Reason.PLAYLIST_MALFORMED, playlist.said(what, error)) from None

    async def _read(
        self, fetcher: Fetcher, url: str, what: str, found: list[Remark], *, own: bool
    ) -> tuple[playlist.Read, Answer]:
        try:
            answer, body = await self._get(fetcher, url, "GET")
        except FetchError as error:
            if error.trouble is Trouble.ENCODING:
                raise NotJudged("encoding", f"{what} {error.detail}") from None
            raise Fault(_REASONS[error.trouble], f"{what}: {error.detail}") from None
        imported = None if self._kept is None else self._kept.variables
        try:
            read = playlist.read(body, answer, first=own, imported=imported)
        except NotJudged as limit:
            raise NotJudged(limit.reason, f"{what} {limit.detail}") from None
        self._journal.note(
            "ok", what, f"status {answer.status}, {counted(len(body), 'byte')}, {words(read.parsed)}", url=url
        )
        for remark in read.remarks:
            self._journal.note("remark", what, remark.detail, reason=remark.reason.value)
        found += read.remarks
        return read, answer

    async def _get(self, fetcher: Fetcher, url: str, method: str) -> tuple[Answer, bytes]:
        answers: list[Answer] = []
        body = bytearray()
        taker = Taker(answers.append, body.extend, playlist.LARGEST)
        await fetcher.get(url, taker, deadline=self._deadline, ask=Ask(cookies=self._cookies, method=method))
        return answers[0], bytes(body)


def words(parsed: playlist.Parsed) -> str:
    """Say what a playlist is."""
    match parsed:
        case hls.Master():
            variants, sounds = counted(len(parsed.variants), "variant"), counted(len(parsed.audio), "sound")
            return f"a multivariant playlist: {variants}, {sounds}"
        case hls.Media():
            last = parsed.sequence + len(parsed.entries) - 1
            return f"a media playlist: segments {parsed.sequence} to {last}, target duration {parsed.target_duration}"
        case _:
            return "a DASH manifest" + (" that has ended" if parsed.ended else "")
