"""The C library's allocator, set for a program that runs for months and should stay small.

Left alone, glibc gives each thread an arena of its own, and once a large block was freed it keeps blocks of that size
and everything below them: a busy hour's sessions would never go back to the system. It reads its settings before a
program begins, so the agent begins once more with them; other C libraries pass over them. To change them afterwards
takes `ctypes`, and a third of a mebibyte.
"""

import os
import sys

# One arena: Python's own lock lets one thread run at a time anyway. What is larger than the threshold is a mapping of
# its own and goes back when it is freed; pieces of a log (128 KiB) stay below, or each would cost a page fault a page.
SETTINGS = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_TRIM_THRESHOLD_": "262144"}


def begin_again_with_settings() -> None:
    """Replace this process by the same command with the settings; return where all are given, by whomever."""
    if SETTINGS.keys() - os.environ.keys():
        os.execve(sys.executable, sys.orig_argv, SETTINGS | os.environ)  # noqa: S606 - itself
