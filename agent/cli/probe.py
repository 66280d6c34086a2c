"""`ott-agent probe`: one look at a channel, with every step: what was asked for, what came, what was concluded."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent.settings import AgentSettings, converter
from agent.sources.streams.fetch import Budget, Fetcher
from agent.sources.streams.journal import Journal, Step
from agent.sources.streams.probe import Channel
from agent.sources.streams.settings import StreamSettings
from agent.sources.streams.source import address
from service.durations import parse_duration
from service.program import Exit
from service.setting_types import check_url
from service.settings import Seconds, load

_WORDS = {True: "up: a player has something to play", False: "down: a player has nothing to play"}
_NEITHER = "not judged: players may play it, this program cannot tell"
_REQUESTS = 50.0  # a second
_WIDTH = 12


class _Unusable(Exception):  # noqa: N818 - it is told to the caller
    """The call makes no sense."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    command.add_argument("url", nargs="?", help="the address of a playlist or manifest")
    command.add_argument("--config", type=Path, metavar="F", help="with --channel: the settings file it is in")
    command.add_argument("--channel", metavar="NAME", help="look at this channel of the settings file instead")
    command.add_argument(
        "--renditions", choices=("first", "all"), default="first", help="what to look at (default: first)"
    )
    command.add_argument("--deadline", default="8s", metavar="TIME", help="for a playlist (default: 8s)")
    command.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Look once and print the steps; exit status 1 where a player has nothing to play."""
    try:
        settings, url = _wanted(arguments)
    except _Unusable as error:
        print(f"ott-agent probe: {error}", file=sys.stderr)
        return Exit.UNUSABLE
    journal = Journal(keep=True)
    channel = Channel(settings, url, time.time, journal)
    asyncio.run(_look(channel))
    if arguments.json:
        json.dump(_document(channel, url, journal.steps), sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        print("\n".join(_lines(channel, url, journal.steps)))
    return Exit.FAILED if channel.up is False else Exit.FINE


async def _look(channel: Channel) -> None:
    async with Fetcher(Budget(_REQUESTS), 8) as fetcher:
        await channel.probe(fetcher)


def _wanted(arguments: argparse.Namespace) -> tuple[StreamSettings, str]:
    """Return the settings of the look and the address; raise _Unusable."""
    if (arguments.url is None) == (arguments.channel is None):
        raise _Unusable("give either an address or --channel NAME with --config F")
    if arguments.channel is not None:
        if arguments.config is None:
            raise _Unusable("--channel needs --config F, the settings file that has it")
        found = load(arguments.config, AgentSettings, converter()).of("stream")
        for stream in found:
            if stream.channel == arguments.channel:
                try:
                    return stream, address(stream)
                except (OSError, ValueError) as error:
                    raise _Unusable(f"{arguments.config}: the URL of “{stream.channel}”: {error}") from None
        raise _Unusable(f"{arguments.config} has no [[stream]] with channel = “{arguments.channel}”")
    try:
        check_url(arguments.url)
        deadline = parse_duration(arguments.deadline)
        settings = StreamSettings(
            "probe", "http://probe.invalid/", deadline=Seconds(deadline), renditions=arguments.renditions
        )
    except ValueError as error:
        raise _Unusable(f"the address or the deadline {error}") from None
    return settings, arguments.url


def _figures(channel: Channel) -> dict[str, float]:
    skipped = ("ott_stream_errors_total", "ott_stream_not_judged", "ott_stream_up")
    return {
        sample.metric.name: float(str(sample.value))
        for sample in channel.samples()
        if sample.metric.name not in skipped
    }


def _document(channel: Channel, url: str, steps: list[Step]) -> dict[str, Any]:
    return {
        "url": url,
        "up": channel.up,
        "faults": {reason.value: detail for reason, detail in channel.faults.items()},
        "not_judged": channel.limits,
        "figures": _figures(channel),
        "steps": [asdict(step) for step in steps],
    }


def _lines(channel: Channel, url: str, steps: list[Step]) -> Iterator[str]:
    yield f"{'channel':{_WIDTH}} {url}"
    for step in steps:
        reason = f" [{step.reason}]" if step.reason else ""
        subject = "" if step.subject in ("fault", "limit") else f"{step.subject}: "
        yield f"{step.verdict:{_WIDTH}} {subject}{_printable(step.text)}{reason}"
        if step.url is not None:
            yield f"{'':{_WIDTH}} {_printable(step.url)}"
    for reason, detail in channel.faults.items():
        yield f"{'found':{_WIDTH}} {reason.value}: {_printable(detail)}"
    for limit, detail in channel.limits.items():
        yield f"{'limit':{_WIDTH}} {limit}: {_printable(detail)}"
    yield f"{'verdict':{_WIDTH}} {_NEITHER if channel.up is None else _WORDS[channel.up]}"


def _printable(text: str) -> str:
    """Return what came from outside without the codes that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
