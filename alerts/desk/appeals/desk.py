"""What the parts of the appeals desk share: settings, keys, codes and calendars."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import phonenumbers

from alerts.desk.appeals.codes import Code, codes
from alerts.desk.appeals.contacts import Keys
from alerts.desk.appeals.terms import Calendars, Terms, calendars_of
from alerts.desk.core.appeal_settings import AppealSettings, OpenQuestions
from alerts.desk.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that deciding about an appeal needs, apart from the appeal."""

    settings: AppealSettings
    keys: Keys
    codes: Mapping[str, Code]
    calendars: Calendars
    language: str = "en"  # of what other systems are shown

    @property
    def questions(self) -> OpenQuestions:
        """Return the operator's answers to the open questions."""
        return self.settings.questions


def rules_of(settings: Settings, folder: Path) -> Rules | None:
    """Return the rules of the settings, None where the desk takes no appeals.

    Raise ValueError or OSError, naming the key, for secrets or codes that cannot be used.
    """
    table = settings.appeals
    if table is None:
        return None
    if table.phone_country not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f'appeals.phone_country: "{table.phone_country}" is no country; write for example "KZ"')
    file = folder / table.questions.codes if table.questions.codes else None
    return Rules(
        settings=table,
        keys=Keys([secret.read() for secret in table.keys]),
        codes=codes(file),
        calendars=calendars_of(settings.zone, settings.calendars),
        language=settings.language,
    )


def terms_of(questions: OpenQuestions, entry: str) -> Terms:
    """Return the terms of an appeal that is registered now."""
    return Terms(
        has_answer_term=entry != "160" or questions.scheme1_terms == "scheme2",
        longest=questions.longest,
        answer_from=questions.answer_from,
        vendor_from=questions.vendor_from,
        vendor_calendar=questions.vendor_calendar,
        vendor_reference=questions.vendor_reference,
        customer_pauses=questions.customer_pauses,
        bounce_window=questions.bounce_window,
    )
