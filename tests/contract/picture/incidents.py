"""Faults of picture and sound, and what looks like one and is none: each with the alarm that is due."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.sources.picture.settings import PictureSettings
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
)

LEAD = 4.0  # seconds of an ordinary programme before, at least
LENGTH = {
    "PictureMissing": 24.0,
    "PictureBlack": 16.0,
    "PictureFrozen": 38.0,
    "SoundMissing": 24.0,
    "SoundSilent": 38.0,
}
NEAR = 36.0  # seconds of what is no fault
ALWAYS = PictureSettings("first", still=["always"], silent=["always"])


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


def delay(incident: Incident, threshold: Callable[[str], float]) -> float:
    """Return by when the alarm must be due: threshold, one GOP and one piece after the fault began."""
    form = incident.parts[-1].format
    return incident.parts[0].seconds + threshold(incident.due or "") + max(form.gop, 2.0) + 2.0 + 1.0
