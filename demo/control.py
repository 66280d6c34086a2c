"""How a second terminal reaches the running demo: one line there and one line back over a socket in its folder."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from demo.processes import DemoError

_LONGEST = 4096
_PATIENCE = 120.0  # repairing a node may wait for two programs, thirty seconds each


class Control:
    """The running demo's end. Requests are served between two looks at the programs, so nothing runs in parallel."""

    def __init__(self, path: Path, act: Callable[[str, str], str]) -> None:
        self._act = act
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(_address(path))
        path.chmod(0o600)
        self._socket.listen()

    def serve(self, seconds: float) -> None:
        """Wait that long for a request and answer it."""
        self._socket.settimeout(seconds)
        with suppress(TimeoutError):
            connection, _ = self._socket.accept()
            with connection, suppress(OSError):
                connection.settimeout(5)
                action, _, name = connection.recv(_LONGEST).decode("utf-8", "replace").strip().partition(" ")
                try:
                    answer = self._act(action, name)
                except DemoError as error:
                    answer = f"error {error}"
                connection.sendall(answer.encode())

    def close(self) -> None:
        """Answer nobody any more."""
        self._socket.close()


def ask(path: Path, action: str, name: str, seconds: float = _PATIENCE) -> str:
    """Ask the running demo; raise DemoError when there is none, it refuses, or it does not answer in time."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(_address(path))
        except OSError:
            raise DemoError(
                "no demo is running here; start one with ./run demo, or name its folder: --folder FOLDER"
            ) from None
        try:
            connection.sendall(f"{action} {name}\n".encode())
            answer = b"".join(iter(lambda: connection.recv(_LONGEST), b"")).decode()
        except OSError:
            raise DemoError("the demo gave no answer; its own terminal says more") from None
    if answer.startswith("error "):
        raise DemoError(answer.removeprefix("error "))
    return answer


def _address(path: Path) -> str:
    # A socket's path has room for 107 bytes; seen from here it is shorter.
    return min(str(path), os.path.relpath(path), key=len)
