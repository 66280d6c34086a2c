"""The event streams: the same news for many, packed once, never twice to one, and none after the storage is gone."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import OperationalError

from alerts.desk.tickets import actions
from alerts.desk.tickets.actions import Hand
from alerts.desk.web import events
from alerts.desk.web.events import News, SharedNews
from tests.unit.desk.console_desk import Hall

READERS = 50


def request(room: Hall, query: str = "", **headers: str) -> Request:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {"type": "http", "method": "GET", "headers": given, "query_string": query.encode(), "app": room.machine.app}
    )


def pieces(room: Hall, tell: Callable[[str], Awaitable[News]], query: str = "", **headers: str) -> AsyncIterator[bytes]:
    answer = events.stream(request(room, query, **headers), tell)
    assert isinstance(answer, StreamingResponse)
    assert (answer.headers.get("content-encoding") == "gzip") is ("accept_encoding" in headers)
    iterator: AsyncIterator[bytes] = answer.body_iterator  # type: ignore[assignment]
    return iterator


async def take(iterator: AsyncIterator[bytes]) -> bytes:
    return await asyncio.wait_for(anext(iterator), 5)


def test_many_streams_cost_one_making_and_say_the_same_packed_or_not(control_room: Hall) -> None:
    control_room.alarm()
    shared, made = SharedNews(), []

    def make() -> News:
        made.append(1)
        return events.news("7", "<p>one\ntwo", "part")

    async def tell(mark: str) -> News:
        return await shared.get("key", mark, make)

    async def listen() -> None:
        plain = [pieces(control_room, tell) for _ in range(READERS)]
        packed = [pieces(control_room, tell, accept_encoding="gzip, br") for _ in range(READERS)]
        texts = [b"".join([await take(each), await take(each)]).decode() for each in plain]
        for each in packed:
            unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
            # The header, the opening, and the event: each can be read as soon as it is there.
            texts.append("".join([unpack.decompress(await take(each)).decode() for _ in range(3)]))
        assert set(texts) == {"retry: 2000\n\nevent: part\nid: 7\ndata: <p>one\ndata: two\n\n"}
        assert len(made) == 1
        control_room.machine.app.state.pulse.stop()

    asyncio.run(listen())


def test_who_comes_back_is_told_only_what_is_new(control_room: Hall) -> None:
    control_room.alarm()

    async def tell(mark: str) -> News:
        return events.news(mark, mark)

    async def listen() -> None:
        first = pieces(control_room, tell)
        await take(first)
        mark = (await take(first)).decode().split("id: ")[1].split("\n")[0]
        again = [pieces(control_room, tell, f"mark={mark}"), pieces(control_room, tell, last_event_id=mark)]
        waiting = []
        for each in again:
            await take(each)
            waiting.append(asyncio.ensure_future(anext(each)))
        await asyncio.sleep(0)
        assert not any(each.done() for each in waiting)
        await asyncio.to_thread(actions.note, control_room.runtime.desk, Hand("Aigerim", 1), "seen")
        for told in await asyncio.wait_for(asyncio.gather(*waiting), 5):
            assert f"id: {mark}\n" not in told.decode()
        control_room.machine.app.state.pulse.stop()

    asyncio.run(listen())


def test_a_stream_ends_when_the_storage_does_and_the_next_attempt_is_a_new_one(control_room: Hall) -> None:
    control_room.alarm()
    shared = SharedNews()
    answers: list[Exception | News] = [OperationalError("", None, OSError("gone")), events.news("7", "there")]

    def make() -> News:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def tell(mark: str) -> News:
        return await shared.get("key", mark, make)

    async def listen() -> None:
        told = [each async for each in pieces(control_room, tell)]
        assert told == [b"retry: 2000\n\n"]
        again = pieces(control_room, tell)
        await take(again)
        assert b"there" in await take(again)
        control_room.machine.app.state.pulse.stop()

    asyncio.run(listen())


def test_a_reader_who_leaves_takes_the_news_from_nobody_else(control_room: Hall) -> None:
    shared = SharedNews()
    go = asyncio.Event()

    async def read() -> News:
        await go.wait()
        return events.news("7", "there")

    async def listen() -> None:
        loop = asyncio.get_running_loop()

        def make() -> News:
            return asyncio.run_coroutine_threadsafe(read(), loop).result(5)

        leaves = asyncio.create_task(shared.get("key", "7", make))
        stays = asyncio.create_task(shared.get("key", "7", make))
        await asyncio.sleep(0)
        leaves.cancel()
        go.set()
        assert (await asyncio.wait_for(stays, 5)).mark == "7"

    asyncio.run(listen())


def test_the_streams_of_queue_and_ticket_carry_the_part_and_the_mark(control_room: Hall) -> None:
    control_room.alarm(title="edge-1 is down")
    app = control_room.machine.app

    async def listen(path: str) -> str:
        found = asyncio.Event()
        text = ""

        async def send(message: dict[str, object]) -> None:
            nonlocal text
            text += bytes(message.get("body", b"")).decode()  # type: ignore[call-overload]
            if "id: " in text:
                found.set()

        async def receive() -> dict[str, object]:
            await found.wait()
            return {"type": "http.disconnect"}

        cookies = "; ".join(f"{name}={value}" for name, value in reader.cookies.items())
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
            "raw_path": path.encode(), "root_path": "", "scheme": "http", "query_string": query.encode(),
            "headers": [(b"cookie", cookies.encode())], "client": ("127.0.0.1", 1), "server": ("desk", 80),
        }  # fmt: skip
        await asyncio.wait_for(app(scope, receive, send), 5)  # type: ignore[arg-type]
        return text

    reader = control_room.person()
    part = reader.get("/queue/part").text
    told = asyncio.run(listen("/queue/events?site=almaty"))
    assert "event: part" in told
    assert "edge-1 is down" in told
    assert 'id="live"' in told
    assert "edge-1 is down" not in asyncio.run(listen("/queue/events?site=nowhere"))
    assert "edge-1 is down" in part
    mark = reader.get("/ticket/1").text.split('data-mark="')[1].split('"')[0]
    assert f"data: {mark}\n" in asyncio.run(listen("/ticket/1/events"))
    app.state.pulse.stop()
