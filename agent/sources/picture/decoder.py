"""The parent's side of a decoding process: starts it, gives it a piece at a time, ends it when it does not answer."""

import logging
import subprocess
import sys
import threading

from agent.sources.picture.message import Findings, Limits, Task, read, write

log = logging.getLogger("agent.sources.picture")

# Seconds for one piece. A key frame in UHD takes a tenth of a second; what takes this long does not end.
PATIENCE = 10.0


class DecoderError(OSError):
    """The process ended, or did not answer in time."""


class Decoder:
    """A process that is started when it is needed, and again after it has ended. One thread uses it."""

    def __init__(self, limits: Limits, patience: float = PATIENCE) -> None:
        self._limits, self._patience = limits, patience
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def examine(self, task: Task) -> Findings:
        """Return what a piece shows; raise DecoderError when the process fails over it."""
        process = self._process or self._start()
        timer = threading.Timer(self._patience, process.kill)
        timer.start()
        try:
            if process.stdin is None or process.stdout is None:
                raise DecoderError("the decoder has no pipes")
            write(process.stdin, task)
            return read(process.stdout, Findings)
        except (OSError, EOFError, ValueError) as error:
            timer.cancel()
            raise DecoderError(self._end(error)) from None
        finally:
            timer.cancel()

    def stop(self) -> None:
        """End the process; a thread that waits for its answer gets DecoderError."""
        self._stopped = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process and take what is left of it."""
        if self._process is not None:
            self._process.kill()
            self._close(self._process)
            self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        if self._stopped:
            raise DecoderError("the decoder has been stopped")
        process = subprocess.Popen(
            [sys.executable, "-m", "agent.sources.picture.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._process = process
        if process.stdin is not None:
            write(process.stdin, self._limits)
        return process

    def _end(self, error: Exception) -> str:
        """End what is left of the process and return why it ended."""
        process, self._process = self._process, None
        if process is None:
            return str(error)
        process.kill()
        self._close(process)
        return f"the decoder ended with status {process.returncode}: {error}"

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    log.debug("the decoder left bytes unread")
