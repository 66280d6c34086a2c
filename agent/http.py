"""HTTP GET for collectors: whole body or OSError, bounded in time and size.

The standard library's client, which the exposition brings along anyway: httpx would add four mebibytes, and reads the
authorities' certificates anew for each client, which took twenty times as long as the request itself.
"""

import ssl
import time
import urllib.request
from collections.abc import Mapping
from functools import cache
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError

LARGEST_BODY = 16 << 20
_PIECE = 1 << 16


class Response(NamedTuple):
    """What a server answered with status 200."""

    content_type: str
    body: bytes


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A status page that has moved is a mistake to be told, and a secret must not follow it elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


@cache
def _opener(*, encrypted: bool) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
    if encrypted:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    return urllib.request.build_opener(*handlers)


def get(url: str, *, timeout: float, headers: Mapping[str, str] | None = None, largest: int = LARGEST_BODY) -> Response:
    """Return the answer of `url`; raise OSError for a refusal, an error status, a body too large or too slow."""
    # Each step has the time-out for itself; a body that drips must not outlast it either.
    end = time.monotonic() + timeout
    request = urllib.request.Request(url, headers={"User-Agent": "ott-agent", **(headers or {})})  # noqa: S310 - http(s) alone passes the settings
    try:
        with _opener(encrypted=url.startswith("https:")).open(request, timeout=timeout) as response:
            if response.status != 200:
                raise OSError(f"answered {response.status} {response.reason}".rstrip())
            pieces, size = [], 0
            while piece := response.read1(_PIECE):
                size += len(piece)
                if size > largest:
                    raise OSError(f"the answer is larger than {largest >> 20} MiB")
                if time.monotonic() > end:
                    raise OSError(f"the answer took longer than {timeout:g} s")
                pieces.append(piece)
            announced = response.headers.get("Content-Length")
            if announced is not None and size < int(announced):
                raise OSError(f"the answer broke off after {size} of {announced} bytes")
            return Response(response.headers.get("Content-Type", ""), b"".join(pieces))
    except HTTPError as error:
        error.close()
        raise OSError(f"answered {error.code} {error.reason}".rstrip()) from None
    except URLError as error:
        raise OSError(str(error.reason)) from None
    except TimeoutError:
        raise OSError(f"the answer took longer than {timeout:g} s") from None
    except (HTTPException, ValueError) as error:  # ValueError: an address that no request can be made of
        raise OSError(str(error) or type(error).__name__) from None
