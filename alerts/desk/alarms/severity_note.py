"""What a ticket says of a severity that is not known: nobody has to find out why its priority is what it is."""

import logging
from collections.abc import Iterable, Mapping

from alerts.desk.tickets.events import NoteAdded
from alerts.desk.tickets.policy import priority_of
from alerts.desk.tickets.severities import known_severity

MOST = 100  # words that are logged, once each
_SHOWN = 40  # characters of a word

log = logging.getLogger("desk.severity")
_logged: set[str] = set()


def severity_remark(alarms: Iterable[Mapping[str, str]]) -> NoteAdded | None:
    """Return the note for a new ticket one of whose alarms has a severity that is not known."""
    labels = next((each for each in alarms if known_severity(each.get("severity", "")) is None), None)
    if labels is None:
        return None
    word, name, priority = labels.get("severity", "")[:_SHOWN], labels.get("alertname", ""), priority_of(labels)
    _tell(word, name)
    english = f"The alert {name} has no label severity: rated {priority}."
    russian = f"У алерта {name} нет метки severity: приоритет {priority}."
    if word:
        english = f'The severity "{word}" of the alert {name} is not known: rated {priority}.'
        russian = f"Значение severity «{word}» алерта {name} неизвестно: приоритет {priority}."
    english += " Write critical, major, minor or warning in its rule."
    russian += " Укажите в правиле critical, major, minor или warning."
    return NoteAdded(english, {"en": english, "ru": russian})


def _tell(word: str, name: str) -> None:
    if word in _logged or len(_logged) >= MOST:
        return
    _logged.add(word)
    log.warning("a severity is not known: its alarms are rated P3", extra={"severity": word, "alertname": name})
