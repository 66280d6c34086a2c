"""What is known of one channel as one probe receives it: moments, formats, and the last pictures."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from agent.sources.picture import metrics
from agent.sources.picture.kept import Picture, Pictures
from agent.sources.picture.message import Findings, PictureFormat, SoundFormat
from agent.sources.picture.settings import EXPECTED, PictureSettings
from service.metric import Sample

_LONGEST_GOP = 6.0  # seconds between two key frames that are taken for neighbours
_GAP = 1.0  # seconds between two pieces of sound that are taken for neighbours
_OUTCOMES = ("examined", "refused", "broken", "fatal", "dropped")


@dataclass(slots=True)
class Expected:
    """What the schedule says of a moment."""

    black: bool
    still: bool
    silent: bool
    format: bool


class WayState:
    """One channel by one delivery. Written by a decoder's thread; a scrape reads single values, which needs no lock."""

    def __init__(self, settings: PictureSettings, channel: str, delivery: str, pictures: Pictures) -> None:
        self._schedules = {name: settings.schedule(getattr(settings, name)) for name in EXPECTED}
        self._labels = channel, delivery
        self.moments = Moments()
        self.pictures = pictures
        self.outcomes: Counter[str] = Counter()
        self.obstacle = ""
        self.luminance: float | None = None
        self.momentary: float | None = None
        self.short_term: float | None = None
        self.picture: PictureFormat | None = None
        self.sound: SoundFormat | None = None
        self._changes: dict[str, Counter[str]] = {"picture": Counter(), "sound": Counter()}
        self._renditions = {"picture": "", "sound": ""}

    def expected(self, moment: float) -> Expected:
        """Return what the channel means to send at a Unix time."""
        return Expected(**{name: schedule.holds(moment) for name, schedule in self._schedules.items()})

    def take(self, findings: Findings, rendition: str, arrived: float) -> None:
        """Take what a piece showed, whose end came at `arrived`."""
        self.outcomes[findings.outcome] += 1
        if findings.reason or "video" in findings.kinds:
            self.obstacle = findings.reason  # picture and sound may come apart
        moments = self.moments
        # A piece should hold what it holds, and what earlier ones of the same rendition held.
        if "video" in findings.kinds or (moments.decoded is not None and rendition == self._renditions["picture"]):
            moments.examined = arrived
            moments.awaited = moments.awaited or arrived
        if "audio" in findings.kinds or (moments.listened is not None and rendition == self._renditions["sound"]):
            moments.audio_examined = arrived
        for look in findings.looks:
            moments.look(look.moment, black=look.black, changed=look.changed, expected=self.expected(look.moment))
            moments.decoded, self.luminance = arrived, look.luminance
        if findings.sound is not None:
            sound = findings.sound
            moments.listen(sound.begin, sound.end, sound.heard, self.expected(sound.end))
            self.momentary, self.short_term = sound.momentary, sound.short_term
        self._formats(findings, rendition, expected=self.expected(arrived).format)
        self._keep(findings.thumbnail)

    def changes(self, what: Literal["picture", "sound"]) -> Counter[str]:
        """Return how many changes of format came, by property."""
        return self._changes[what]

    def blocked(self, obstacle: str) -> None:
        """Note that the channel comes and cannot be looked into."""
        self.obstacle = obstacle

    def samples(self) -> Iterator[Sample]:
        """Yield the figures; of what never came nothing."""
        labels = self._labels
        for outcome in _OUTCOMES:
            # All from the start: of a counter that begins with its first fault, `increase` does not see that fault.
            yield metrics.PICTURE_PIECES.sample(self.outcomes[outcome], *labels, outcome)
        for metric, moment in (
            (metrics.PICTURE_EXAMINED, self.moments.examined),
            (metrics.PICTURE_AWAITED, self.moments.awaited),
            (metrics.PICTURE_DECODED, self.moments.decoded),
            (metrics.PICTURE_SEEN, self.moments.seen),
            (metrics.PICTURE_LIT, self.moments.lit),
            (metrics.PICTURE_CHANGED, self.moments.changed),
            (metrics.PICTURE_LUMINANCE, self.luminance),
            (metrics.AUDIO_EXAMINED, self.moments.audio_examined),
            (metrics.AUDIO_DECODED, self.moments.listened),
            (metrics.AUDIO_HEARD, self.moments.heard),
            (metrics.AUDIO_MOMENTARY, self.momentary),
            (metrics.AUDIO_SHORT_TERM, self.short_term),
        ):
            if moment is not None:
                yield metric.sample(moment, *labels)
        yield from self._format_samples()
        yield from self._limits()

    def _format_samples(self) -> Iterator[Sample]:
        picture, sound = self.picture, self.sound
        if picture is not None:
            texts = picture.codec, picture.resolution, picture.aspect, picture.frame_rate
            yield metrics.PICTURE_INFO.sample(1, *self._labels, *texts)
        if sound is not None:
            yield metrics.AUDIO_INFO.sample(1, *self._labels, sound.codec, sound.sample_rate, sound.channels)
        if self.moments.seen is not None:
            for name in PictureFormat.__struct_fields__:
                yield metrics.PICTURE_FORMAT_CHANGES.sample(self._changes["picture"][name], *self._labels, name)
        if self.moments.listened is not None:
            for name in SoundFormat.__struct_fields__:
                yield metrics.AUDIO_FORMAT_CHANGES.sample(self._changes["sound"][name], *self._labels, name)

    def _limits(self) -> Iterator[Sample]:
        reasons = {self.obstacle} if self.obstacle else set()
        latest = max((one for one in (self.moments.examined, self.moments.audio_examined) if one), default=None)
        if latest is not None:
            expected = self.expected(latest)
            reasons |= {f"expected_{name}" for name in EXPECTED if getattr(expected, name)}
            reasons |= {"no_picture"} if self.moments.seen is None else set()
            reasons |= {"no_sound"} if self.moments.listened is None else set()
        for reason in sorted(reasons):
            yield metrics.PICTURE_NOT_JUDGED.sample(1, *self._labels, reason.replace(" ", "_"))

    def _keep(self, thumbnail: bytes) -> None:
        if thumbnail and self.moments.seen is not None:
            self.pictures.take(Picture(self.moments.seen, thumbnail), wrong=self.moments.wrong)

    def _formats(self, findings: Findings, rendition: str, *, expected: bool) -> None:
        """Count what differs from the format before, unless a change is expected now."""
        for what, before, after in (
            ("picture", self.picture, findings.picture),
            ("sound", self.sound, findings.sound_format),
        ):
            if after is not None:
                known, self._renditions[what] = self._renditions[what], rendition
                if before is not None and known == rendition and not expected:
                    self._count(what, before, after)
        self.picture = findings.picture or self.picture
        self.sound = findings.sound_format or self.sound

    def _count(self, what: str, before: Struct, after: Struct) -> None:
        """Count what differs; a property that either does not say is no change."""
        for name in after.__struct_fields__:
            one, other = getattr(before, name), getattr(after, name)
            if name == "resolution":
                # Pictures of a film are marked as progressive one by one, in a stream of fields as well.
                one, other = one.rstrip("ip"), other.rstrip("ip")
            if one and other and one != other:
                self._changes[what][name] += 1


@dataclass(slots=True)
class Moments:
    """Unix times; None for what never came.

    A run of black or still pictures, or of silence, begins as late as it may have begun: nobody knows what was there
    between two pieces.
    """

    examined: float | None = None
    awaited: float | None = None
    decoded: float | None = None
    seen: float | None = None
    lit: float | None = None
    changed: float | None = None
    audio_examined: float | None = None
    listened: float | None = None
    heard: float | None = None
    _black: bool = False
    _still: bool = False

    @property
    def wrong(self) -> bool:
        """Return whether the last key frame was black or still and should not be."""
        return self._black or self._still

    def look(self, moment: float, *, black: bool, changed: bool | None, expected: Expected) -> None:
        """Take a key frame. What is expected counts as if it were none, so that the run begins when that ends."""
        before = self.seen
        if before is not None and moment <= before:
            return  # an older picture that came late
        self.seen = moment
        black = black and not expected.black
        if not black or not self._black:
            self.lit = moment
        # A black picture is still as well: it counts once, as black.
        still = changed is False and not black and not expected.still and not expected.black
        if not still:
            self.changed = moment
        elif not self._still:
            self.changed = before if before is not None and moment - before <= _LONGEST_GOP else moment
        self._black, self._still = black, still

    def listen(self, begin: float, end: float, heard: float | None, expected: Expected) -> None:
        """Take the sound of a piece."""
        continued = self.listened is not None and begin - self.listened <= _GAP
        self.listened = end if self.listened is None else max(self.listened, end)
        if expected.silent:
            heard = end
        if heard is None and not continued:
            heard = begin
        if heard is not None:
            self.heard = heard if self.heard is None else max(self.heard, heard)
