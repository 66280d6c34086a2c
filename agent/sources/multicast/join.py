"""Sockets that receive one multicast group each.

The kernel allows 20 memberships a socket (`net.ipv4.igmp_max_memberships`), and a socket bound to the wildcard address
would get every group of its port: so each channel has a socket of its own, bound to its group.
"""

import socket
import struct
from contextlib import suppress

from agent.sources.multicast.settings import IpAddress, MulticastSettings

# Linux's numbers; Python's socket module has no names for them.
_SO_RCVBUFFORCE, _SO_TIMESTAMPNS, _SO_RXQ_OVFL = 33, 35, 40
_MCAST_JOIN_GROUP, _MCAST_JOIN_SOURCE_GROUP = 42, 46
_IP_MULTICAST_ALL, _IPV6_MULTICAST_ALL = 49, 29
_STORAGE = 128  # sizeof(struct sockaddr_storage)


def receiver(settings: MulticastSettings, buffer: int) -> socket.socket:
    """Return a socket that receives the channel's datagrams, each with its arrival time and the kernel's drop count.

    Raises OSError with what could not be done and, where there is one, the remedy.
    """
    group, port = settings.endpoint
    family = socket.AF_INET if group.version == 4 else socket.AF_INET6
    channel = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        channel.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        channel.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        _enlarge(channel, buffer)
        index = _interface(settings.interface)
        _bind(channel, group, port, index)
        if group.is_multicast:
            _join(channel, settings, group, index)
    except OSError:
        channel.close()
        raise
    return channel


def _enlarge(channel: socket.socket, buffer: int) -> None:
    """Ask for the buffer; without CAP_NET_ADMIN as much of it as net.core.rmem_max allows."""
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    with suppress(PermissionError):
        channel.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, buffer)


def _bind(channel: socket.socket, group: IpAddress, port: int, index: int) -> None:
    try:
        channel.bind((str(group), port) if group.version == 4 else (str(group), port, 0, index))
    except OSError as error:
        raise OSError(f"{group} port {port} cannot be received: {error.strerror}") from None


def _join(channel: socket.socket, settings: MulticastSettings, group: IpAddress, index: int) -> None:
    level = socket.IPPROTO_IP if group.version == 4 else socket.IPPROTO_IPV6
    # Without this the socket would also get what another program on this machine has joined.
    channel.setsockopt(level, _IP_MULTICAST_ALL if group.version == 4 else _IPV6_MULTICAST_ALL, 0)
    request = struct.pack("@I4x", index) + _storage(group)
    option = _MCAST_JOIN_GROUP
    if (sender := settings.sender) is not None:
        request += _storage(sender)
        option = _MCAST_JOIN_SOURCE_GROUP
    try:
        channel.setsockopt(level, option, request)
    except OSError as error:
        where = f"on {settings.interface}" if settings.interface else "on any interface"
        remedy = "" if settings.interface else "; name the interface that the network delivers the channels to"
        raise OSError(f"the group {group} cannot be joined {where}: {error.strerror}{remedy}") from None


def _interface(name: str) -> int:
    if not name:
        return 0
    try:
        return socket.if_nametoindex(name)
    except OSError:
        known = ", ".join(sorted(known for _, known in socket.if_nameindex()))
        raise OSError(f'there is no network interface "{name}"; this machine has {known}') from None


def _storage(address: IpAddress) -> bytes:
    """Return the address as struct sockaddr_storage."""
    if address.version == 4:
        packed = struct.pack("@H2x4s", socket.AF_INET, address.packed)
    else:
        packed = struct.pack("@H6x16s", socket.AF_INET6, address.packed)
    return packed.ljust(_STORAGE, b"\0")
