"""What runs beside the requests: each worker in its own thread, woken by its period, stopped by one event.

A worker that fails says so once per change of state and goes on; storage that is down comes back.
"""

import logging
import threading
from collections.abc import Sequence

from alerts.desk.core.database import UNAVAILABLE
from alerts.desk.core.worker import Worker
from service.database_trouble import trouble

log = logging.getLogger("desk.workers")


class Crew:
    """The workers of one process."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start every worker."""
        for worker in self._workers:
            thread = threading.Thread(target=self._run, args=(worker, self._stop), name=worker.name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def replace(self, workers: Sequence[Worker]) -> None:
        """End the workers and start others in their place."""
        self.stop()
        self._workers, self._stop, self._threads = workers, threading.Event(), []
        self.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Let each worker end its round, then return."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout)

    def _run(self, worker: Worker, stop: threading.Event) -> None:
        failing = False
        while not stop.wait(worker.period):
            try:
                worker.job()
            except (*UNAVAILABLE, OSError) as error:
                if not failing:
                    log.warning("%s fails and will go on trying", worker.name, extra={"error": trouble(error)})
                failing = True
            except Exception:  # the top of a thread: a bug in one round must not end the worker
                log.exception("%s failed with an unexpected error", worker.name)
                failing = True
            else:
                if failing:
                    log.info("%s works again", worker.name)
                failing = False
