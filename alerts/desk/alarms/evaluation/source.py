"""Whether the source of series that ended is sound, so that their absence is the cure and no gap.

A rule may say so by itself: the annotation `source_query` is a query that has a result while the source works. Else the
scrape target that the series came from decides: it has answered every scrape for a while since, and none of its health
metrics (`mysql_up`, `ott_collector_success`, `pg_exporter_last_scrape_error`) says otherwise.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from alerts.desk.alarms.evaluation.finding import FALSE, Finding, Why, unknown
from alerts.desk.alarms.evaluation.questions import Ended, Questions
from service.promql import quoted

ANNOTATION = "source_query"
SOUND = timedelta(minutes=2)
_HEALTH = '__name__=~".+_(up|success)",__name__!~"ott_stream_.+|probe_success"'
_ERRORS = '__name__=~".+_error"'


def judge(  # noqa: PLR0913, PLR0917 - what ended, and what it is compared with
    questions: Questions,
    alarm: Ended,
    what: str,
    since: datetime,
    series: Iterable[Mapping[str, str]],
    now: datetime,
) -> Finding:
    """Return what the absence of series means whose last samples are of `since`."""
    own = alarm.annotations.get(ANNOTATION, "")
    if own:
        return FALSE if questions.now(own) else unknown(Why.SOURCE, own, since)
    targets = {(each.get("job", ""), each.get("instance", "")) for each in series}
    if now - since < SOUND or not targets or not all(job and instance for job, instance in targets):
        return unknown(Why.NO_DATA, what, since)
    faults = [fault for job, instance in sorted(targets) if (fault := _fault(questions, job, instance))]
    return unknown(Why.NO_DATA, f"{what} ({faults[0]})", since) if faults else FALSE


def _fault(questions: Questions, job: str, instance: str) -> str:
    """Return what is wrong with a target, or nothing."""
    target = f"job={quoted(job)},instance={quoted(instance)}"
    length = f"{SOUND // timedelta(seconds=1)}s"
    answers = f"min_over_time(up{{{target}}}[{length}]) == 1 and up{{{target}}} and up{{{target}}} offset {length}"
    ill = f"{{{_HEALTH},{target}}} == 0 or {{{_ERRORS},{target}}} == 1"
    if not questions.now(answers):
        return f"{job} {instance}: up"
    metrics = sorted(each.labels.get("__name__", "") for each in questions.now(ill))
    return f"{job} {instance}: {metrics[0]}" if metrics else ""
