"""What mail of appeals is written and sent with."""

from dataclasses import dataclass, replace

from alerts.desk.appeals.desk import Rules
from alerts.desk.core.appeal_settings import AppealMail
from alerts.desk.core.database import Database
from alerts.desk.core.words import Words
from service.mail import Smtp
from service.mail_message import domain_of


@dataclass(frozen=True, slots=True)
class Post:
    """What sending mail of appeals needs."""

    database: Database
    rules: Rules
    settings: AppealMail
    smtp: Smtp  # with the address of appeals as its sender
    url: str = ""

    @property
    def words(self) -> Words:
        """Return the language of mail."""
        return Words(self.settings.language, self.rules.calendars.zone)

    @property
    def domain(self) -> str:
        """Return the domain of message ids."""
        return domain_of(self.smtp.sender)


def post_of(database: Database, rules: Rules, smtp: Smtp | None, url: str) -> Post | None:
    """Return what sends mail of appeals; None where the settings say that people do."""
    settings = rules.settings.mail
    if settings is None or smtp is None:
        return None
    return Post(database, rules, settings, replace(smtp, sender=settings.address or smtp.sender), url)
