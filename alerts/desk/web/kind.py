"""What a kind of ticket brings to the program, declared once: `alerts/desk/app/kinds.py` has a line for each.

Words come by themselves: every `locale/LANGUAGE.toml` below the desk is read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
from fastapi import APIRouter, FastAPI

from alerts.desk.core.worker import Worker
from alerts.desk.tickets.policy import ReadClocks
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.web.render import Place


def _no_workers(_runtime: Runtime, _client: httpx.Client) -> Sequence[Worker]:
    return ()


def _no_state(_app: FastAPI) -> None:
    return


@dataclass(frozen=True, slots=True)
class TicketKind:
    """A kind of ticket."""

    name: str
    api: Sequence[APIRouter] = ()
    pages: Sequence[APIRouter] = ()
    places: Sequence[Place] = ()  # what the head of every page leads to
    clocks: Mapping[str, ReadClocks] = field(default_factory=dict)
    """Of each `ticketType` of TMF621 that has clocks of its own; other types have those of an incident."""
    clock_names: Sequence[str] = ()  # of these, for the metric of missed targets
    workers: Callable[[Runtime, httpx.Client], Sequence[Worker]] = _no_workers  # by the settings as they are now
    prepare: Callable[[FastAPI], None] = _no_state  # what its pages keep between requests, in `app.state`
