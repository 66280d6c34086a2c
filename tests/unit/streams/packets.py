"""Transport stream packets for tests, one field at a time."""


def packet(
    pid: int,
    counter: int,
    *,
    payload: bool = True,
    discontinuity: bool | None = None,
    damaged: bool = False,
) -> bytes:
    """Return one packet; `discontinuity` adds an adaptation field with that indicator."""
    adaptation = b""
    if discontinuity is not None or not payload:
        length = 1 if payload else 183
        adaptation = bytes([length, 0x80 if discontinuity else 0x00]).ljust(length + 1, b"\xff")
    control = (0x20 if adaptation else 0) | (0x10 if payload else 0) | counter & 0x0F
    head = bytes([0x47, (0x80 if damaged else 0) | pid >> 8, pid & 0xFF, control])
    return (head + adaptation).ljust(188, b"\x00")


def run(pid: int, first: int, count: int) -> bytes:
    """Return packets whose counters follow each other."""
    return b"".join(packet(pid, first + step) for step in range(count))
