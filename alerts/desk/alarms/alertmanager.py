"""What an Alertmanager has: its groups of alerts over the v2 API."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from alerts.desk.alarms.webhook import Alert, labels_of, moment_of, text_of
from alerts.desk.core.invalid import faults
from alerts.desk.core.json_body import read_json
from service.no_answer import reason_of

TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Group:
    """One group of the desk's receiver. `suppressed` alerts fire but are silenced or inhibited."""

    labels: Mapping[str, str]
    active: tuple[Alert, ...]
    suppressed: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class State:
    """An Alertmanager's groups and since when it runs: one that just started knows little."""

    groups: tuple[Group, ...]
    running_since: datetime | None
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # receivers of alerts that the desk's does not get


class _Receiver(BaseModel):
    name: str


class _Status(BaseModel):
    state: str


class _Alert(BaseModel):
    """A `gettableAlert` of Alertmanager's OpenAPI document, as far as the desk reads it."""

    fingerprint: str
    status: _Status
    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: str  # noqa: N815 - Alertmanager's name, as the next one
    generatorURL: str = ""  # noqa: N815

    def told(self) -> Alert:
        """Return what the desk takes over."""
        return Alert(
            fingerprint=text_of(self.fingerprint),
            firing=True,
            labels=labels_of(self.labels),
            annotations=labels_of(self.annotations),
            starts_at=moment_of(self.startsAt),
            ends_at=None,  # of a firing alert, endsAt is when it would time out
            generator_url=text_of(self.generatorURL),
        )


class _Group(BaseModel):
    labels: dict[str, str]
    receiver: _Receiver
    alerts: list[_Alert]


class _Server(BaseModel):
    uptime: str = ""


_GROUPS = TypeAdapter(list[_Group])


def read(client: httpx.Client, base: str, receiver: str) -> State:
    """Return an Alertmanager's state; raise OSError when it cannot be read."""
    try:
        status = client.get(f"{base}/api/v2/status", timeout=TIMEOUT)
        status.raise_for_status()
        groups = client.get(f"{base}/api/v2/alerts/groups", timeout=TIMEOUT)
        groups.raise_for_status()
        server = _Server.model_validate(read_json(status.content))
        return parse(read_json(groups.content), receiver, moment_of(server.uptime))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OSError(f"Alertmanager does not answer: {reason_of(error)}; check the address {base}") from None
    except ValidationError as error:
        raise OSError(
            f"Alertmanager returned an unexpected response, not that of its API: {faults(error.errors()[:1])}; "
            f"check the address {base}/api/v2/status"
        ) from None
    except ValueError as error:
        raise OSError(
            f"Alertmanager returned an unexpected response, not that of its API: {error}; "
            f"check the address {base}/api/v2/status"
        ) from None


def parse(raw: object, receiver: str, running_since: datetime | None) -> State:
    """Return the state by the groups of one receiver; the same alert also stands in the groups of others.

    Raises:
        pydantic.ValidationError: this is not what `/api/v2/alerts/groups` answers.
    """
    every = _GROUPS.validate_python(raw)
    return State(tuple(_of_receiver(every, receiver)), running_since, _elsewhere(every, receiver))


def _of_receiver(every: Iterable[_Group], receiver: str) -> Iterable[Group]:
    for group in every:
        if group.receiver.name == receiver:
            active = (each.told() for each in group.alerts if each.status.state == "active")
            suppressed = (each.told() for each in group.alerts if each.status.state == "suppressed")
            yield Group(labels_of(group.labels), tuple(active), tuple(suppressed))


def _elsewhere(every: Sequence[_Group], receiver: str) -> Mapping[str, str]:
    """Return the receivers of the alerts that only others get, by fingerprint."""
    own = {each.fingerprint for group in every if group.receiver.name == receiver for each in group.alerts}
    others = (group for group in every if group.receiver.name != receiver)
    return {
        text_of(each.fingerprint): group.receiver.name
        for group in others
        for each in group.alerts
        if each.fingerprint not in own
    }
