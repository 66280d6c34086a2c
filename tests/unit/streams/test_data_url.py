"""Addresses that hold what they name."""

import asyncio
import re

import pytest

from agent.sources.streams.data_url import content_of, is_data
from agent.sources.streams.fetch import Answer, Budget, Fetcher, FetchError, Taker
from agent.sources.streams.live import resolve


@pytest.mark.parametrize(
    ("url", "kind", "content"),
    [
        ("data:text/plain;base64,a2V5", "text/plain", b"key"),
        ("DATA:;charset=utf-8;BASE64,a2V5IA", "", b"key "),
        ("data:application/octet-stream;base64,+/%2B/", "application/octet-stream", b"\xfb\xff\xbf"),
        ("data:,k%65y", "", b"key"),
    ],
)
def test_the_content_is_in_the_address(url: str, kind: str, content: bytes) -> None:
    assert is_data(url)
    assert resolve("https://edge/live/a.m3u8", url) == url
    assert content_of(url) == (kind, content)


@pytest.mark.parametrize(
    ("url", "problem"), [("data:key", "without a comma"), ("data:;base64,k&y", "data that are no Base64")]
)
def test_what_cannot_be_read_says_so(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        content_of(url)


def fetched(url: str, largest: int = 100) -> tuple[Answer, bytes]:
    async def fetch() -> tuple[Answer, bytes]:
        answers: list[Answer] = []
        body = bytearray()
        async with Fetcher(Budget(1.0), 1) as fetcher:
            await fetcher.get(url, Taker(answers.append, body.extend, largest), deadline=1.0)
        return answers[0], bytes(body)

    return asyncio.run(fetch())


def test_nothing_is_asked_for_it() -> None:
    answer, body = fetched("data:video/mp4;base64,a2V5")
    assert (answer.status, answer.content_type, body) == (200, "video/mp4", b"key")


@pytest.mark.parametrize("url", ["data:key", "data:," + "x" * 101])
def test_what_is_no_answer_is_an_error_of_the_fetch(url: str) -> None:
    with pytest.raises(FetchError):
        fetched(url)


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("hd\\1.ts", "https://edge/live/hd/1.ts"),
        ("\\hd\\1.ts?a=b\\c", "https://edge/hd/1.ts?a=b\\c"),
        ("\\\\cdn\\1.ts#\\", "https://cdn/1.ts#\\"),
        ("data:,a\\b", "data:,a\\b"),
    ],
)
def test_slashes_of_windows_in_a_path(reference: str, url: str) -> None:
    assert resolve("https://edge/live/a.m3u8", reference) == url
