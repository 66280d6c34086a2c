"""A site's line to the rest of the platform: connections are passed on, byte for byte, for as long as it lives."""

import argparse
import asyncio
from contextlib import suppress
from functools import partial

_CHUNK = 1 << 16


async def pass_on(target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Connect to the other end, and copy in both directions until one side closes."""
    with suppress(OSError):
        there, back = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(_copy(reader, back), _copy(there, writer))
    writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(_CHUNK):
            writer.write(piece)
            await writer.drain()
    writer.close()


async def serve(lines: list[tuple[int, int]]) -> None:
    """Listen on the first port of each pair and pass on to the second."""
    servers = [await asyncio.start_server(partial(pass_on, target), "127.0.0.1", port) for port, target in lines]
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    """Pass on until killed."""
    parser = argparse.ArgumentParser("uplink", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("lines", nargs="+", metavar="PORT=TARGET")
    lines = [line.partition("=") for line in parser.parse_args().lines]
    asyncio.run(serve([(int(port), int(target)) for port, _, target in lines]))


if __name__ == "__main__":
    main()
