"""Coverage-guided fuzzing of the access-log parsers: any bytes give a batch that adds up, or ValueError for settings.

A chunk must give the same as its lines one at a time; of JSON by a parser that has not learned how it is written.

    python -m bench.fuzz.edge_log_parsers FORMAT SECONDS [CORPUS]

One run fuzzes one format. It needs `atheris`, which is no dependency of the project: pip install atheris.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.sources.edge_log.formats.batch import Batch

LARGEST = 4096
NGINX_JSON = (
    '{"t":"$time_iso8601","a":"$remote_addr","r":"$request","s":"$status","b":"$bytes_sent","d":"$request_time"}'
)
SEEDS = Path(__file__).parent / "edge_log_corpus"


def targets() -> dict[str, Callable[[bytes], None]]:
    """Return what can be fuzzed by name; imported late, so that atheris can instrument it."""
    from agent.sources.edge_log import checkpoint  # noqa: PLC0415
    from agent.sources.edge_log.formats.by_name import make_format  # noqa: PLC0415
    from agent.sources.edge_log.formats.columns import concatenated  # noqa: PLC0415
    from agent.sources.edge_log.formats.log_format import Choice  # noqa: PLC0415
    from agent.sources.edge_log.formats.times import clf_time, epoch_time, haproxy_time, iso_time  # noqa: PLC0415

    def lines_of(name: str, *columns: str) -> Callable[[bytes], None]:
        log_format = make_format(name, columns, Choice(cmcd=True))

        def one(data: bytes) -> None:
            chunk = data + b"\n"
            batch = log_format.parser().parse(chunk)
            parser = log_format.parser()
            compare(batch, concatenated([parser.parse(line + b"\n") for line in chunk.split(b"\n")[:-1]]))
            assert batch.lines == chunk.count(b"\n") == len(batch.times) + len(batch.rejects) + len(batch.headers)
            assert all(size >= 0 for size in batch.sizes)

        return one

    def settings_of(data: bytes) -> None:
        try:
            log_format = make_format(data.decode("utf-8", "replace"))
        except ValueError:
            return
        log_format.parser().parse(b"192.0.2.1 - - \n")

    def times_of(data: bytes) -> None:
        for parse in (clf_time, iso_time, epoch_time, lambda text: haproxy_time(text, iso_zone)):
            try:
                assert isinstance(parse(data), float)
            except ValueError:
                continue

    def checkpoint_of(data: bytes) -> None:
        try:
            checkpoint.decode(checkpoint.sealed(data))
        except ValueError:
            return

    from datetime import UTC as iso_zone  # noqa: N811, PLC0415

    return {
        "combined": lines_of("combined"),
        "ott": lines_of("ott"),
        "ott_cmcd": lines_of("ott_cmcd"),
        "forwarded": lines_of('$http_x_forwarded_for [$time_iso8601] "$request" $status $bytes_sent $request_time'),
        "caddy": lines_of("caddy"),
        "nginx_json": lines_of(NGINX_JSON),
        "w3c": lines_of("w3c"),
        "haproxy": lines_of("haproxy"),
        "tsv": lines_of("tsv", "time", "address", "request", "status", "size", "duration", "agent"),
        "log_format": settings_of,
        "times": times_of,
        "checkpoint": checkpoint_of,
    }


def compare(batch: "Batch", other: "Batch") -> None:
    """Raise AssertionError unless both say the same."""
    for name in ("times", "addresses", "agents", "uris", "statuses", "sizes", "sessions", "viewers", "cmcd"):
        assert [*(getattr(batch, name) or ())] == [*(getattr(other, name) or ())], name
    # A time that the server did not have may be written in more than one way.
    one, two = (
        [None if text in (b"-", b"", "-") else float(text) for text in each.durations or ()] for each in (batch, other)
    )
    assert one == two
    assert (batch.rejects, batch.headers) == (other.rejects, other.headers)


def main() -> None:
    """Fuzz the format of the command line."""
    import atheris  # noqa: PLC0415 - installed by hand where this runs

    name, seconds = sys.argv[1], int(sys.argv[2])
    with atheris.instrument_imports(include=["agent.sources.edge_log", "json"]):
        import agent.sources.edge_log.formats.by_name  # noqa: F401, PLC0415
    target = targets()[name]

    def one(data: bytes) -> None:
        target(data)

    with tempfile.TemporaryDirectory() as scratch:
        corpus = sys.argv[3] if len(sys.argv) > 3 else scratch
        seeds = [str(SEEDS / name)] if (SEEDS / name).is_dir() else []
        options = [f"-max_total_time={seconds}", f"-max_len={LARGEST}", "-print_final_stats=1"]
        atheris.Setup(["fuzz", *options, corpus, *seeds], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
