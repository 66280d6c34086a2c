"""The texts that an alert's annotations hold, by language: `summary` is English, `summary_ru` Russian."""

import re
from collections.abc import Mapping
from datetime import tzinfo

from alerts.desk.core.text_figures import unreadable, with_figures
from alerts.desk.core.words import languages

_TEXTS = ("summary", "description", "message")
_OTHER = {name: re.compile(rf"{name}_([a-z]{{2,3}})") for name in ("summary", "description")}
_ANY = re.compile(rf"(?:{'|'.join(_TEXTS)})(?:_[a-z]{{2,3}})?")


def by_language(annotations: Mapping[str, str], name: str, default: str, zone: tzinfo) -> dict[str, str]:
    """Return a text in English and in each language that an annotation such as `summary_ru` or `summary_kk` has."""
    english = with_figures(annotations.get(name) or default, "en", zone)
    others = {
        match[1]: with_figures(text, match[1], zone)
        for key, text in annotations.items()
        if text and (match := _OTHER[name].fullmatch(key))
    }
    return {"en": english, **{language: english for language in languages() if language != "en"}, **others}


def summary_of(annotations: Mapping[str, str], labels: Mapping[str, str], language: str, zone: tzinfo) -> str:
    """Return what one alarm says in a language, in English where it lacks it, or its name where it says nothing."""
    told = by_language(annotations, "summary", labels.get("alertname", ""), zone)
    return told.get(language) or told["en"]


def unreadable_figures(annotations: Mapping[str, str]) -> list[str]:
    """Return the marked figures in an alert's texts that cannot be read, with their marks."""
    return [figure for name, text in annotations.items() if _ANY.fullmatch(name) for figure in unreadable(text)]
