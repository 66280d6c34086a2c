"""`ott-agent presets`: the shipped presets of servers, and what a preset makes of a live server, value by value."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from agent.runtime.settings import Basic
from agent.sources import presets
from agent.sources.server import collect
from agent.sources.server.figure import METRICS, Figure
from agent.sources.server.preset import ServerPreset, examined
from agent.sources.server.proposal import SERVERS
from agent.sources.server.settings import ServerSettings
from service.program import Exit
from service.setting_types import http_url
from service.settings import Secret


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="name each preset with the versions it is for and how it was proven")
    test = actions.add_parser(
        "test",
        help="read a live server once and show each figure with its value, or that the page lacks it",
        epilog="example: ott-agent presets test varnish --command varnishstat -j",
    )
    test.add_argument("preset", help="a preset's name, or the path of a preset of your own")
    test.add_argument("--url", help="the server's status page; without it the usual address of that server")
    test.add_argument("--username", help="for basic authentication, with --secret")
    test.add_argument("--secret", type=Path, metavar="FILE", help="the file with the password, or with a bearer token")
    test.add_argument(
        "--command",
        dest="program",
        metavar="PROGRAM",
        nargs=argparse.REMAINDER,
        default=[],
        help="the command that prints the page",
    )


def run(arguments: argparse.Namespace) -> int:
    """List the presets, or test one; exit status 1 where the page lacks what the preset needs."""
    if arguments.action == "list":
        for name in presets.names("server"):
            preset = presets.load_preset(ServerPreset, "server", name)
            print(f"{name.ljust(18)} {preset.title}; versions: {preset.versions}; proven by: {preset.proof}")
        return Exit.FINE
    preset = presets.load_preset(ServerPreset, "server", arguments.preset)
    try:
        settings = _settings(arguments)
    except ValueError as error:
        print(f"presets test: {error}", file=sys.stderr)
        return Exit.UNUSABLE
    print(f"{arguments.preset}: {preset.title}; versions: {preset.versions or 'not stated'}")
    print(f"asked: {settings.url or ' '.join(settings.command)}")
    try:
        page = collect.read(collect.Server(settings, preset)).page
        lacking = _shown(preset, page)
        list(collect.parse(collect.Read(page, collect.Server(settings, preset))))
    except (OSError, ValueError) as error:
        print(f"failed: {error}")
        return Exit.FAILED
    print("fine" if not lacking else f"fine; figures that need not be there and are not on the page: {lacking}")
    return Exit.FINE


def _shown(preset: ServerPreset, page: str) -> int:
    """Print a line for each value and for each figure without one; return how many figures had none."""
    lacking = 0
    for figure, values in examined(preset, page):
        lines = list(_lines(figure, values))
        lacking += not values
        print("\n".join(lines))
    return lacking


def _lines(figure: Figure, values: list[tuple[dict[str, str], float]]) -> Iterator[str]:
    kind = METRICS[figure.metric].kind
    together: dict[str, list[float]] = {}
    for labels, value in values:
        inside = ", ".join(f'{name}="{text}"' for name, text in labels.items())
        together.setdefault(inside, []).append(value)
    for inside, each in together.items():
        added = f", {len(each)} values added" if len(each) > 1 else ""
        yield f"  {figure.metric}{{{inside}}} {sum(each):g}  ({kind}, from {figure.value}{added})"
    if not values:
        word = "optional" if figure.optional else "not counted" if figure.each else "NEEDED"
        instead = f", instead of {figure.instead_of}" if figure.instead_of else ""
        yield f"  {figure.metric}: not on the page: {figure.value} ({word}{instead})"


def _settings(arguments: argparse.Namespace) -> ServerSettings:
    secret = Secret(file=arguments.secret) if arguments.secret else None
    basic = Basic(arguments.username, secret) if arguments.username and secret else None
    if arguments.username and secret is None:
        raise ValueError("--username needs --secret FILE with the password")
    url = arguments.url if arguments.url or arguments.program else _usual(arguments.preset)
    return ServerSettings(
        arguments.preset,
        http_url(url) if url else None,
        list(arguments.program),
        basic,
        secret if basic is None else None,
        name="test",
    )


def _usual(preset: str) -> str:
    """Return the address at which a server usually has its page; raise ValueError where none is known."""
    for name, source, _ in SERVERS.values():
        if name == preset and source.startswith("url"):
            return source.partition('"')[2].rstrip('"')
    raise ValueError(
        f"the usual address of {preset} is not known; give --url URL, or --command and what prints the page"
    )
