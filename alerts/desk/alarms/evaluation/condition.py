"""An alarm's expression, evaluated part by part for the alarm's labels.

That an expression has no result says little: it has none either where the data that it reads are missing. Each part is
therefore true, false over present data, unknown because data are missing that were there while the alarm fired, or has
never taken part (the other branch of an `or`, say). A comparison is asked in its `bool` form, which tells false from
missing. A recorded series that is missing is judged by the rule that records it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import promql_parser as parser

from alerts.desk.alarms.evaluation import source, windows
from alerts.desk.alarms.evaluation.finding import FALSE, NEVER, TRUE, Finding, Why, all_of, any_of, unknown
from alerts.desk.alarms.evaluation.presence import Presence, text_of
from alerts.desk.alarms.evaluation.questions import Ended, Questions, moment
from alerts.desk.alarms.evaluation.rules import Rule, Rules
from alerts.desk.alarms.evaluation.windows import Read
from service import narrowing, promql
from service.narrowing import Labels
from service.prometheus import Sample

_ABSENT = frozenset({"absent", "absent_over_time"})


class Evaluation:
    """Evaluates the parts of one alarm's expression."""

    def __init__(self, questions: Questions, rules: Rules, alarm: Ended, now: datetime) -> None:
        self._questions, self._rules, self._alarm, self._at = questions, rules, alarm, now
        self._presence = Presence(questions, rules, alarm, now)
        self._within: list[str] = []  # recorded series on the way down: one that reads itself ends there

    def judge(self, rule: Rule) -> Finding:
        """Return whether the alarm's condition is met; TRUE and FALSE are certain.

        Raises:
            PrometheusUnavailableError: the server does not answer.
            QueryRejectedError: it refuses a question.
            ValueError: the expression is not PromQL.
        """
        tree = promql.parse(rule.expression)
        found = self._part(tree, self._own(rule))
        return unknown(Why.NO_HISTORY, text_of(tree)) if found == NEVER else found

    def _own(self, rule: Rule) -> Labels:
        """Return the labels that the expression's results have: not those that the rule adds or overrides."""
        return {
            name: value
            for name, value in self._alarm.labels.items()
            if name != "alertname" and value and name not in rule.labels
        }

    def _part(self, node: parser.Expr, labels: Labels) -> Finding:  # noqa: PLR0911 - one a kind of part
        match node:
            case parser.ParenExpr() | parser.SubqueryExpr():
                return self._part(node.expr, labels)
            case parser.MatrixSelector():
                return self._part(node.vector_selector, labels)
            case _ if narrowing.is_scalar(node):
                return all_of([self._part(child, theirs) for child, theirs in narrowing.children(node, labels)])
            case parser.BinaryExpr() if str(node.op) in narrowing.SET_OPERATORS:
                return self._set(node, labels)
            case parser.BinaryExpr() if narrowing.is_filter(node):
                return self._comparison(node, labels)
            case parser.Call() if node.func.name in _ABSENT:
                return TRUE if self._results(node, labels) else self._back(node, labels)
        if self._results(node, labels):
            return TRUE
        if isinstance(node, parser.VectorSelector):
            return self._missing_series(node, labels)
        return self._missing(node, labels)

    def _set(self, node: parser.BinaryExpr, labels: Labels) -> Finding:
        if self._results(node, labels):
            return TRUE
        (left, of_left), (right, of_right) = narrowing.children(node, labels)
        one = self._part(left, of_left)
        match str(node.op):
            case "or":
                found = any_of([one, self._part(right, of_right)])
            case "and":
                found = one if one == FALSE else all_of([one, self._part(right, of_right)])
            case _:  # unless
                hidden = one not in (FALSE, NEVER) and self._part(right, of_right) == TRUE
                found = self._current(right, of_right) if hidden else one
        # Both sides have a result, though not for the same series.
        return self._gone(node, labels) if found == TRUE else found

    def _comparison(self, node: parser.Expr, labels: Labels) -> Finding:
        answers = self._matching(narrowing.written(node, labels, self._swap, compare=True), labels)
        if any(each.value for each in answers):
            return TRUE
        if not answers:
            return self._missing(node, labels)
        # Scalars compare as "not a number" where they have no data, and windows go on with what they had.
        inside = [self._part(child, theirs) for child, theirs in narrowing.children(node, labels) if _scalar(child)]
        return next((each for each in inside if each.doubt is not None), self._current(node, labels))

    def _back(self, node: parser.Call, labels: Labels) -> Finding:
        """Return FALSE if what was absent is there again; a store that was restarted shows for a while what it had."""
        inside = node.args[0]
        if not isinstance(inside, parser.VectorSelector):
            return FALSE
        return self._first_doubt([self._presence.fresh(Read(inside, labels, None))])

    def _current(self, node: parser.Expr, labels: Labels) -> Finding:
        """Return FALSE if all that is read is from after the alarm's end and every range is as full as before."""
        return self._first_doubt(
            check(each)
            for each in windows.reads(node, labels, self._rules)
            for check in (self._window, self._presence.fresh)
        )

    def _window(self, one: Read) -> Finding:
        if one.length is not None and not self._results(one.selector, one.labels):
            return self._missing_series(one.selector, one.labels)
        return self._presence.full(one)

    @staticmethod
    def _first_doubt(found: Iterable[Finding]) -> Finding:
        return next((each for each in found if each.doubt is not None), FALSE)

    def _missing(self, node: parser.Expr, labels: Labels) -> Finding:
        """Return why a part without a result has none: its operands say, or its own history."""
        found = all_of([self._part(child, theirs) for child, theirs in narrowing.children(node, labels)])
        return self._gone(node, labels) if found == TRUE else found

    def _gone(self, node: parser.Expr, labels: Labels) -> Finding:
        query = narrowing.written(node, labels, self._swap)
        before = [
            each
            for each in self._questions.while_it_fired(query, self._alarm)
            if not narrowing.contradicts(_bare(each.labels), labels)
        ]
        if not before:
            return NEVER
        since = moment(max(each.points[-1][0] for each in before))
        return unknown(Why.NO_DATA, text_of(node), since)

    def _missing_series(self, node: parser.VectorSelector, labels: Labels) -> Finding:
        name = promql.metric_of(node)
        recording = self._rules.recording(name)
        if recording and name not in self._within:
            return self._recorded(name, node, labels, recording)
        query = f"timestamp({narrowing.written(node, labels, self._swap)})"
        before = self._questions.while_it_fired(query, self._alarm)
        if not before:
            return NEVER
        since = moment(max(value for each in before for _, value in each.points))
        return source.judge(
            self._questions, self._alarm, text_of(node), since, [each.labels for each in before], self._at
        )

    def _recorded(self, name: str, node: parser.VectorSelector, labels: Labels, recording: list[Rule]) -> Finding:
        """Judge a recorded series that is missing: its rule may have nothing to record, or nothing to read."""
        wanted = {**labels, **promql.equalities(node)}
        able = [rule for rule in recording if rule.could_make(wanted)]
        if not able:
            return FALSE  # nothing records it any more
        self._within.append(name)
        found = any_of(
            [
                self._part(promql.parse(rule.expression), _without(wanted, rule.labels))
                for rule in able
            ]
        )  # fmt: skip
        self._within.pop()
        return unknown(Why.NO_DATA, text_of(node), self._at) if found == TRUE else found

    def _results(self, node: parser.Expr, labels: Labels) -> list[Sample]:
        return self._matching(narrowing.written(node, labels, self._swap), labels)

    def _matching(self, query: str, labels: Labels) -> list[Sample]:
        return [each for each in self._questions.now(query) if not narrowing.contradicts(_bare(each.labels), labels)]

    def _swap(self, selector: parser.VectorSelector) -> str | None:
        """Let a rule that looks whether its own alert fires see this one fire: its end is what is in doubt.

        Between the threshold and the margin that such a rule has, a gap would end an alarm that nothing ended.
        """
        matchers = promql.equalities(selector)
        if promql.metric_of(selector) != "ALERTS" or matchers.get("alertname") != self._alarm.labels.get("alertname"):
            return None
        if matchers.get("alertstate", "firing") != "firing":
            return None
        series = "vector(1)"
        for name, value in sorted({**self._alarm.labels, "alertstate": "firing"}.items()):
            replacement = promql.quoted(value.replace("$", "$$"))
            series = f'label_replace({series}, {promql.quoted(name)}, {replacement}, "", "")'
        return f"({series})"


def _scalar(node: parser.Expr) -> bool:
    return narrowing.is_scalar(node) and any(True for _ in promql.vector_selectors(node))


def _bare(labels: Labels) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "__name__"}


def _without(labels: Labels, names: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in names}
