"""The pulse: one look for all listeners, whoever made the change."""

import asyncio
from collections.abc import AsyncIterator

from alerts.desk.tickets import actions
from alerts.desk.tickets.actions import Hand
from alerts.desk.web.broadcast import Pulse
from tests.unit.desk.console_desk import Hall


async def take(marks: AsyncIterator[str]) -> str:
    return await asyncio.wait_for(anext(marks), 5)


def test_every_listener_hears_of_a_change_and_is_let_go_at_the_end(control_room: Hall) -> None:
    control_room.alarm()
    pulse = Pulse(control_room.runtime.database, period=0.01)

    async def listen() -> None:
        listeners = [pulse.marks() for _ in range(20)]
        first = {await take(each) for each in listeners}
        assert len(first) == 1
        await asyncio.to_thread(actions.note, control_room.runtime.desk, Hand("Aigerim", 1), "seen")
        second = {await take(each) for each in listeners}
        assert len(second) == 1
        assert second.isdisjoint(first)
        pulse.stop()
        for each in listeners:
            assert [mark async for mark in each] == []

    asyncio.run(listen())


def test_a_commit_of_this_process_is_told_without_waiting_for_the_next_look(control_room: Hall) -> None:
    control_room.alarm()
    pulse = Pulse(control_room.runtime.database, period=3600)

    async def listen() -> None:
        listener = pulse.marks()
        told = {await take(listener)}
        for text in ("one", "two", "three"):
            await asyncio.to_thread(actions.note, control_room.runtime.desk, Hand("Aigerim", 1), text)
            told.add(await take(listener))
        assert len(told) == 4
        pulse.stop()
        await listener.aclose()  # type: ignore[attr-defined]

    asyncio.run(listen())
    # A loop that is gone, as when a test or a server ended, is no reason for an action to fail.
    actions.note(control_room.runtime.desk, Hand("Aigerim", 1), "later")


def test_one_who_comes_back_after_a_quiet_time_is_told_the_present_mark(control_room: Hall) -> None:
    control_room.alarm()
    pulse = Pulse(control_room.runtime.database, period=0.01)

    async def listen() -> None:
        alone = pulse.marks()
        first = await take(alone)
        await alone.aclose()  # type: ignore[attr-defined]
        actions.note(control_room.runtime.desk, Hand("Aigerim", 1), "seen")
        again = pulse.marks()
        found = await take(again)
        if found == first:  # the look that still slept told the old mark before it looked again
            found = await take(again)
        assert found != first
        pulse.stop()
        await again.aclose()  # type: ignore[attr-defined]

    asyncio.run(listen())
