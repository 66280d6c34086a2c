"""A channel's way through a DASH manifest: its clock, and what of it is elsewhere."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from agent.sources.streams import clock, dash_xml
from agent.sources.streams.dash import Document
from agent.sources.streams.fetch import Answer, FetchError, Trouble
from agent.sources.streams.journal import Journal
from agent.sources.streams.live import resolve
from service.nouns import counted

# Seconds for which a clock that must be asked is believed.
CLOCK_KEPT = 60.0
# Seconds for which an address beside the manifest that let us wait in vain is not asked again: where a network lets no
# request out, each look would wait for it as long as for a playlist.
SILENT_KEPT = 60.0
_MOST_REMOTE = 16
_MOST_SILENT = 64
_RESOLVE_TO_ZERO = "urn:mpeg:dash:resolve-to-zero:2013"

# Returns the answer of an address and its body, or raises FetchError.
Get = Callable[[str, str], Awaitable[tuple[Answer, bytes]]]


@dataclass(slots=True)
class ManifestReader:
    """What is remembered of a channel's manifests."""

    clock: Callable[[], float]
    journal: Journal
    _offset: float = 0.0  # the last that was known: better than none where the clock does not answer any more
    _offset_until: float = 0.0
    _remote: dict[str, str] = field(default_factory=dict)
    _silent: dict[str, float] = field(default_factory=dict)  # addresses without an answer, and until when they rest

    def forget(self) -> None:
        """Ask everything again but what has just been silent."""
        self._offset_until = 0.0
        self._remote.clear()

    async def now(self, document: Document, get: Get) -> float:
        """Return the moment by the clock that the manifest names, else by this node's."""
        for scheme, value in document.clocks:
            if clock.kind_of(scheme) == clock.DIRECT:
                try:
                    moment = clock.direct(value)
                except ValueError as error:
                    self.journal.note("remark", "UTCTiming", str(error))
                    continue
                self.journal.note("info", "UTCTiming", f"the manifest's clock is {moment - self.clock():+.1f} s ahead")
                return moment
            if clock.kind_of(scheme) is not None and await self._asked(scheme, value, document.bases(), get):
                return self.clock() + self._offset
        return self.clock() + self._offset

    async def _asked(self, scheme: str, value: str, bases: tuple[str, ...], get: Get) -> bool:
        """Return whether the offset of a clock that must be asked is known."""
        if self.clock() < self._offset_until:
            return True
        head = clock.kind_of(scheme) == clock.HEAD
        for url in clock.addresses(value, bases):
            if self._rests(url):
                continue
            began = self.clock()
            try:
                answer, body = await get(url, "HEAD" if head else "GET")
                moment = clock.from_date(answer.date) if head else clock.from_body(body)
            except (FetchError, ValueError) as error:
                self._failed(url, error)
                self.journal.note("remark", "UTCTiming", f"the clock {error}", url=url)
                continue
            ended = self.clock()
            self._offset, self._offset_until = moment - (began + ended) / 2, ended + CLOCK_KEPT
            self.journal.note("ok", "UTCTiming", f"the server's clock is {self._offset:+.1f} s ahead", url=url)
            return True
        return False

    async def complete(self, document: Document, get: Get) -> None:
        """Put in what is elsewhere (XLink); where it does not come, what the manifest itself holds is kept."""
        wanted = document.remote()[:_MOST_REMOTE]
        kept, self._remote = self._remote, {}
        for parent, element, href in wanted:
            if href.strip() == _RESOLVE_TO_ZERO:
                parent.remove(element)
                continue
            url = ""
            try:
                url = resolve(document.url, href)
                if url not in kept and self._rests(url):
                    continue
                text = kept[url] if url in kept else (await get(url, "GET"))[1].decode("utf-8-sig", "replace")
                found = _elements(text, element.tag)
            except (FetchError, ValueError) as error:
                self._failed(url, error)
                self.journal.note("remark", f"remote {element.tag}", f"XLink: {error}")
                continue
            self._remote[url] = text
            self.journal.note("ok", f"remote {element.tag}", counted(len(found), "element"), url=url)
            place = list(parent).index(element)
            parent.remove(element)
            for at, one in enumerate(found):
                parent.insert(place + at, one)

    def _rests(self, url: str) -> bool:
        return self.clock() < self._silent.get(url, 0.0)

    def _failed(self, url: str, error: Exception) -> None:
        if not isinstance(error, FetchError) or error.trouble is not Trouble.TIMEOUT:
            return
        now = self.clock()
        self._silent = {other: until for other, until in self._silent.items() if until > now}
        if len(self._silent) < _MOST_SILENT:
            self._silent[url] = now + SILENT_KEPT


def _elements(text: str, tag: str) -> list[Element]:
    """Return the elements of a remote document, which may be several beside each other; raise ValueError."""
    text = text.strip()
    if text.startswith("<?xml"):
        text = text.partition("?>")[2]
    root = dash_xml.parse(f"<remote>{text}</remote>")
    found = dash_xml.children(root, tag)
    if not found and len(root):
        raise ValueError(f"leads to a <{root[0].tag[:40]}>, not to a <{tag}>")
    return found
