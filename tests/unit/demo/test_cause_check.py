"""Which open tickets count when a cause is broken: not what the machine of all nodes lacks."""

from typing import Any

import pytest

from demo.apis import Ticket
from demo.cause_check import standing


class Desk:
    """Has these tickets."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self._bodies = bodies

    def newest(self) -> list[Ticket]:
        return [Ticket(body) for body in self._bodies]


def body(alertname: str, status: str = "acknowledged", **more: Any) -> dict[str, Any]:
    return {
        "id": alertname,
        "status": status,
        "troubleTicketCharacteristic": [{"name": "label.alertname", "value": alertname}],
        **more,
    }


@pytest.mark.parametrize(
    ("ticket", "counts"),
    [
        (body("NodeDiskFull"), True),
        (body("NodeCpuSaturated"), False),
        (body("NodeListenOverflow"), False),
        (body("NodeDown", "resolved"), False),
        (body("StreamStale", troubleTicketRelationship=[{"relationshipType": "isCausedBy"}]), False),
    ],
)
def test_tickets_that_stand_for_themselves(ticket: dict[str, Any], counts: bool) -> None:
    found = standing(Desk(ticket))  # type: ignore[arg-type]
    assert [one.number for one in found] == ([ticket["id"]] if counts else [])
