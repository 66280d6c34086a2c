"""Ask what may never answer, such as a mounted file system or a chip's sensors, without ever waiting for a dead one.

statvfs(2) on an NFS mount whose server is gone does not return, a driver may wait for its chip for ever, and nothing
can interrupt either. So a thread asks; when it does not come back it is left behind, another takes over, and what is
silent is not asked again before the call returns. There is never more than one thread for each that is silent.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")  # what is answered

# Forty mounts of one dead server must not cost forty times the patience, or the scrape is lost, and the node seems
# down: the second that is silent in a call gets half, the third a third, and so on.
SHORTEST_PATIENCE = 0.02


class Asker(Generic[T]):
    """Asks one place after the other; safe for one caller at a time.

    An answer is what `ask` returned, the OSError that it raised, or None: no answer in time.
    """

    def __init__(self, name: str, ask: Callable[[str], T], patience: float) -> None:
        self._name = name  # of the threads
        self._ask = ask
        self._patience = patience
        self._worker: _Worker[T] | None = None
        self._silent: dict[str, _Worker[T]] = {}

    def __call__(self, points: Iterable[str]) -> Mapping[str, T | OSError | None]:
        """Return the answer of each place."""
        self._silent = {point: worker for point, worker in self._silent.items() if worker.asked is not None}
        answers: dict[str, T | OSError | None] = {}
        waiting: list[str] = []
        found = 0
        for point in points:
            if point in self._silent:
                answers[point] = None
            else:
                waiting.append(point)
        while waiting:
            if self._worker is None:
                self._worker = _Worker(self._name, self._ask)
            worker = self._worker
            answers |= worker.ask(waiting, max(SHORTEST_PATIENCE, self._patience / (1 + found)))
            waiting = [point for point in waiting if point not in answers]
            if worker.abandoned:
                self._worker = None
                found += 1
                if waiting:
                    answers[waiting[0]] = None
                    self._silent[waiting[0]] = worker
                    del waiting[0]
        return answers


class _Worker(Generic[T]):
    """A thread that asks; `asked` is the place it waits for."""

    def __init__(self, name: str, ask: Callable[[str], T]) -> None:
        self.asked: str | None = None
        self._ask = ask
        self._batches: SimpleQueue[tuple[list[str], dict[str, T | OSError | None], threading.Event]] = SimpleQueue()
        self.abandoned = False
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def ask(self, points: list[str], patience: float) -> dict[str, T | OSError | None]:
        """Return the answers up to a place that gives none within `patience`: the worker is `abandoned` then."""
        answers: dict[str, T | OSError | None] = {}
        done = threading.Event()
        self._batches.put((points, answers, done))
        answered = 0
        while not done.wait(patience):
            # Many slow answers are no hang; no new answer for the whole patience is one.
            if len(answers) == answered:
                self.abandoned = True
                break
            answered = len(answers)
        return dict(answers)

    def _work(self) -> None:
        while not self.abandoned:
            points, answers, done = self._batches.get()
            for point in points:
                self.asked = point
                try:
                    answers[point] = self._ask(point)
                except OSError as error:
                    answers[point] = error
                self.asked = None
                if self.abandoned:
                    return
            done.set()
