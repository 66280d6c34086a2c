"""Ask mounted file systems for their figures without ever waiting for a dead one.

statvfs(2) on an NFS mount whose server is gone does not return, and nothing can interrupt it. So a thread asks; when
it does not come back it is left behind, another takes over, and the silent mount is not asked again before the call
returns. There is never more than one thread for each silent mount.
"""

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from queue import SimpleQueue

Answer = os.statvfs_result | OSError | None
"""The figures, why there are none, or None: no answer in time."""

# A file system that works answers from memory in microseconds.
PATIENCE = 0.25
# Forty mounts of one dead server must not cost forty times that, or the scrape is lost, and the node seems down: the
# second silent mount of a call gets half, the third a third, and so on.
SHORTEST_PATIENCE = 0.02


class Statter:
    """Asks one mount after the other; safe for one caller at a time."""

    def __init__(self, statvfs: Callable[[str], os.statvfs_result] = os.statvfs, patience: float = PATIENCE) -> None:
        self._statvfs = statvfs
        self._patience = patience
        self._worker: _Worker | None = None
        self._silent: dict[str, _Worker] = {}

    def __call__(self, points: Iterable[str]) -> Mapping[str, Answer]:
        """Return the answer of each mount point."""
        self._silent = {point: worker for point, worker in self._silent.items() if worker.asked is not None}
        answers: dict[str, Answer] = {}
        waiting: list[str] = []
        found = 0
        for point in points:
            if point in self._silent:
                answers[point] = None
            else:
                waiting.append(point)
        while waiting:
            if self._worker is None:
                self._worker = _Worker(self._statvfs)
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


class _Worker:
    """A thread that asks; `asked` is the mount it waits for."""

    def __init__(self, statvfs: Callable[[str], os.statvfs_result]) -> None:
        self.asked: str | None = None
        self._statvfs = statvfs
        self._batches: SimpleQueue[tuple[list[str], dict[str, Answer], threading.Event]] = SimpleQueue()
        self.abandoned = False
        threading.Thread(target=self._work, name="statvfs", daemon=True).start()

    def ask(self, points: list[str], patience: float) -> dict[str, Answer]:
        """Return the answers up to a mount that gives none within `patience`: the worker is `abandoned` then."""
        answers: dict[str, Answer] = {}
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
                    answers[point] = self._statvfs(point)
                except OSError as error:
                    answers[point] = error
                self.asked = None
                if self.abandoned:
                    return
            done.set()
