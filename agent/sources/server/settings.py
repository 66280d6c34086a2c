"""The table `[[server]]` of the agent's settings."""

from dataclasses import dataclass, field
from pathlib import Path

from agent.runtime.settings import Basic, check_name, check_times
from service.setting_types import HttpUrl
from service.settings import Seconds, Secret


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """One streaming server's status page."""

    preset: str
    url: HttpUrl | None = None
    command: list[str] = field(default_factory=list)  # for a server without a status page, such as varnishstat -j
    basic: Basic | None = None
    token: Secret | None = None
    name: str = ""  # the label `server`; the preset's name when empty
    interval: Seconds = field(default=Seconds(5.0))
    deadline: Seconds = field(default=Seconds(4.0))

    def __post_init__(self) -> None:
        check_times(self.interval, self.deadline)
        try:
            check_name("name", self.label)
        except ValueError as error:
            if self.name:
                raise
            raise ValueError(
                f'preset gives the name, and {error}; write a preset, and name = "…" beside a path'
            ) from None
        if (self.url is None) == (not self.command):
            raise ValueError('give either url = "http://…" or command = ["varnishstat", "-j"]')
        if self.command and (self.basic or self.token):
            raise ValueError("basic and token belong to a url")

    @property
    def label(self) -> str:
        """The value of the label `server`."""
        return self.name or Path(self.preset).stem
