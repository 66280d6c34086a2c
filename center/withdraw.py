"""`ott-center withdraw`: take ottwatch out of Prometheus' and Alertmanager's settings again."""

import argparse
import contextlib

from center import alertmanager_file, changes, prometheus_file, services
from center.places import Places
from center.services import CommandError
from service.program import Exit

SERVICES = ("prometheus", "prometheus-alertmanager")


def run(_: argparse.Namespace, places: Places) -> int:
    """Leave both as they were before, and everything that others wrote as it is."""
    for path, skeleton in (
        (places.prometheus, prometheus_file.SKELETON),
        (places.alertmanager, alertmanager_file.SKELETON),
    ):
        if notice := changes.take_out(path, skeleton, places):
            print(notice)
    for service in SERVICES:
        file = places.drop_in(service)
        file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            file.parent.rmdir()
    with contextlib.suppress(CommandError):  # a machine that does not run systemd, such as an image
        services.run("systemctl", "daemon-reload")
        for service in SERVICES:
            services.run("systemctl", "try-restart", f"{service}.service")
    return Exit.FINE
