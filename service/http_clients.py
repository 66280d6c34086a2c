"""HTTP clients of the programs: to servers of the centre itself, and out to everybody else.

The environment's proxies lead out. A Prometheus or an Alertmanager is inside, where a proxy does not reach it. httpx
reads the environment by itself, but does not start with `no_proxy=fe80::/10` or a SOCKS proxy (encode/httpx, issues
3221 and 3574), and takes a network such as 10.0.0.0/8 in `no_proxy` for a name that no host has.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.request import getproxies_environment

import httpx

from service.authorities import trusted

PORTS = {"http": 80, "https": 443}


class ProxyError(ValueError):
    """The environment names a proxy that cannot be used."""


class Rule(NamedTuple):
    """A name of `no_proxy`, with its subdomains, or its port alone where it has one."""

    name: str
    port: int | None

    def holds(self, host: str, port: int) -> bool:
        """Return whether a request to this host goes past the proxy."""
        return self.port in (None, port) and (host == self.name or host.endswith(f".{self.name}"))


def inside(timeout: float = 5.0) -> httpx.Client:
    """Return a client that asks servers of the centre itself."""
    return httpx.Client(timeout=timeout, trust_env=False, verify=trusted())


def outward(direct: Iterable[str] = ()) -> httpx.Client:
    """Return a client that goes through the proxies of the environment, except to these addresses.

    Raises:
        ProxyError: the environment names a proxy that cannot be used.
    """
    return httpx.Client(transport=_Outward(getproxies_environment(), direct), trust_env=False)


def check_environment() -> None:
    """Raise ProxyError where the environment names a proxy that cannot be used."""
    for scheme in PORTS:
        _proxy(scheme, getproxies_environment())


class _Outward(httpx.BaseTransport):
    """Through the proxy for the scheme, or past it."""

    def __init__(self, environment: Mapping[str, str], direct: Iterable[str]) -> None:
        self._past = httpx.HTTPTransport(verify=trusted())
        self._through = {
            scheme: httpx.HTTPTransport(verify=trusted(), proxy=httpx.Proxy(proxy))
            for scheme in PORTS
            if (proxy := _proxy(scheme, environment))
        }
        self._never = {_origin(httpx.URL(address)) for address in direct}
        self._all, self._rules, self._networks = _past(environment.get("no", ""))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        through = self._through.get(request.url.scheme)
        if through is None or self._goes_past(request.url):
            return self._past.handle_request(request)
        with suppress(httpx.ConnectError):
            return through.handle_request(request)
        raise httpx.ProxyError("no connection to the proxy", request=request)

    def close(self) -> None:
        """Close the connections."""
        for transport in (self._past, *self._through.values()):
            transport.close()

    def _goes_past(self, url: httpx.URL) -> bool:
        host, port = _origin(url)
        if self._all or (host, port) in self._never or any(rule.holds(host, port) for rule in self._rules):
            return True
        with suppress(ValueError):
            address = ip_address(host)
            return any(address in network for network in self._networks)
        return False


def _origin(url: httpx.URL) -> tuple[str, int]:
    return url.host.lower(), url.port or PORTS.get(url.scheme, 0)


def _proxy(scheme: str, environment: Mapping[str, str]) -> str:
    """Return the proxy for a scheme; empty where there is none."""
    name = scheme if environment.get(scheme) else "all"
    text = environment.get(name, "").strip()
    if not text:
        return ""
    found = text if "://" in text else f"http://{text}"
    kind = found.partition("://")[0]
    try:
        usable = kind.lower() in PORTS and bool(httpx.URL(found).host)
    except httpx.InvalidURL:
        usable = False
    if not usable:
        # The address stays out of the sentence: it may hold a password.
        raise ProxyError(
            f'{name}_proxy in the environment names a proxy of kind "{kind}" that cannot be used; write for example '
            f"http://proxy:3128, or start the program without {name}_proxy"
        )
    return found


def _past(text: str) -> tuple[bool, list[Rule], list[IPv4Network | IPv6Network]]:
    """Return what `no_proxy` holds: whether all goes past the proxy, names, and networks."""
    everything, rules, networks = False, [], []
    for each in text.lower().replace(",", " ").split():
        if each == "*":
            everything = True
            continue
        with suppress(ValueError):
            networks.append(ip_network(each.removeprefix("[").removesuffix("]"), strict=False))
            continue
        name, _, port = each.rpartition(":")
        if not (name and port.isdecimal()):
            name, port = each, ""
        rules.append(Rule(name.strip("[]").removeprefix("*").lstrip("."), int(port) if port else None))
    return everything, rules, networks
