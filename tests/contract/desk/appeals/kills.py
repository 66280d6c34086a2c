"""A process that kill -9 ends in the middle of a transaction."""

import os
import signal
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from alerts.desk.core.database import Database


def killed_at(statement: int, database: Database, work: Callable[[Database], Any]) -> bool:
    """Do something in a process that kill -9 ends before its so-many-th statement, if it gets there."""
    child = os.fork()
    if child == 0:
        try:
            own = Database(database.url.render_as_string(hide_password=False))
            left = [statement]

            def count(*_: Any) -> None:
                left[0] -= 1
                if left[0] <= 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(own.writing, "before_cursor_execute", count)
            event.listen(own.writing, "commit", count)
            work(own)
            os._exit(0)
        finally:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)
