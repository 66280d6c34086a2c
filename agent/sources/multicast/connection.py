"""Connections that a channel is pulled over: HTTP by this process, SRT by Debian's `srt-live-transmit`."""

import os
import select
import socket
import subprocess
import tempfile
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from typing import IO, Protocol
from urllib.parse import urlsplit

from agent.runtime.address import joined
from agent.runtime.http import ask, connection_to
from agent.runtime.reasons import reason_of

PATIENCE = 10.0  # seconds without a byte
_PIECE = 65_536
_MOST_REDIRECTS = 3
SRT_PROGRAM = "srt-live-transmit"
MISSING = f"{SRT_PROGRAM} is not installed here; install Debian's package srt-tools"


class ProgramMissingError(OSError):
    """This machine lacks what the connection takes."""


class Connection(Protocol):
    """What is read from. One thread reads; `interrupt` comes from another."""

    def read(self) -> bytes:
        """Return the next bytes, none at the end; raise OSError."""

    def ended(self) -> str:
        """Return what is known of why it ended, with ": " before it."""

    def interrupt(self) -> None:
        """Let a waiting `read` return."""

    def close(self) -> None:
        """Give everything back."""


def opened(url: str) -> Connection:
    """Return the connection to an address; raise OSError with the reason, and the remedy where there is one."""
    return SrtConnection(url) if urlsplit(url).scheme == "srt" else HttpConnection(url)


class HttpConnection:
    """The body of an answer that does not end."""

    def __init__(self, url: str) -> None:
        self._socket: socket.socket | None = None
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._asked(url)
            if answer.status == 200:
                self._answer = answer
                return
            location = answer.headers.get("Location", "")
            answer.close()
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                raise OSError(f"the server answered {answer.status} {answer.reason}")
            url = joined(url, location)
            if urlsplit(url).scheme not in ("http", "https"):
                raise OSError("the server leads to an address that is not HTTP")
        raise OSError(f"the server led on more than {_MOST_REDIRECTS} times")

    def _asked(self, url: str) -> HTTPResponse:
        parts = urlsplit(url)
        try:
            asked = connection_to(parts, PATIENCE, None)
            ask(asked, parts, {})
            self._socket = asked.sock
            return asked.getresponse()
        except TimeoutError:
            raise OSError(f"no answer within {PATIENCE:g} s") from None
        except (HTTPException, ValueError) as error:
            raise OSError(reason_of(error)) from None

    def read(self) -> bytes:
        """Return the next bytes, none at the end; raise OSError."""
        try:
            return self._answer.read1(_PIECE)
        except TimeoutError:
            raise OSError(f"nothing came for {PATIENCE:g} s") from None
        except (HTTPException, ValueError) as error:
            raise OSError(reason_of(error)) from None

    def ended(self) -> str:
        """Return nothing: HTTP does not say why."""
        return ""

    def interrupt(self) -> None:
        """Let a waiting `read` return."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._answer.close()


class SrtConnection:
    """The output of a program of its own, which ends with this connection, or when nobody reads its output."""

    def __init__(self, url: str) -> None:
        self._came = False
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the connection
        # The address is checked to begin with srt://, so that it is no option.
        command = [SRT_PROGRAM, "-quiet", "-loglevel:fatal", "-chunk:1316", "-autoreconnect:no", url, "file://con"]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._said, bufsize=0
            )
        except FileNotFoundError:
            self._said.close()
            raise ProgramMissingError(MISSING) from None
        except OSError:
            self._said.close()
            raise

    def read(self) -> bytes:
        """Return the next bytes, none at the end; raise OSError."""
        output = self._process.stdout
        if output is None:
            return b""
        ready, _, _ = select.select([output], [], [], PATIENCE)
        if not ready:
            raise OSError(f"nothing came for {PATIENCE:g} s")
        data = os.read(output.fileno(), _PIECE)
        self._came = self._came or bool(data)
        return data

    def ended(self) -> str:
        """Return the last line that the program wrote, or what its silence means."""
        self._said.seek(0)
        lines = self._said.read(4096).decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        if last:
            return f": {SRT_PROGRAM}: {last[:200]}"
        # The program does not say so itself.
        return "" if self._came else ": nobody answers there, or not to this streamid or passphrase"

    def interrupt(self) -> None:
        """Let a waiting `read` return."""
        self._process.kill()

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._said.close()
