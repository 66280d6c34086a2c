"""How much vmagent keeps on the disk for a database that takes nothing."""

import re

from service.toml import shown

_SIZE = re.compile(r"([1-9][0-9]*)(MB|GB)")
_BYTES = {"MB": 10**6, "GB": 10**9}  # as vmagent reads them


def in_bytes(size: str) -> int:
    """Return a size such as "10GB" in bytes; raise ValueError for any other text."""
    found = _SIZE.fullmatch(size)
    if not found:
        raise ValueError(f'queue: {shown(size)} is no size; write for example "10GB"')
    return int(found[1]) * _BYTES[found[2]]
