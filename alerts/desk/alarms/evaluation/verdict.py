"""Whether what the alarms of one ticket told of has ended."""

from collections.abc import Iterable
from datetime import datetime

from alerts.desk.alarms.evaluation.condition import Evaluation
from alerts.desk.alarms.evaluation.finding import Doubt, Truth, Why, any_of
from alerts.desk.alarms.evaluation.questions import Ended, Questions
from alerts.desk.alarms.evaluation.rules import Rules
from alerts.desk.alarms.evaluation.sender import senders_doubt
from service.prometheus import QueryRejectedError
from service.promql import expression_of


def doubt_about(alarms: Iterable[Ended], questions: Questions, rules: Rules, now: datetime) -> Doubt | None:
    """Return why the recovery of these alarms cannot be verified, or None: none of their conditions is met any more.

    An alarm without an expression cannot be evaluated; its sender's word is enough, unless the sender says that it
    had no data.

    Raises:
        PrometheusUnavailableError: the server does not answer.
    """
    for alarm in alarms:
        doubt = _doubt(alarm, questions, rules, now)
        if doubt is not None:
            return doubt
    return None


def _doubt(alarm: Ended, questions: Questions, rules: Rules, now: datetime) -> Doubt | None:
    if said := senders_doubt(alarm.annotations):
        return said
    candidates = rules.of_alert(alarm.labels, expression_of(alarm.generator_url))
    if not candidates:
        return None
    try:
        found = any_of([Evaluation(questions, rules, alarm, now).judge(rule) for rule in candidates])
    except QueryRejectedError as error:
        return Doubt(Why.REJECTED, error.reason)
    except ValueError as error:
        return Doubt(Why.UNREADABLE, str(error))
    return Doubt(Why.HOLDS) if found.truth is Truth.TRUE else found.doubt
