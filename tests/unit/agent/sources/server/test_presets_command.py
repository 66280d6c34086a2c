"""`ott-agent presets`: each value of a live page, and what is missing."""

import argparse
import sys
from pathlib import Path

import pytest

from agent.sources.server import presets_command

SAMPLES = Path(__file__).parent / "samples"
MEDIAMTX_EMPTY = (
    "# Paths\npaths 0\npaths_inbound_bytes 0\n\npaths_bytes_received 0\npaths_readers 0\n\nhls_sessions 0\n"
)


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    presets_command.add_arguments(parser)
    return presets_command.run(parser.parse_args(arguments))


def printing(text: str) -> list[str]:
    return ["--command", sys.executable, "-c", f"print({text!r}, end='')"]


def test_each_value_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    page = (SAMPLES / "nginx_stub_status.txt").read_text("utf-8")
    assert run("test", "nginx_stub_status", *printing(page)) == 0
    shown = capsys.readouterr().out
    assert 'ott_edge_connections{state="active"} 291  (gauge, from ^Active connections' in shown
    assert shown.endswith("fine\n")


def test_nothing_published_yet_is_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("test", "mediamtx", *printing(MEDIAMTX_EMPTY)) == 0
    shown = capsys.readouterr().out
    assert "ott_server_streams{} 0" in shown
    assert 'ott_server_clients{protocol="hls"} 0' in shown
    assert (
        "ott_server_channel_receive_bytes_total: not on the page: paths_bytes_received (optional, instead of" in shown
    )


def test_what_is_needed_and_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("test", "nginx_stub_status", *printing("Active connections: 3\n")) == 1
    shown = capsys.readouterr().out
    assert "ott_server_requests_total: not on the page: " in shown
    assert "(NEEDED)" in shown
    assert "failed: the page has no " in shown


def test_an_address_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("test", "varnish") == 2
    assert "give --url URL, or --command" in capsys.readouterr().err


def test_the_list_names_versions_and_proof(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    assert "versions: 6.5 and later; proven by: Varnish 7.1.1" in capsys.readouterr().out
