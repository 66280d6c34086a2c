"""The agent's log says why lines are rejected, and how often it says so is bounded."""

import logging

import pytest

from agent.sources.edge_log.formats.batch import Reason
from agent.sources.edge_log.rejects import EVERY, MEANING, RejectLog


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    found = [(record.__dict__["reason"], record.__dict__["path"]) for record in caplog.records]
    caplog.clear()
    return found


def test_each_reason_is_told_once_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    rejects = RejectLog("ott")
    rejects.note({}, "/a", 0.0)
    rejects.note({Reason.STATUS: 1}, "/a", 1.0)
    rejects.note({Reason.STATUS: 9, Reason.SIZE: 1}, "/b", 2.0)
    assert told(caplog) == [("status", "/a"), ("size", "/b")]
    rejects.note({Reason.STATUS: 9, Reason.SIZE: 1}, "/a", 2 + EVERY)
    assert told(caplog) == []
    rejects.note({Reason.STATUS: 10, Reason.SIZE: 1}, "/a", 3 + EVERY)
    assert told(caplog) == [("status", "/a")]


def test_what_was_counted_before_a_restart_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    rejects = RejectLog("ott")
    rejects.resume({Reason.FORMAT: 5})
    rejects.note({Reason.FORMAT: 5}, "/a", 1.0)
    assert told(caplog) == []


def test_every_reason_has_its_words() -> None:
    assert MEANING.keys() == set(Reason)
