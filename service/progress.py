"""How far a long command is: rate, share done and time left, on a terminal only; pipes and logs see nothing."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO, TypeVar

T = TypeVar("T")


def over(items: Iterable[T], what: str, unit: str, total: int | None = None, out: TextIO | None = None) -> Iterable[T]:
    """Return the items, and show meanwhile how many of them are done; `total` is for items without a length."""
    out = out or sys.stderr
    if not out.isatty():
        return items
    from tqdm import tqdm  # noqa: PLC0415 - a service in the background never needs it

    return tqdm(items, what, total, unit=f" {unit}", file=out, leave=False, dynamic_ncols=True)


@contextmanager
def steps(
    total: int, what: str, unit: str, say: Callable[[str], object] = print, out: TextIO | None = None
) -> Iterator[Callable[[str], object]]:
    """Yield a function that prints the line of a step which is done; the share done is shown below the lines."""
    out = out or sys.stderr
    if not out.isatty():
        yield say
        return
    from tqdm import tqdm  # noqa: PLC0415 - a service in the background never needs it

    with tqdm(desc=what, total=total, unit=f" {unit}", file=out, leave=False, dynamic_ncols=True) as bar:

        def done(line: str) -> None:
            with tqdm.external_write_mode(out):
                say(line)
            bar.update()

        yield done


@contextmanager
def through(size: int, what: str, out: TextIO | None = None, unit: str = "B") -> Iterator[Callable[[int], None]]:
    """Yield a function that is told the position in `size` bytes, or in another unit; 0 where the size is not known."""
    out = out or sys.stderr
    if not out.isatty():
        yield _unseen
        return
    from tqdm import tqdm  # noqa: PLC0415 - a service in the background never needs it

    with tqdm(desc=what, total=size or None, unit=unit, unit_scale=True, file=out, leave=False) as bar:

        def seen(position: int) -> None:
            bar.update(position - bar.n)

        yield seen


def _unseen(position: int) -> None:
    """Take a position that nobody is shown."""
