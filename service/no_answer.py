"""Why a server gave no answer, in words that name no class of the HTTP client and no number of the operating system."""

from collections.abc import Iterator

import httpx

from service.system_errors import said_of

_SAID = {
    httpx.ConnectTimeout: "no connection within the time allowed",
    httpx.PoolTimeout: "too many requests to it are under way",
    httpx.TimeoutException: "no answer within the time allowed",
    httpx.UnsupportedProtocol: "its address must begin with http:// or https://",
    httpx.InvalidURL: "its address cannot be read; write for example http://host:9090",
    httpx.ProxyError: "the proxy that the environment names makes no connection",
    httpx.ProtocolError: "it closed the connection before its answer was complete, or does not speak HTTP",
    httpx.ConnectError: "no connection",
    httpx.NetworkError: "the connection broke off",
    httpx.DecodingError: "its answer is compressed and damaged",
    httpx.TooManyRedirects: "it redirects without end",
    UnicodeError: "the host in its address is no name; a part of a name has at most 63 characters",
}


def reason_of(error: Exception) -> str:
    """Return what is said of an error of the HTTP client."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"it answered {error.response.status_code}"
    if not isinstance(error, httpx.TimeoutException):
        for each in _chain(error):
            if isinstance(each, TimeoutError):
                return _SAID[httpx.TimeoutException]
            if isinstance(each, OSError) and (said := said_of(each)):
                return said
    return next((said for kind, said in _SAID.items() if isinstance(error, kind)), "the request failed")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what caused it."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
