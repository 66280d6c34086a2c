"""The words for a severity in other rule sets, and what they are in X.733's.

Sources: RFC 5424 (syslog), Zabbix' trigger severities, PagerDuty's events, the monitoring mixins, Alerta's severities,
Google's SRE workbook (page, ticket), priorities and incident levels such as P1 and SEV-1. A word whose rank differs
between them, such as "alert", is not among them: it is told of instead of guessed.
"""

SEVERITIES = ("critical", "major", "minor", "warning", "indeterminate")  # the worst first
INFO = "info"  # no alarm

_WORDS = {
    "critical": "critical crit fatal emergency emerg panic disaster page p0 p1 s0 s1 sev0 sev1",
    "major": "major high error err p2 s2 sev2",
    "minor": "minor average medium moderate ticket p3 s3 sev3",
    "warning": "warning warn notice low p4 s4 sev4 p5 s5 sev5",
    INFO: "info information informational debug none ok normal",
    "indeterminate": "indeterminate unknown notclassified",
}
_SEVERITY = {word: severity for severity, words in _WORDS.items() for word in words.split()}
_LOW = frozenset(["low", "p4", "s4", "sev4", "p5", "s5", "sev5"])  # the lowest priority of a ticket, not a mere warning
KNOWN = tuple(_SEVERITY)


def folded(text: str) -> str:
    """Return a word without what rule sets write differently: capitals, blanks, hyphens, underscores."""
    return "".join(text.split()).replace("-", "").replace("_", "").lower()


def known_severity(text: str) -> str | None:
    """Return the severity, or "info", that a word means; None for a word that no table has."""
    return _SEVERITY.get(folded(text))


def is_mere_warning(text: str) -> bool:
    """Return whether a word announces what is no fault yet: it opens a ticket only where its rule asks for one."""
    return known_severity(text) in ("warning", INFO) and folded(text) not in _LOW
