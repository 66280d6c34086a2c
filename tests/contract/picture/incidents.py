"""Faults of picture and sound, and what looks like one and is none: each with the alarm that is due."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from agent.sources.picture.settings import PictureSettings
from tests.contract.picture.watch import SCRAPE
from tests.support.channels import (
    Format,
    Part,
    Scene,
    Tone,
    black,
    card,
    dark,
    film,
    frozen,
    hiss,
    interview,
    programme,
    quiet,
    silence,
    with_format,
)

LEAD = 4.0  # seconds of an ordinary programme before, at least
LENGTH = {
    "PictureMissing": 24.0,
    "PictureBlack": 16.0,
    "PictureFrozen": 38.0,
    "SoundMissing": 24.0,
    "SoundSilent": 38.0,
    "SoundLoudnessWrong": 84.0,
    "PictureFormatChanged": 12.0,
}
NEAR = 36.0  # seconds of what is no fault
HISTORY = 124.0  # seconds of which a level is known, before it changes
ALWAYS = PictureSettings("first", still=["always"], silent=["always"], format=["always"])


@dataclass(frozen=True)
class Incident:
    """A channel that begins well. `due` is the alarm, None for none."""

    name: str
    parts: tuple[Part, ...]
    due: str | None
    settings: PictureSettings | None = None


def incidents(seeds: range) -> Iterator[Incident]:
    """Yield every kind of incident for each seed, which changes scenes, bit rate and GOP."""
    for seed in seeds:
        form = Format(bit_rate=(300_000, 600_000, 900_000)[seed % 3], gop=(2.0, 1.0, 4.0, 0.6)[seed % 4])
        scene, tone = (film, interview)[seed % 2](seed), programme(-23.0 - seed % 5, seed)

        # The first key frame may come before the tables that name its PID.
        lead = Part(max(LEAD, 2 * form.gop), scene, tone, form)

        def incident(
            name: str,
            due: str | None,
            scene_: Scene | None,
            tone_: Tone | None,
            *,
            settings: PictureSettings | None = None,
            seconds: float = NEAR,
            first: Part = lead,
            seed: int = seed,
        ) -> Incident:
            second = Part(LENGTH.get(due or "", seconds), scene_, tone_, first.format)
            return Incident(f"{name}-{seed}", (first, second), due, settings)

        yield incident("black", "PictureBlack", black(), tone)
        yield incident("black-with-noise", "PictureBlack", black(19.0, 1.5), tone)
        yield incident("black-with-logo", "PictureBlack", black(logo=True), tone)
        yield incident("frozen", "PictureFrozen", frozen(scene), tone)
        yield incident("frozen-interview", "PictureFrozen", frozen(interview(seed)), tone)
        yield incident("silent", "SoundSilent", scene, silence)
        yield incident("hiss", "SoundSilent", scene, hiss())
        yield incident("no-picture", "PictureMissing", None, tone)
        yield incident("no-sound", "SoundMissing", scene, None)
        yield incident("dark-scene", None, dark(seed), tone)
        yield incident("still-interview", None, interview(seed), tone)
        yield incident("quiet-passage", None, scene, quiet(-50.0))
        yield incident("night-card", None, card(seed), silence, settings=ALWAYS)
        yield incident("short-black", None, black(), tone, seconds=6.0)
        yield incident("pause", None, scene, silence, seconds=12.0)
        yield incident("photograph", None, frozen(scene, 3.0), tone, seconds=14.0)
        yield from _levels(seed, lead)
        yield from _formats(seed, lead)


def _levels(seed: int, lead: Part) -> Iterator[Incident]:
    """Yield steps of loudness, of an encoder's gain, and what is none."""
    form = replace(lead.format, sound=("mp2", "aac", "ac3")[seed % 3])
    usual = -23.0 - seed % 5
    before = Part(HISTORY, lead.scene, programme(usual, seed), form)

    def incident(
        name: str,
        due: str | None,
        *parts: tuple[float, Tone],
        settings: PictureSettings | None = None,
        first: Part = before,
    ) -> Incident:
        after = (replace(first, seconds=seconds, tone=tone) for seconds, tone in parts)
        return Incident(f"{name}-{seed}", (first, *after), due, settings)

    whole, short = LENGTH["SoundLoudnessWrong"], 46.0
    back = whole - short, programme(usual, seed)
    loud, low = programme(-13.0 + seed % 4, seed), programme(-42.0 - seed % 6, seed)
    yield incident("step-up", "SoundLoudnessWrong", (whole, loud))
    yield incident("step-down", "SoundLoudnessWrong", (whole, low))
    yield incident("loud-advertisement", None, (short, loud), back)
    yield incident("quiet-minute", None, (short, low), back)
    yield incident("step-within-bounds", None, (whole, programme(-18.0, seed)), (short, programme(-34.0, seed)))
    yield incident("expected-silence", None, (whole, silence), settings=ALWAYS)
    yield incident("silence-and-back", "SoundSilent", (whole, silence), (short, programme(usual, seed)))
    yield incident("begins-quiet", None, (whole, programme(usual, seed)), first=replace(before, seconds=30.0, tone=low))


def _formats(seed: int, lead: Part) -> Iterator[Incident]:
    """Yield changes of the picture's format, and changes of the encoder that are none."""

    def incident(name: str, due: str | None, settings: PictureSettings | None = None, **changes: object) -> Incident:
        scene = interview(seed + 1) if name == "another-scene" else lead.scene
        second = with_format(replace(lead, seconds=LENGTH["PictureFormatChanged"], scene=scene), **changes)
        return Incident(f"{name}-{seed}", (lead, second), due, settings)

    form = lead.format
    wrong: dict[str, dict[str, object]] = {
        "resolution": {"width": (640, 240, 480)[seed % 3], "height": (360, 136, 272)[seed % 3]},
        "aspect": {"aspect": (Fraction(3, 4), Fraction(16, 11), Fraction(4, 3))[seed % 3]},
        "codec": {"codec": ("mpeg2video", "libx265")[seed % 2]},
        "frame-rate": {"frame_rate": (10, 6, 25)[seed % 3]},
    }
    for name, changes in wrong.items():
        yield incident(name, "PictureFormatChanged", None, **changes)
        yield incident(f"expected-{name}", None, ALWAYS, **changes)
    yield incident("bit-rate", None, bit_rate=form.bit_rate // 2)
    yield incident("gop", None, gop=1.5 if form.gop != 1.5 else 2.5)
    yield incident("another-scene", None)
    fields = with_format(lead, scan="tff=1")
    film_ = with_format(replace(lead, seconds=LENGTH["PictureFormatChanged"]), scan="fake-interlaced=1")
    yield Incident(f"film-among-fields-{seed}", (fields, film_), None)


def delay(incident: Incident, threshold: Callable[[str], float]) -> float:
    """Return by when the alarm must be due: threshold, one GOP and one piece after the fault began.

    A level is that of three seconds (EBU Tech 3341), as one scrape found it.
    """
    form, level = incident.parts[-1].format, incident.due == "SoundLoudnessWrong"
    known = 3.0 + SCRAPE if level else 0.0
    return incident.parts[0].seconds + threshold(incident.due or "") + max(form.gop, 2.0) + 2.0 + 1.0 + known
