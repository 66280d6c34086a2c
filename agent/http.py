"""HTTP GET for collectors: whole body or OSError, bounded in time and size."""

import time
from collections.abc import Mapping
from typing import NamedTuple

import httpx

LARGEST_BODY = 16 << 20


class Response(NamedTuple):
    """What a server answered with status 200."""

    content_type: str
    body: bytes


def get(url: str, *, timeout: float, headers: Mapping[str, str] | None = None, largest: int = LARGEST_BODY) -> Response:
    """Return the answer of `url`; raise OSError for a refusal, an error status, a body too large or too slow."""
    # Each step of httpx has the time-out for itself; a body that drips must not outlast it either.
    end = time.monotonic() + timeout
    try:
        with httpx.stream("GET", url, headers=headers, timeout=timeout, follow_redirects=False) as response:
            if response.status_code != 200:
                raise OSError(f"answered {response.status_code} {response.reason_phrase}".rstrip())
            pieces, size = [], 0
            for piece in response.iter_bytes():
                size += len(piece)
                if size > largest:
                    raise OSError(f"the answer is larger than {largest >> 20} MiB")
                if time.monotonic() > end:
                    raise OSError(f"the answer took longer than {timeout:g} s")
                pieces.append(piece)
            return Response(response.headers.get("content-type", ""), b"".join(pieces))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OSError(str(error) or type(error).__name__) from None
