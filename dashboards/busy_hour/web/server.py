"""The web server, on a thread of its own."""

import logging
import threading

import uvicorn
from fastapi import FastAPI

from service.listening import KEEP_ALIVE, listening

BACKLOG = 128
GRACE = 10  # seconds that running requests get at the end


class WebServer:
    """Serves from `start` to `stop`; the socket is bound at once, or OSError is raised."""

    def __init__(self, address: tuple[str, int], app: FastAPI) -> None:
        self._listener = listening(*address, BACKLOG)
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=KEEP_ALIVE,
            lifespan="off",
            ws="none",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), name="web", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Return where it listens."""
        host, port, *_ = self._listener.getsockname()
        return str(host), int(port)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def is_serving(self) -> bool:
        """Return whether the thread is alive."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Let running requests end and close the socket."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._listener.close()
