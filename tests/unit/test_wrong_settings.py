"""Every key of every settings file with values of every wrong type: the message names file, key and remedy.

The keys come from the types of the settings, and from the examples of the documentation, where all else is right.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.settings import AgentSettings, file_type
from agent.settings import converter as agent_converter
from agent.sources.server.preset import ServerPreset
from alerts.desk.core.settings import Settings as DeskSettings
from alerts.desk.core.settings import converter as desk_converter
from center.pair_settings import PairSettings
from dashboards.busy_hour.app.settings import Settings as BusyHourSettings
from dashboards.busy_hour.app.settings import converter as busy_hour_converter
from service.settings import Fault, SettingsError, make_converter, structure
from tests.conftest import ROOT
from tests.support.wrong_settings import WRONG, Place, places, replaced

FILE = Path("/etc/ottwatch/it.toml")
Load = Callable[[dict[str, Any]], object]


def loader(kind: type, converter: Any) -> Load:
    return lambda document: structure(document, kind, FILE, converter)


PROGRAMS: Mapping[str, tuple[type, Load]] = {
    "agent": (file_type(), loader(AgentSettings, agent_converter())),
    "desk": (DeskSettings, loader(DeskSettings, desk_converter())),
    "busy hour": (BusyHourSettings, loader(BusyHourSettings, busy_hour_converter())),
    "pair": (PairSettings, loader(PairSettings, make_converter())),
    "preset": (ServerPreset, loader(ServerPreset, make_converter())),
}
SECTIONS = {
    f"{program}: {section}": (load, [place for place in places(kind) if re.match(rf"{section}\b", place.key)])
    for program, (kind, load) in PROGRAMS.items()
    for section in dict.fromkeys(re.split(r"[.\[]", place.key)[0] for place in places(kind))
}
# What Python and the libraries say.
BARE = re.compile(
    r"object|NoneType|\bNone\b|type '|<class|argument|iterable|unhashable|Traceback|has no attribute|invalid literal"
    r"|could not convert|isoformat|datetime\.|bytes-like|codec|surrogate|does not appear|unknown error|invalid value"
    r"|not supported between|embedded null|a mapping|__|Expecting|mismatched|@ \$"
)


def examples() -> Iterator[tuple[str, Load, dict[str, Any]]]:
    """Yield each table of the documentation that a program loads."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for number, text in enumerate(re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL), 1):
            try:
                document = tomllib.loads(text)
            except tomllib.TOMLDecodeError:
                continue
            for program, (_, load) in PROGRAMS.items():
                try:
                    load(document)
                except SettingsError:
                    continue
                yield f"{page.relative_to(ROOT / 'docs')} {number}: {program}", load, document
                break


EXAMPLES = {name: (load, list(replaced(document))) for name, load, document in examples()}


def faults(load: Load, document: Any) -> list[Fault]:
    try:
        load(document)
    except SettingsError as error:
        return error.faults
    return []


def complaint(place: Place, found: list[Fault]) -> str:
    """Return what is wrong with the faults told of a wrong value, or nothing."""
    for fault in found:
        if fault.file != FILE:
            return f"another file: {fault}"
        if not fault.problem or BARE.search(fault.problem):
            return f"a bare error: {fault}"
    names = {place.key, re.split(r"[.\[]", place.key)[0]}
    last = next(name for name in reversed(re.split(r"\[\d+\]|\.", place.key)) if name)
    others = [fault for fault in found if not re.search(r"\bis missing; add (it|one of them)$", fault.problem)]
    if others and not any(
        fault.key.startswith(place.key) or last in str(fault) or fault.key in names for fault in others
    ):
        return f"another key: {others[0]}"
    return ""


def complaints(load: Load, tried: list[Place]) -> Iterator[str]:
    for place in tried:
        for name, value in WRONG.items():
            if said := complaint(place, faults(load, place.wrap(value))):
                yield f"{place.key} with {name}: {said}"


@pytest.mark.parametrize("section", SECTIONS)
def test_a_wrong_value_is_told_with_file_key_and_remedy(section: str) -> None:
    load, tried = SECTIONS[section]
    assert tried
    assert list(complaints(load, tried)) == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_wrong_value_among_right_ones_is_told_with_file_key_and_remedy(example: str) -> None:
    load, tried = EXAMPLES[example]
    assert tried
    assert list(complaints(load, tried)) == []


def test_the_examples_reach_every_program() -> None:
    assert {name.rpartition(": ")[2] for name in EXAMPLES} == {*PROGRAMS}


def test_text_where_no_text_belongs_is_told_everywhere() -> None:
    """A key that takes anything would take a mistake in silence."""
    silent = [
        place.key
        for load, tried in SECTIONS.values()
        for place in tried
        if all(faults(load, place.wrap(value)) == [] for value in (7, True, [[1]], {"nothing": 1}))
    ]
    assert silent == []
