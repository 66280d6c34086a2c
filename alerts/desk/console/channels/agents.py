"""The agents' pages of pictures: where they are by Prometheus's own targets, and what they answer, within bounds.

A secret goes only to addresses that Prometheus scrapes, never to one that a label names: labels come from the agents.
"""

import ssl
from base64 import b64encode
from collections.abc import Mapping
from threading import Lock
from time import monotonic
from urllib.parse import quote, urlsplit

import httpx

from alerts.desk.core.picture_settings import PictureSettings
from alerts.desk.tickets.runtime import Runtime
from service.authorities import trusted
from service.no_answer import reason_of
from service.prometheus import PrometheusError, connect

PATIENCE = 4.0  # seconds for a whole answer
MOST_BYTES = 48 * 1024 * 1024  # of an answer
MOST_ONE = 256 * 1024  # of the answer with one picture
_CONNECTIONS = httpx.Limits(max_connections=32, max_keepalive_connections=32)


class PicturesOffError(OSError):
    """The settings have no table `[pictures]`."""


class Agents:
    """Asks agents, each over connections that are kept."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = Lock()
        self._made: tuple[PictureSettings, httpx.Client] | None = None

    @property
    def settings(self) -> PictureSettings:
        """Return the settings of pictures; raise PicturesOffError where there are none."""
        found = self._runtime.settings.pictures
        if found is None:
            raise PicturesOffError("the settings have no table [pictures]")
        return found

    def addresses(self) -> Mapping[str, str]:
        """Return the agents' addresses by the label `instance`; raise OSError where nobody tells them."""
        settings, platform = self.settings, self._runtime.settings
        server = connect(settings.targets or platform.prometheus, token=platform.token_of_prometheus())
        try:
            targets = server.targets()
        except PrometheusError as error:
            raise OSError(str(error)) from None
        finally:
            server.close()
        found: dict[str, str] = {}
        for target in targets:
            labels = target.get("labels")
            address = urlsplit(str(target.get("scrapeUrl", "")))
            if isinstance(labels, dict) and address.scheme in ("http", "https") and address.netloc:
                found[str(labels.get("instance", ""))] = f"{address.scheme}://{address.netloc}"
        return found

    def get(self, base: str, *path: str, most: int = MOST_BYTES) -> bytes:
        """Return what an agent has at /pictures and a path below it; raise OSError where it does not answer so."""
        address = "/".join([base, "pictures", *(quote(part, safe="") for part in path)])
        ends = monotonic() + PATIENCE
        # A packed answer could grow without bound while it is unpacked: none is asked for, and none is taken.
        headers = {"Accept-Encoding": "identity"} | self._authorization()
        try:
            with self._client().stream("GET", address, headers=headers) as answer:
                if (
                    answer.status_code != httpx.codes.OK
                    or answer.headers.get("content-encoding", "identity") != "identity"
                ):
                    raise OSError(f"{address}: HTTP {answer.status_code}")
                pieces, size = [], 0
                for piece in answer.iter_raw():
                    pieces.append(piece)
                    size += len(piece)
                    if size > most or monotonic() > ends:
                        raise OSError(f"{address}: too large or too slow an answer")
                return b"".join(pieces)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(f"{address}: {reason_of(error)}") from None

    def _authorization(self) -> dict[str, str]:
        settings = self.settings
        if settings.password is not None:
            account = b64encode(f"{settings.username}:{settings.password.read()}".encode()).decode("ascii")
            return {"Authorization": f"Basic {account}"}
        return {"Authorization": f"Bearer {settings.token.read()}"} if settings.token else {}

    def _client(self) -> httpx.Client:
        """Return a client for the settings as they are now: a reload may have changed the certificates."""
        settings = self.settings
        with self._lock:
            if self._made is None or self._made[0] is not settings:  # equal ones may name files that are new
                # Proxies of the environment are ignored: agents are inside. Nor is a redirect followed.
                client = httpx.Client(verify=_context(settings), timeout=PATIENCE, trust_env=False, limits=_CONNECTIONS)
                self._made = settings, client
            return self._made[1]


def _context(settings: PictureSettings) -> ssl.SSLContext:
    if settings.ca is None and settings.certificate is None:
        return trusted()
    context = ssl.create_default_context(cafile=str(settings.ca) if settings.ca else None)
    if settings.certificate is not None and settings.key is not None:
        context.load_cert_chain(settings.certificate, settings.key)
    return context
