"""A player counts every byte that came over the wire, and outlives a connection that the edge closed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from demo.platform.http_client import Edge, Player
from demo.ports import free_port

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n#EXTM"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def edge(handler: Handler) -> AsyncIterator[Edge]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield Edge("edge-1", "127.0.0.1", server.sockets[0].getsockname()[1])


def test_headers_and_body_are_counted_on_one_connection() -> None:
    connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        for _ in range(2):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /live/kino/index.m3u8?token=ab HTTP/1.1\r\n")
            writer.write(ANSWER)
        writer.close()

    async def play() -> None:
        async with edge(serve) as address:
            player = Player(address, "test")
            for _ in range(2):
                answer = await player.get("/live/kino/index.m3u8?token=ab")
                assert (answer.status, answer.body, answer.received) == (200, b"#EXTM", len(ANSWER))
            player.close()

    asyncio.run(play())
    assert len(connections) == 1


def test_a_connection_closed_between_requests_is_opened_again() -> None:
    connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        writer.close()

    async def play() -> None:
        async with edge(serve) as address:
            player = Player(address, "test")
            assert [(await player.get("/a")).received for _ in range(3)] == [len(ANSWER)] * 3
            player.close()

    asyncio.run(play())
    assert len(connections) == 3


def test_an_edge_that_is_gone_or_dies_half_way_is_an_os_error() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER[:-3])
        writer.close()

    async def play() -> None:
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            await Player(Edge("edge-1", "127.0.0.1", free_port()), "test").get("/a")
        async with edge(half) as address:
            with pytest.raises(ConnectionResetError, match="edge-1 closed the connection"):
                await Player(address, "test").get("/a")

    asyncio.run(play())
