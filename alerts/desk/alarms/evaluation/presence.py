"""Whether what an expression reads is present: young enough to testify, and without a hole.

A store that was restarted, or that lacks what is still on its way to it, answers for minutes with the newest samples
that it has. Those are from before the alarm ended, perhaps from before it began: they tell nothing of a recovery.
"""

from datetime import datetime, timedelta

import promql_parser as parser

from alerts.desk.alarms.evaluation.finding import TRUE, Finding, Why, unknown
from alerts.desk.alarms.evaluation.questions import HISTORY, Ended, Questions, moment
from alerts.desk.alarms.evaluation.rules import Rules
from alerts.desk.alarms.evaluation.windows import Read
from service import narrowing, promql

_FILLED = 0.5  # of the samples that a range had before the alarm ended
_OFTEN = timedelta(seconds=15)  # rules that record at least this often are fresh within seconds
_LOOKBACK = timedelta(minutes=5)  # how long a server shows the newest sample of a series that has ended
_LONGEST = 200  # characters of a part in a sentence


class Presence:
    """Judges what is read for one alarm that ended; TRUE means that it is present."""

    def __init__(self, questions: Questions, rules: Rules, alarm: Ended, now: datetime) -> None:
        self._questions, self._rules, self._alarm, self._at = questions, rules, alarm, now

    def fresh(self, one: Read) -> Finding:
        """Doubt a series whose newest sample is older than the alarm's end.

        What slow rules record may be older: what these rules read is judged by itself. A series that is missing, and a
        range that is longer than a server's look back, are judged elsewhere.
        """
        if one.length is not None and one.length > _LOOKBACK:
            return TRUE
        newest = self._most(f"timestamp({narrowing.written(one.selector, one.labels)})")
        if newest is None or newest >= self._alarm.ends_at.timestamp():
            return TRUE
        since = moment(newest)
        if self._rules.recording(promql.metric_of(one.selector)) and self._at - since < 2 * self._spacing(one):
            return TRUE
        return unknown(Why.OLD, text_of(one.selector), since)

    def full(self, one: Read) -> Finding:
        """Doubt a range with fewer samples than it had before the alarm ended."""
        if one.length is None or one.length > HISTORY or self._filled(one, one.length):
            return TRUE
        return unknown(Why.GAP, f"{text_of(one.selector)}[{narrowing.duration(one.length)}]")

    def _spacing(self, one: Read) -> timedelta:
        """Return the time between two samples where that is long, else nothing."""
        number = self._most(f"count_over_time({narrowing.written_over(one.selector, one.labels, HISTORY)})")
        spacing = HISTORY / max(number or 0.0, 1.0)
        return spacing if spacing > _OFTEN else timedelta()

    def _filled(self, one: Read, length: timedelta) -> bool:
        query = f"max(count_over_time({narrowing.written_over(one.selector, one.labels, length)}))"
        before = [value for each in self._questions.before_it_ended(query, self._alarm) for _, value in each.points]
        if before:
            return max((each.value for each in self._questions.now(query)), default=0.0) >= max(before) * _FILLED
        # Nothing is known of the time before: then the range must at least not have begun just now.
        earlier = narrowing.written_over(one.selector, one.labels, length / 2)
        return self._most(f"count_over_time({earlier} offset {narrowing.duration(length / 2)})") is not None

    def _most(self, query: str) -> float | None:
        return max((each.value for each in self._questions.now(f"max({query})")), default=None)


def text_of(node: parser.Expr) -> str:
    """Return a part of an expression as it is shown in a sentence."""
    text = narrowing.written(node, {}).replace("{}", "")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
