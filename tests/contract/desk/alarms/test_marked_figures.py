"""Figures that rules mark: a ticket over HTTP shows them in each language, and what cannot be read is loud."""

import re
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, update

from alerts.desk.core.database import Database
from alerts.desk.core.tables import alarm, ticket
from tests.contract.desk.conftest import Process
from tests.contract.desk.payloads import alert, notification

TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
WEBHOOK = "/webhook/alertmanager"


def test_a_ticket_shows_figures_and_keeps_and_counts_those_that_cannot_be_read(desk: Process, tmp_path: Path) -> None:
    told = alert()
    told["annotations"] |= {
        "summary": "the disk fills in ‹1h 5m 20s›",
        "description": "last seen at ‹2026-03-01 07:00:15.123 +0000 UTC›",
        "summary_ru": "диск заполнится через ‹1h 5m 20s›",
        "description_ru": "Свободно ‹4.861%›, порог ‹five percent›.",
    }
    with desk.client() as client:
        assert client.post(WEBHOOK, json=notification(told)).json()["opened"] == 1
        (shown,) = client.get(TICKETS).json()
        assert shown["name"] == "диск заполнится через 1 ч 5 мин"
        assert shown["description"] == "Свободно 4,86 %, порог ‹five percent›."
        assert "ott_desk_unreadable_figures_total 1.0" in client.get("/metrics").text
        assert re.search(r'"message": "a figure in the text .*"rule": "NodeDown".*‹five percent›', desk.log), desk.log
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    with database.read() as connection:
        assert connection.scalar(select(alarm.c.annotations)) == told["annotations"], "as it came"
        names, descriptions = connection.execute(select(ticket.c.names, ticket.c.descriptions)).one()
        assert names["en"] == "the disk fills in 1 h 5 min"
        assert descriptions["en"] == "last seen at 1 Mar 2026 12:00:15", "in the desk's zone, Asia/Almaty"
    database.dispose()


def test_a_ticket_from_before_keeps_its_text(desk: Process, tmp_path: Path) -> None:
    with desk.client() as client:
        client.post(WEBHOOK, json=notification(alert()))
        database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
        old = {"en": "expires in 13d 23h 54m 40s", "ru": "истекает через 14 дн."}
        with database.write() as connection:
            connection.execute(update(ticket).values(names=old, updated_at=datetime.now(UTC)))
        database.dispose()
        (shown,) = client.get(TICKETS).json()
        assert shown["name"] == "истекает через 14 дн."
