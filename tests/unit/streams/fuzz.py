"""Coverage-guided fuzzing of the readers of streams.

In an environment that has atheris, m3u8 and httpx:
`python -m tests.unit.streams.fuzz hls|dash|ts -max_total_time=600 NEW_FOLDER tests/unit/streams/corpus/hls`
"""

import importlib
import sys

import atheris


def main() -> None:
    """Hand one target to the fuzzer, with what is left of the command line."""
    with atheris.instrument_imports(include=["agent.sources.streams", "agent.transport"]):
        targets = importlib.import_module("tests.unit.streams.targets")
    target = targets.TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
