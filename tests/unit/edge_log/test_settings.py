"""Every mistake in an [[edge_log]] at once, each with its key and its remedy."""

from pathlib import Path

import pytest

from agent.settings import AgentSettings, converter
from service.settings import SettingsError, load


def faults(folder: Path, text: str) -> list[str]:
    file = folder / "agent.toml"
    file.write_text(f"[[edge_log]]\n{text}\n")
    with pytest.raises(SettingsError) as caught:
        load(file, AgentSettings, converter())
    assert {fault.file for fault in caught.value.faults} == {file}
    return sorted(f"{fault.key}: {fault.problem}" for fault in caught.value.faults)


def test_the_smallest_table(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(
        '[[edge_log]]\nservice = "ott"\npaths = ["/var/log/a.log"]\nviewer = ["t=(a+)"]\nchannel = "/(b)/"\n'
    )
    (log,) = load(file, AgentSettings, converter()).of("edge_log")
    assert (log.format, log.idle_timeout, log.viewer[0].pattern) == ("combined", 30.0, b"t=(a+)")


def test_three_mistakes_give_three_messages(tmp_path: Path) -> None:
    assert faults(tmp_path, 'service = "ott"\npaths = "/a"\nformatt = "ott"\nviewer = ["("]') == [
        'edge_log[1].formatt: unknown key; did you mean "format"?',
        "edge_log[1].paths: expected a list in square brackets, found '/a'",
        "edge_log[1].viewer[1]: '(' is not a regular expression at character 1: a parenthesis is not closed",
    ]


def test_values_that_make_no_sense_are_all_told(tmp_path: Path) -> None:
    text = (
        'service = "o t t"\npaths = ["a.log"]\nformat = "combind"\nidle_timeout = "0s"\nviewer = ["token="]\n'
        'channel = "/live/"\nmedia_suffixes = ["ts"]\nmedia_statuses = [20]\nmedia_methods = ["get"]\n'
        'begin = "middle"\n'
        'client_address = "host"\ntop_channels = 100000\n'
    )
    told = faults(tmp_path, text)
    beginnings = [
        "begin must be",
        "channel: '/live/' has no group",
        "client_address must be one of",
        'format "combind" is unknown',
        "idle_timeout must be between",
        "media_methods: 'get'",
        "media_statuses: 20",
        "media_suffixes: 'ts'",
        "paths: 'a.log' is not absolute",
        "service must be letters",
        "top_channels must be between",
        "viewer: 'token=' has no group",
    ]
    assert len(told) == len(beginnings)
    for fault, beginning in zip(told, beginnings, strict=True):
        assert fault.startswith(f"edge_log[1]: {beginning}"), fault


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('service = "ott"', "edge_log[1]: give either paths"),
        ('service = "ott"\npaths = ["/a"]\nsyslog = "127.0.0.1:1"', "edge_log[1]: give either paths"),
        ('service = "ott"\nsyslog = "localhost"', "edge_log[1]: syslog must be"),
        (
            'service = "ott"\npaths = ["/a"]\ntime_zone = "Mars/Olympus"',
            'edge_log[1]: time_zone: "Mars/Olympus" is not',
        ),
        ('service = "ott"\npaths = ["/a"]\nviewer_variable = "account"', "edge_log[1]: viewer_variable names"),
        (
            'service = "ott"\npaths = ["/a"]\nformat = \'{"a":"$msec",}\'',
            'edge_log[1]: format begins like JSON but is none: see what follows \'{"a":"$msec",\'',
        ),
        ('paths = ["/a"]', "edge_log[1].service: is missing; add it"),
    ],
)
def test_one_mistake(tmp_path: Path, text: str, problem: str) -> None:
    (told,) = faults(tmp_path, text)
    assert told.startswith(problem)
