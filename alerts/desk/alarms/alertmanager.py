"""What an Alertmanager has: its groups of alerts over the v2 API."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from alerts.desk.alarms.webhook import Alert, labels_of, moment_of, text_of
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


def read(client: httpx.Client, base: str, receiver: str) -> State:
    """Return an Alertmanager's state; raise OSError when it cannot be read."""
    try:
        status = client.get(f"{base}/api/v2/status", timeout=TIMEOUT)
        status.raise_for_status()
        groups = client.get(f"{base}/api/v2/alerts/groups", timeout=TIMEOUT)
        groups.raise_for_status()
        return State(
            tuple(parse(read_json(groups.content), receiver)), moment_of(read_json(status.content).get("uptime"))
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OSError(f"Alertmanager does not answer: {reason_of(error)}; check the address {base}") from None
    except KeyError as error:
        raise OSError(f"Alertmanager returned an unexpected response: it lacks {error}; check the address") from None
    except (ValueError, TypeError, AttributeError):
        raise OSError(
            f"Alertmanager returned an unexpected response, not that of its API; check the address {base}/api/v2/status"
        ) from None


def parse(raw: Iterable[Mapping[str, object]], receiver: str) -> Iterable[Group]:
    """Yield the groups of one receiver; the same alert also stands in the groups of others."""
    for group in raw:
        owner = group["receiver"]
        if not isinstance(owner, dict) or owner.get("name") != receiver:
            continue
        alerts = group["alerts"]
        if not isinstance(alerts, list):
            raise TypeError("a group's alerts are no list")
        active = [_alert(each) for each in alerts if each["status"]["state"] == "active"]
        suppressed = [_alert(each) for each in alerts if each["status"]["state"] == "suppressed"]
        yield Group(labels_of(group["labels"]), tuple(active), tuple(suppressed))


def _alert(raw: Mapping[str, object]) -> Alert:
    return Alert(
        fingerprint=text_of(raw["fingerprint"]),
        firing=True,
        labels=labels_of(raw["labels"]),
        annotations=labels_of(raw["annotations"]),
        starts_at=moment_of(raw["startsAt"]),
        ends_at=None,  # of a firing alert, endsAt is when it would time out
        generator_url=text_of(raw.get("generatorURL")),
    )
