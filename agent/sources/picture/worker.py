"""The decoding process: reads tasks from its standard input, writes findings to its standard output, ends with it.

Decoders are large programs that read what strangers send. This one has a limit of memory, writes no file, gains no
rights, and is ended by its parent when an answer takes too long.
"""

import ctypes
import os
import resource
import signal
import sys

import av.logging

from agent.sources.picture.examine import Examiner
from agent.sources.picture.message import Limits, Task, read, write

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_NICE = 5  # what the node is for comes first
_MOST_FILES = 16


def confine(limits: Limits) -> None:
    """Give up what decoding does not need."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.nice(_NICE)
    for what, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
    ):
        resource.setrlimit(what, (most, most))


def main() -> None:
    """Serve until the input ends."""
    av.logging.set_level(av.logging.PANIC)
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    limits = read(incoming, Limits)
    confine(limits)
    examiner = Examiner(limits)
    while True:
        try:
            task = read(incoming, Task)
        except EOFError:
            return
        write(outgoing, examiner.examine(task))


if __name__ == "__main__":
    main()
