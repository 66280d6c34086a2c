"""Customers complain in proportion to the viewers whose picture failed, through the desk's own API."""

import random
from pathlib import Path

import httpx
import pytest

from demo.platform.callers import CALLS, NO_CHANNEL, ONE_CHANNEL, QUIET_SECONDS, Complaint, Customers, say
from demo.platform.ledger import LedgerWriter, Trouble, follow

NOW = 1_795_000_000.0
REGIONS = {"edge-1": "Алматы", "edge-2": "Астана"}


def customers(accounts: int = 1000) -> Customers:
    return Customers(list(range(1, accounts + 1)), REGIONS, random.Random(1), next_question=NOW + 1e9)


def test_the_more_viewers_suffer_the_more_complain() -> None:
    few, many = customers(), customers()
    for account in range(1, 101):
        few.suffer(Trouble(NOW, account, "edge-2", answered=False))
    for account in range(1, 1001):
        many.suffer(Trouble(NOW, account, "edge-2", answered=False))
    counted = [len(each.due(NOW + 100)) for each in (few, many)]
    assert counted[0] == pytest.approx(CALLS * 100, rel=0.3)
    assert counted[1] == pytest.approx(CALLS * 1000, rel=0.1)


def test_nobody_decides_twice_about_the_same() -> None:
    found = customers()
    for second in range(int(QUIET_SECONDS)):
        found.suffer(Trouble(NOW + second, 7, "edge-1", answered=True))
    assert len(found.waiting) <= 1
    assert [each.code for each in found.due(NOW + QUIET_SECONDS)] in ([], [ONE_CHANNEL])


def test_what_is_said_names_the_region_and_what_failed() -> None:
    found = customers()
    for account in range(1, 20):
        found.suffer(Trouble(NOW, account, "edge-2", answered=False))
    said = found.due(NOW + 100)
    assert {(each.region, each.code) for each in said} == {("Астана", NO_CHANNEL)}
    assert [each.time for each in said] == sorted(each.time for each in said)
    assert found.due(NOW + 100) == []


def test_somebody_asks_about_something_else_now_and_then() -> None:
    found = customers()
    found.next_question = 0.0
    said = [each for second in range(0, 12 * 3600, 10) for each in found.due(NOW + second)]
    assert 200 < len(said) < 600
    assert {each.region for each in said} == set(REGIONS.values())
    assert not {each.code for each in said} & {NO_CHANNEL, ONE_CHANNEL}


def test_troubles_are_followed_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "troubles.csv"
    first, second = Trouble(NOW, 7, "edge-2", answered=False), Trouble(NOW + 1, 8, "edge-1", answered=True)
    with path.open("w", encoding="ascii", newline="") as file, path.open(encoding="ascii", newline="") as read:
        writer = LedgerWriter(file, file, file)
        writer.add_trouble(first)
        file.write("17950000")
        file.flush()
        assert list(follow(read)) == [first]
        file.write("01.000,8,edge-1,1\r\n")
        file.flush()
        assert list(follow(read)) == [second]
        assert list(follow(read)) == []


def test_an_appeal_is_what_the_api_takes() -> None:
    seen: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        return httpx.Response(201)

    with httpx.Client(base_url="http://desk", transport=httpx.MockTransport(answer)) as client:
        say(client, Complaint(NOW, 31, "Астана", NO_CHANNEL))
    assert b'"number":"+77012000031"' in seen[0]
    assert b'"answerBy":"mobile"' in seen[0]
