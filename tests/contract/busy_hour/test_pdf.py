"""Chromium prints the report."""

import re
import shutil
import zlib

import pytest

from dashboards.busy_hour.report import render_pdf

PAGE = (
    '<!doctype html><meta charset="utf-8"><style>@page { size: A4 }</style><h1>ЧНН</h1><p style="break-before: page">2'
)


def test_a_page_becomes_a_pdf_of_a4() -> None:
    assert shutil.which("chromium"), "chromium is missing: apt-get install chromium"
    made = render_pdf.printed(PAGE)
    assert made.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)endstream", made, re.DOTALL)
    parts = [made]
    for stream in streams:
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    whole = b"\n".join(parts)
    assert len(re.findall(rb"/Type\s*/Page\b", whole)) == 2
    [width, height] = [float(part) for part in re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", whole)[0]]
    assert (round(width), round(height)) == (595, 842)


def test_without_chromium_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(OSError, match="apt-get install chromium"):
        render_pdf.printed(PAGE)
