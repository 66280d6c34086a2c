"""The output of a command, bounded in time and in size; what the command started ends with it."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

LARGEST_OUTPUT = 16 << 20
_PIECE = 1 << 16
_LAST_WORDS = 1.0  # seconds for a killed command to be gone; one of another account (sudo) is left behind


def output(
    command: Sequence[str],
    deadline: float,
    largest: int = LARGEST_OUTPUT,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Return what it prints; raise OSError when it fails, prints too much or does not end in time.

    `environment` is set beside the agent's own.
    """
    end = time.monotonic() + deadline
    # A group of its own: else the children of a shell or of sudo outlive it, one more at each interval.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=None if environment is None else {**os.environ, **environment},
    )
    try:
        printed, said = _read(process, end, largest)
        status = process.wait(max(0.0, end - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise OSError(f"{command[0]} did not end within {deadline:g} s") from None
    finally:
        _leave(process)
    if status != 0:
        lines = said.decode(errors="replace").strip().splitlines()
        raise OSError(f"{command[0]} ended with status {status}: {lines[0] if lines else 'it said nothing'}")
    return printed.decode(errors="surrogateescape")


def _read(process: "subprocess.Popen[bytes]", end: float, largest: int) -> tuple[bytes, bytes]:
    """Return standard output and standard error; raise OSError, and TimeoutError at `end`."""
    both = {pipe.fileno(): bytearray() for pipe in (process.stdout, process.stderr) if pipe is not None}
    with selectors.DefaultSelector() as selector:
        for pipe in both:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            for key, _ in selector.select(left):
                piece = os.read(key.fd, _PIECE)
                if not piece:
                    selector.unregister(key.fd)
                both[key.fd] += piece
            if sum(map(len, both.values())) > largest:
                raise OSError(f"the command prints more than {largest >> 20} MiB")
    printed, said = both.values()
    return bytes(printed), bytes(said)


def _leave(process: "subprocess.Popen[bytes]") -> None:
    """Close the pipes, and end the command and its children if it has not ended by itself."""
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    if process.returncode is None:
        with suppress(PermissionError, ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LAST_WORDS)
