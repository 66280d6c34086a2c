"""Addresses against what the class URL of Node.js 20 makes of the same references."""

import pytest

from agent.runtime.address import joined

EDGE = "http://h/a//b/i.m3u8?t=/x/.."


@pytest.mark.parametrize(
    ("base", "reference", "address"),
    [
        (EDGE, "s.ts", "http://h/a//b/s.ts"),
        (EDGE, "../s.ts", "http://h/a//s.ts"),
        (EDGE, "../../s.ts", "http://h/a/s.ts"),
        (EDGE, "b//s.ts?t=../..", "http://h/a//b/b//s.ts?t=../.."),
        (EDGE, "/x/../y/s.ts", "http://h/y/s.ts"),
        (EDGE, "", EDGE),
        (EDGE, "?q=1", "http://h/a//b/i.m3u8?q=1"),
        (EDGE, "#f", EDGE + "#f"),
        (EDGE, "//c/d", "http://c/d"),
        (EDGE, "///c/d", "http://c/d"),
        (EDGE, "http:s.ts", "http://h/a//b/s.ts"),
        (EDGE, "https://c/x//../y/./s.ts", "https://c/x/y/s.ts"),
        (EDGE, "..", "http://h/a//"),
        (EDGE, ".", "http://h/a//b/"),
        (EDGE, "../../../../../s.ts", "http://h/s.ts"),
        (EDGE, "%2e%2E/s.ts", "http://h/a//s.ts"),
        (EDGE, "...", "http://h/a//b/..."),
        (EDGE, "12:00:00.ts", "http://h/a//b/12:00:00.ts"),
        ("http://h//i.m3u8", "s.ts", "http://h//s.ts"),
        ("http://proxy/https://cdn/x/i.m3u8", "s.ts", "http://proxy/https://cdn/x/s.ts"),
        ("http://proxy/https://cdn/x/i.m3u8", "../s.ts", "http://proxy/https://cdn/s.ts"),
        ("http://u:p@h:81/a//b", "c", "http://u:p@h:81/a//c"),
        ("https://h/a/../b/c", "d", "https://h/b/d"),
        ("http://h", "s.ts", "http://h/s.ts"),
    ],
)
def test_references_mean_what_they_mean_to_browsers(base: str, reference: str, address: str) -> None:
    assert joined(base, reference) == address


@pytest.mark.parametrize("reference", ["data:video/mp4;base64,a//../b", "skd://key/../1", "ftp:a"])
def test_addresses_of_other_kinds_are_left(reference: str) -> None:
    assert joined(EDGE, reference).startswith(reference[:4])
