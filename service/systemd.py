"""sd_notify: tell systemd when a service is ready, reloading, stopping or still alive."""

import logging
import os
import socket

log = logging.getLogger("service.systemd")


def notify(state: str) -> None:
    """Send `state`, such as "READY=1", to the service manager; without one, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto(state.encode(), address)
    except OSError as error:
        # The variable may be inherited from a service that this process is no part of: no reason to stop serving.
        log.warning("the service manager cannot be told", extra={"state": state, "reason": str(error)})


def watchdog_interval() -> float | None:
    """Return the seconds between two signs of life, half of what the unit asks for, or None when it asks for none."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = os.environ.get("WATCHDOG_USEC")
    return int(microseconds) / 2e6 if microseconds else None
