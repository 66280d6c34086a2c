"""From a table [[subscribers]] to its job; the JMESPath library and the drivers are loaded only where one is needed."""

import importlib
from typing import Any

from agent.runtime import credentials
from agent.runtime.collector import Job
from agent.sources.database import database
from agent.sources.kind import Context
from agent.sources.presets import load_preset
from agent.sources.subscribers.settings import SubscribersSettings
from service.settings import Secret


def job(settings: SubscribersSettings, _: Context) -> Job:
    """Return it; raise SettingsError, OSError or ValueError for its preset, its database or its secrets."""
    if settings.database is None:
        module = _module("http")
        credentials.header(settings.basic, settings.token)
        target = module.Api(settings.url, settings)
    else:
        module = _module("collect")
        queries = module.Queries(settings.subscribers_query, settings.online_query)
        if settings.preset:
            queries = load_preset(module.Queries, "subscribers", settings.preset)
        url = settings.database.read() if isinstance(settings.database, Secret) else settings.database
        target = module.Middleware(settings.service, database(url, settings.deadline), queries, settings.online_within)
    made: Job = module.COLLECTOR.on(
        target,
        name=f"subscribers_{settings.service}",
        interval=settings.interval,
        deadline=settings.deadline,
    )
    return made


def _module(name: str) -> Any:
    return importlib.import_module(f"agent.sources.subscribers.{name}")
