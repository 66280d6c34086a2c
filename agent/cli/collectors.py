"""From settings to collectors: what this node runs."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from agent.host import jobs as host
from agent.runtime.collector import Clock, Job, Source
from agent.settings import AgentSettings
from agent.sources.kind import Context, SourceKind, function
from agent.sources.media import Media
from service.settings import Fault, SettingsError

Made = Job | Source


def collectors(settings: AgentSettings, file: Path, clock: Clock, *, once: bool = False) -> list[Made]:
    """Return everything the settings ask for; raise SettingsError with all that is wrong in presets and secrets.

    With `once`, sources that cannot be read just once are left out.
    """
    context = Context(file, settings.state, clock, Media())
    made: list[Made] = [*host.jobs(settings.host)]
    faults = list(host.faults(settings.host, file))
    for key, extra, make in _makers(settings, context, once=once):
        try:
            made += make()
        except SettingsError as error:
            faults += [one if one.file == file else Fault(file, key, str(one)) for one in error.faults]
        except (OSError, ValueError) as error:
            faults.append(Fault(file, key, str(error)))
        except ModuleNotFoundError as error:
            faults.append(_missing(file, key, extra, error))
    if faults:
        raise SettingsError(faults)
    return made


def _makers(
    settings: AgentSettings, context: Context, *, once: bool
) -> Iterator[tuple[str, str, Callable[[], list[Made]]]]:
    """Yield the key in the file, the extra that the collector needs, and what makes it."""
    for key, make in host.makers(settings.host):
        yield key, "agent", partial(_listed, make)
    for kind in settings.kinds:
        tables = settings.of(kind.table)
        if not tables or (once and kind.not_once):
            continue
        if kind.collectors:
            yield kind.table, kind.extra, partial(_together, kind, settings, context)
        for number, table in enumerate(tables if kind.collector else (), 1):
            yield (
                f"{kind.table}[{number}]",
                kind.extra,
                partial(_listed, partial(_single, kind.collector, table, context)),
            )


def _listed(make: Callable[[], Made]) -> list[Made]:
    return [make()]


def _single(place: str, table: object, context: Context) -> Made:
    made: Made = function(place)(table, context)
    return made


def _together(kind: SourceKind, settings: AgentSettings, context: Context) -> list[Made]:
    return list(function(kind.collectors)(settings.of(kind.table), settings.limits_of(kind), context))


def _missing(file: Path, key: str, extra: str, error: ModuleNotFoundError) -> Fault:
    return Fault(file, key, f"needs the extra “{extra}” ({error.name} is missing): pip install 'ottwatch[{extra}]'")
