"""Subscribers from the middleware's HTTP API: JSON, out of which JMESPath takes accounts by status and those online."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jmespath

from agent.runtime import credentials, http
from agent.runtime.collector import Collector
from agent.sources import documents, jmes
from agent.sources.subscribers import collect as subscribers
from agent.sources.subscribers import metrics
from agent.sources.subscribers.settings import SubscribersSettings
from service.metric import Sample


@dataclass(frozen=True, slots=True)
class Api:
    """What is asked; the expressions are checked when it is made."""

    url: str
    settings: SubscribersSettings

    def __post_init__(self) -> None:
        for name in ("subscribers_path", "online_path"):
            expression = getattr(self.settings, name)
            try:
                jmespath.compile(expression or "@")
            except ValueError as error:
                raise ValueError(f"{name} = {documents.not_jmespath(str(expression), error)}") from None


class Read(NamedTuple):
    """The answer, with what it takes to understand it."""

    text: str
    settings: SubscribersSettings


def read(api: Api) -> Read:
    settings = api.settings
    headers = credentials.header(settings.basic, settings.token)
    answer = http.get(api.url, timeout=settings.deadline, headers=headers)
    return Read(answer.text, settings)


def parse(source: Read) -> Iterator[Sample]:
    """Yield the accounts by status and the subscribers online."""
    settings = source.settings
    document = documents.json_of(source.text)
    rows, online = None, None
    if settings.subscribers_path:
        rows = _rows(_searched("subscribers_path", settings.subscribers_path, document), settings.subscribers_path)
    if settings.online_path:
        online = [(_searched("online_path", settings.online_path, document),)]
    yield from subscribers.parse(subscribers.Read(settings.service, rows, online, ("subscribers_path", "online_path")))


def _searched(key: str, path: str, document: Any) -> Any:
    try:
        return jmes.search(path, document)
    except ValueError:
        raise ValueError(
            f"{key} = {path!r} cannot be worked out on the answer: something there is missing or of another type; "
            "compare it with the answer"
        ) from None


def _rows(found: Any, path: str) -> list[tuple[Any, ...]]:
    if isinstance(found, Mapping):
        return list(found.items())
    if isinstance(found, list) and all(isinstance(row, list) for row in found):
        return [tuple(row) for row in found]
    raise ValueError(f"{path!r} gives neither an object nor a list of [status, count]")


COLLECTOR = Collector("subscribers_http", read, parse, (metrics.SUBSCRIBERS, metrics.SUBSCRIBERS_ONLINE))
