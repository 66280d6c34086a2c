"""Coverage-guided fuzzing of the readers of CMCD and of playback: any bytes give a report that adds up, or a reason,
and none of them takes long.

    python -m bench.fuzz.cmcd read|shapes|playback SECONDS

It needs `atheris`, which is no dependency of the project: pip install atheris.
"""

import sys
import tempfile
from pathlib import Path

SEEDS = (
    b"bl%3D3900%2Cbr%3D300%2Cd%3D2000%2Cot%3Dav%2Csid%3D%22run-2%22%2Csu",
    b"bl%3D(2000%3Bv)%2Cbs%2Cpr%3D1.5%2Csid%3D%22a%22%2Csn%3D8%2Csta%3Dr%2Cv%3D2",
    b'bl=(2000;v),d=2000,nor=("a%2Fb"),sid="a",sn=8,sta=p,v=2\0bl=(100;v),d=1,nor=("c"),sid="b",sn=9,sta=p,v=2',
    b"bl%3D2000%2Cpr%3D1.02%2Csid%3D%22a%22%2Csu\0bl%3D1%2Cpr%3D2%2Csid%3D%22b%22%2Csu&x=1",
)
# The values of the label `reason`.
REASONS = frozenset({"syntax", "no_sid", "sid", "v", "ot", "bl", "d", "br", "mtp", "pr", "su", "bs", "sta", "sn"})


def reading(data: bytes) -> None:
    """Read a parameter of the query, and the same bytes as a header."""
    from agent.sources.edge_log.quality import cmcd  # noqa: PLC0415 - instrumented before

    for text in (cmcd.text_of(b"/1.ts?CMCD=" + data), data):
        if text is None:
            continue
        try:
            report = cmcd.read(text)
        except cmcd.MalformedError as error:
            reason = str(error)
            if reason not in REASONS:
                raise
            continue
        assert 1 <= len(report.session) <= cmcd.LONGEST_ID
        assert all(amount is None or amount >= 0 for amount in (report.buffer, report.duration, report.bit_rate))


def shaping(data: bytes) -> None:
    """Learn a shape from one half of the bytes and read the other with it: never otherwise than the other reader."""
    from agent.sources.edge_log.quality import cmcd  # noqa: PLC0415 - instrumented before
    from agent.sources.edge_log.quality.shapes import Shapes, shape_of  # noqa: PLC0415

    learned, _, other = data.partition(b"\0")
    for encoded in (True, False):
        shape = shape_of(learned, encoded=encoded)
        if shape is None:
            continue
        for text in (learned, other):
            row, *rest = shape.take(text + b"\n")
            if rest or row[-1]:
                assert text is other or b"\n" in text
                continue
            assert shape.report_of(row) == Shapes(encoded=encoded).read(text)
            assert len(shape.report_of(row).session) <= cmcd.LONGEST_ID


def playing(data: bytes) -> None:
    """Take requests of one session at any times: what is added up only grows."""
    from agent.sources.edge_log.quality.cmcd import Report  # noqa: PLC0415 - instrumented before
    from agent.sources.edge_log.quality.playback import Playback  # noqa: PLC0415
    from agent.sources.edge_log.quality.tally import Tally  # noqa: PLC0415

    tally = Tally()
    playback = Playback(tally, 0.0)
    for number in range(0, len(data) - 3, 4):
        end, took, buffer, flags = data[number : number + 4]
        report = Report(
            b"s",
            2,
            (None, "v", "a", "av")[flags & 3],
            buffer / 10 if flags & 4 else None,
            2.0 if flags & 8 else None,
            3e6 if flags & 16 else None,
            None,
            (1.0, 1.0, 0.8, 9.0)[took & 3],
            startup=bool(flags & 32),
            starved=bool(flags & 64),
            state=("p", "r")[took >> 2 & 1] if flags & 128 else None,
            sequence=None,
        )
        before = (tally.stall_seconds, tally.watched_seconds, tally.refused_seconds, tally.startup.total)
        playback.take(end - took / 10, float(end), report, is_manifest=False)
        after = (tally.stall_seconds, tally.watched_seconds, tally.refused_seconds, tally.startup.total)
        assert all(new >= old for new, old in zip(after, before, strict=True))


def main() -> None:
    """Fuzz the target of the command line."""
    import atheris  # noqa: PLC0415 - installed by hand where this runs

    import agent.sources  # noqa: PLC0415 - not instrumented: it imports the settings of all sources

    name, seconds = sys.argv[1], int(sys.argv[2])
    with atheris.instrument_imports(include=["agent.sources.edge_log.quality"]):
        import agent.sources.edge_log.quality.cmcd  # noqa: PLC0415
        import agent.sources.edge_log.quality.playback  # noqa: PLC0415
        import agent.sources.edge_log.quality.shapes  # noqa: F401, PLC0415
    with tempfile.TemporaryDirectory() as scratch:
        for number, seed in enumerate(SEEDS):
            (Path(scratch) / str(number)).write_bytes(seed)
        options = [f"-max_total_time={seconds}", "-max_len=512", "-timeout=20", "-print_final_stats=1"]
        atheris.Setup(["fuzz", *options, scratch], {"read": reading, "shapes": shaping, "playback": playing}[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
