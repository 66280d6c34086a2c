"""Every secret that the settings name, read by check-config: what is wrong with one shows before it is needed."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from service.settings import Fault, Secret


def unreadable(settings: object, path: Path) -> list[Fault]:
    """Return a fault, with key and remedy, for each secret in the settings that cannot be used."""
    faults = []
    for key, secret in _secrets(settings, ""):
        try:
            secret.read()
        except OSError as error:
            faults.append(Fault(path, key, str(error)))
    return faults


def read_by_root_alone(settings: object) -> list[str]:
    """Return a remark on each file that root, as whom this runs, can read and the account of a service cannot."""
    if os.geteuid() != 0:
        return []
    return [
        f"{key}: only root can read {secret.file}; where the service runs as another account: chgrp it and chmod 0640"
        for key, secret in _secrets(settings, "")
        if secret.file is not None and _is_roots(secret.file.stat())
    ]


def _is_roots(status: os.stat_result) -> bool:
    return status.st_uid == 0 and (status.st_gid == 0 or not status.st_mode & stat.S_IRGRP)


def _secrets(value: Any, key: str) -> Iterator[tuple[str, Secret]]:
    if isinstance(value, Secret):
        yield key, value
    elif is_dataclass(value):
        for each in fields(value):
            yield from _secrets(getattr(value, each.name), f"{key}.{each.name}" if key else each.name)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _secrets(inner, f"{key}.{name}")
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value, 1):
            yield from _secrets(inner, f"{key}[{place}]")
