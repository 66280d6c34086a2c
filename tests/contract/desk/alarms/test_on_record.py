"""Grouping decides which ticket an alarm belongs to, never whether it is on record."""

import json
import random
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.ingest import ingest
from alerts.desk.alarms.release import pass_time
from alerts.desk.alarms.webhook import parse
from alerts.desk.core.database import Database
from alerts.desk.core.tables import alarm
from tests.contract.desk.alarms.test_correlation import correlator_of_the_platform, packager, stale
from tests.contract.desk.alarms.test_ingest import POLICY, Time
from tests.contract.desk.payloads import alert, notification
from tests.support.migrated import sqlite_database

Record = set[tuple[str, str, Any, bool]]


def full(node: str, *, firing: bool = True) -> dict[str, Any]:
    return alert(node, firing=firing, alertname="NodeDiskFull", layer="node", severity="major")


def told(ended: set[int]) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Return alarms, and the end of those that end."""
    streams = [(channel, edge) for channel in ("ch01", "ch02") for edge in ("edge-1", "edge-2", "edge-3")]
    pairs = [
        (packager(), packager(firing=False)),
        (full("edge-2"), full("edge-2", firing=False)),
        *((stale(*one), stale(*one, firing=False)) for one in streams),
    ]
    return [(first, last if number in ended else None) for number, (first, last) in enumerate(pairs)]


def record(
    database: Database, correlator: Correlator | None, messages: list[dict[str, Any]], steps: list[int]
) -> Record:
    """Send the messages one after the other while time passes; return what is on record."""
    time = Time()
    for each, step in zip(messages, steps, strict=True):
        labels = each["labels"]
        group = {name: labels[name] for name in ("alertname", "site", "node", "channel") if name in labels}
        ingest(database, parse(json.dumps(notification(each, **group)).encode()), POLICY, time(), correlator)
        time.pass_(seconds=step)
        if correlator is not None:
            pass_time(database, correlator, POLICY, time())
    for span in (timedelta(seconds=20), timedelta(seconds=300)):
        time.pass_(seconds=span.total_seconds())
        if correlator is not None:
            pass_time(database, correlator, POLICY, time())
    with database.read() as connection:
        rows = connection.execute(select(alarm.c.problem_key, alarm.c.fingerprint, alarm.c.starts_at, alarm.c.ends_at))
        return {(key, name, began, ended is None) for key, name, began, ended in rows}


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False), st.sets(st.integers(0, 7)))
def test_a_grouping_changes_nothing_of_what_is_on_record(dice: random.Random, ended: set[int]) -> None:
    alarms = told(ended)
    dice.shuffle(alarms)
    messages = [first for first, _ in alarms]
    for first, last in alarms:
        if last is not None:
            messages.insert(dice.randint(messages.index(first) + 1, len(messages)), last)
    steps = [dice.choice((0, 1, 9, 30)) for _ in messages]
    with tempfile.TemporaryDirectory() as folder:
        alone = sqlite_database(Path(folder) / "alone.db")
        gathered = sqlite_database(Path(folder) / "gathered.db")
        try:
            wanted = record(alone, None, messages, steps)
            assert len(wanted) == len(alarms)
            assert record(gathered, correlator_of_the_platform(), messages, steps) == wanted
        finally:
            alone.dispose()
            gathered.dispose()
