"""The tables `[[multicast]]` and `[multicast_receiver]` of the agent's settings."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from service.settings import Seconds

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:]+)\]|([0-9.]+)):(\d{1,5})")
_INTERFACE = re.compile(r"[^\s/]{1,15}")
_FORM = 'must be "GROUP:PORT" in numbers, such as "239.1.2.3:5000" or "[ff3e::8000:1]:5000"'

_URL_FORM = 'must be an address such as "http://head-end:8001/first.ts" or "srt://head-end:9000"'
SCHEMES = ("http", "https", "srt")

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class MulticastSettings:
    """One channel as the network delivers it: a transport stream by UDP or RTP, or one that is pulled."""

    channel: str  # the label; the same name as in the edge log and in [[stream]], so that both show together
    address: str = ""  # "239.1.2.3:5000"; a unicast address of this machine is received without joining
    url: str = ""  # instead of `address`: http://, https:// or srt://, where the channel is pulled from
    source: str = ""  # address of the only sender: a source-specific join (SSM)
    interface: str = ""  # the interface to join on, by name; the kernel's routing table decides without it
    # Only a stream of constant bit rate has a place in time for each byte: PCR accuracy and the delay factor of MDI
    # are measured for those alone.
    constant_bitrate: bool = False
    pid_timeout: Seconds = field(default=Seconds(5.0))  # TR 101 290, 1.6: at most 5 s for picture and sound

    def __post_init__(self) -> None:
        faults = []
        if not 0 < len(self.channel) <= 64 or not self.channel.isprintable() or "/" in self.channel:
            faults.append("channel must be a name of 1 to 64 characters without a slash")
        faults += self._url_faults() if self.url else self._address_faults()
        if self.interface and not _INTERFACE.fullmatch(self.interface):
            faults.append('interface must be the name of a network interface, such as "eth1"')
        if not 0.1 <= self.pid_timeout <= 60:
            faults.append('pid_timeout must be between "100ms" and "1m"')
        if faults:
            raise ExceptionGroup("multicast", [ValueError(fault) for fault in faults])

    @property
    def endpoint(self) -> tuple[IpAddress, int]:
        """The group and the port; raise ValueError."""
        match = _ADDRESS.fullmatch(self.address)
        if match is None or not 0 < int(match[3]) < 65536:
            raise ValueError(_FORM)
        try:
            return ipaddress.ip_address(match[1] or match[2]), int(match[3])
        except ValueError:
            raise ValueError(_FORM) from None

    @property
    def sender(self) -> IpAddress | None:
        """The only sender that is wanted; None for any."""
        return ipaddress.ip_address(self.source) if self.source else None

    def _address_faults(self) -> list[str]:
        if not self.address:
            return ["address or url is missing; add one of them"]
        try:
            group, _ = self.endpoint
        except ValueError as error:
            return [f"address {error}"]
        return self._source_faults(group)

    def _url_faults(self) -> list[str]:
        if self.address or self.source or self.interface:
            return ["url stands alone: address, source and interface are for what is not pulled"]
        try:
            parts = urlsplit(self.url)
            known = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.scheme != "srt" or parts.port)
        except ValueError:
            known = False
        if not known or not self.url.isprintable() or " " in self.url:
            return [f"url {_URL_FORM}"]
        return []

    def _source_faults(self, group: IpAddress) -> list[str]:
        if not self.source:
            return []
        try:
            sender = ipaddress.ip_address(self.source)
        except ValueError:
            return ['source must be the address of the sender, such as "10.0.0.5"']
        if not group.is_multicast:
            return ["source is for a multicast group; address is none"]
        if sender.version != group.version or sender.is_multicast:
            return [f"source must be a unicast address of IPv{group.version}, as the group is"]
        return []


@dataclass(frozen=True, slots=True)
class MulticastReceiver:
    """What receiving all channels together may cost."""

    channels: int = 400
    pulled: int = 16  # of them; each takes a thread, and one by SRT a process
    buffer: int = 2 * 1024 * 1024  # bytes that the kernel keeps for a channel while the agent does not read

    def __post_init__(self) -> None:
        if not 1 <= self.channels <= 2000:
            raise ValueError("channels must be between 1 and 2000")
        if not 1 <= self.pulled <= 256:
            raise ValueError("pulled must be between 1 and 256")
        if not 64 * 1024 <= self.buffer <= 64 * 1024 * 1024:
            raise ValueError("buffer must be between 65536 and 67108864 bytes")

    def check(self, tables: Sequence[MulticastSettings]) -> None:
        """Raise ValueError for more channels than allowed, and for two that would receive the same packets."""
        if len(tables) > self.channels:
            raise ValueError(
                f"there are {len(tables)} [[multicast]] tables, multicast_receiver.channels allows {self.channels}; "
                "raise it, or spread the channels over more probe nodes"
            )
        if (pulled := sum(bool(table.url) for table in tables)) > self.pulled:
            raise ValueError(
                f"{pulled} [[multicast]] tables have a url, multicast_receiver.pulled allows {self.pulled}; raise it "
                "and TasksMax= of the agent's unit, or spread the channels over more probe nodes"
            )
        known: dict[tuple[str, ...], str] = {}
        for table in tables:
            other = known.setdefault((table.address, table.url, table.source, table.interface), table.channel)
            if other != table.channel:
                # A url may hold a token.
                same = f"address {table.address}" if table.address else "url"
                raise ValueError(f'the channels "{other}" and "{table.channel}" have the same {same}')
