"""The table `[[subscribers]]` of the agent's settings."""

import re
from dataclasses import dataclass, field

from agent.runtime.settings import Basic, check_name, check_times
from service.setting_types import HttpUrl
from service.settings import Seconds, Secret

# scheme://user:password@host
_PASSWORD_IN_URL = re.compile(r"://[^/@]*:[^/@]+@")


@dataclass(frozen=True, slots=True)
class SubscribersSettings:
    """One service's middleware: its database by a preset or queries of one's own, or its HTTP API by JMESPath."""

    service: str
    database: str | Secret | None = None
    preset: str = ""
    subscribers_query: str = ""
    online_query: str = ""
    url: HttpUrl | None = None
    basic: Basic | None = None
    token: Secret | None = None
    subscribers_path: str = ""  # JMESPath: {status: count}, or a list of [status, count]
    online_path: str = ""  # JMESPath: one number
    interval: Seconds = field(default=Seconds(15.0))
    deadline: Seconds = field(default=Seconds(4.0))
    online_within: Seconds = field(default=Seconds(60.0))

    def __post_init__(self) -> None:
        check_times(self.interval, self.deadline)
        check_name("service", self.service)
        queries, paths = self.subscribers_query or self.online_query, self.subscribers_path or self.online_path
        if (self.database is None) == (self.url is None):
            raise ValueError("give either database, or url with subscribers_path or online_path")
        if self.database is not None and (paths or self.basic or self.token):
            raise ValueError("subscribers_path, online_path, basic and token belong to a url, not to a database")
        if self.database is not None and bool(self.preset) == bool(queries):
            raise ValueError('give either preset = "generic" or queries of your own (subscribers_query, online_query)')
        if self.url is not None and (self.preset or queries):
            raise ValueError("preset and queries belong to a database, not to a url")
        if self.url is not None and not paths:
            raise ValueError("give subscribers_path, online_path or both")
        if isinstance(self.database, str) and _PASSWORD_IN_URL.search(self.database):
            raise ValueError('database holds a password; write database = { file = "/path" } with the URL in that file')
