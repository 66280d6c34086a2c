"""What is said of an Alertmanager's answer that is not its API's: in words, and with what to look at."""

import re

import httpx
import pytest

from alerts.desk.alarms import alertmanager


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (
            b"<html>502</html>",
            "the body is not JSON: line 1, column 1 cannot be read; check the address http://am/api/v2/status",
        ),
        (b"\xff", "not that of its API"),
        (b"[1]", "not that of its API"),
        (b'{"data": []}', "not that of its API"),
        (b"null", "not that of its API"),
        (b"[{}]", "not that of its API: 0.labels: Field required; check the address"),
        (b'[{"receiver": {"name": "desk"}, "labels": {}}]', "0.alerts: Field required"),
        (b'[{"receiver": {"name": "desk"}, "labels": {}, "alerts": 1}]', "0.alerts: Input should be a valid list"),
    ],
)
def test_another_answer_is_told_in_words(groups: bytes, said: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        status = b'{"uptime": "2026-01-01T00:00:00Z"}'
        return httpx.Response(200, content=status if request.url.path.endswith("status") else groups)

    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as client,
        pytest.raises(OSError, match=re.escape(said)) as caught,
    ):
        alertmanager.read(client, "http://am", "desk")
    assert not re.search(r"Expecting|codec|NoneType|object|subscriptable|indices", str(caught.value))
