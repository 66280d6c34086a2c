"""What ottwatch adds to alertmanager.yml: the desk as a receiver, and the route to it."""

from typing import Any

from center.places import DESK, Places
from center.refused import RefusedError
from center.yaml_text import insert, mappings, plain, read, without_ours

GROUPING: dict[str, Any] = {
    "group_by": ["alertname", "site", "node", "element", "service", "channel"],
    "group_wait": "500ms",
    "group_interval": "5s",
    "repeat_interval": "1h",
}
# In the place of Debian's example, as it was shipped: alerts of the operator's own rules become tickets, too.
SKELETON = """\
# Alertmanager of this control centre. The parts between the marks are ottwatch's; everything else is yours.
route:
  receiver: desk
  group_by: [alertname, site, node, element, service, channel]
  group_wait: 500ms
  group_interval: 5s
  repeat_interval: 1h
  routes:

receivers:
"""


def merged(text: str, places: Places) -> str:
    """Return the file with the desk in it; raise RefusedError for one that is not understood."""
    result = without_ours(text)
    data = plain(read(result)) or {}
    if not isinstance(data.get("route"), dict):
        raise RefusedError("it has no route at its top; Alertmanager itself refuses such a file")
    if any(receiver.get("name") == "desk" for receiver in mappings(data.get("receivers"), "receivers")):
        raise RefusedError("there is a receiver desk that ott-center did not write; rename or remove it, then repeat")
    result = insert(result, ["receivers"], [receiver(places)])
    return insert(result, ["route", "routes"], [route()])


def receiver(places: Places) -> dict[str, Any]:
    """Return the desk as a receiver."""
    authorization = {"type": "Bearer", "credentials_file": str(places.token)}
    webhook = {
        "url": f"{DESK}/webhook/alertmanager",
        "send_resolved": True,
        "max_alerts": 0,  # all: a group that is cut short would hide occurrences from the desk
        "http_config": {"authorization": authorization},
    }
    return {"name": "desk", "webhook_configs": [webhook]}


def route() -> dict[str, Any]:
    """Return the route of ottwatch's alerts: each has a layer, and no others have."""
    watchdog = {
        "receiver": "desk",
        "matchers": ["alertname = Watchdog"],
        "group_by": ["alertname"],
        "group_wait": "0s",
        "group_interval": "15s",
        "repeat_interval": "30s",
    }
    return {"receiver": "desk", "matchers": ['layer =~ ".+"'], **GROUPING, "routes": [watchdog]}
