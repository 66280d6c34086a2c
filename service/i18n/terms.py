"""The operator's own terms: the words for a ticket, the control centre, a vendor, in every case a text needs.

The defaults are in `terms.toml` in this folder. An operator's file replaces single terms.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from service.toml import not_toml

Term = Mapping[str, str]
"""The cases of a term. A term that has one form for all cases has the key "" only."""

OWN = Path("/etc/ottwatch/terms.toml")
VARIABLE = "OTTWATCH_TERMS"
_DEFAULTS = Path(__file__).with_name("terms.toml")
_PLACE = re.compile(r"<([A-Za-z_]+)(?: ([a-z]+))?>")


class TermsError(ValueError):
    """The operator's file of terms cannot be used."""


def fill(text: str, language: str) -> str:
    """Return the text with its terms, such as `<ticket gen>`, in the operator's words.

    Raises:
        TermsError: a term or case that no file states, or an operator's file that cannot be used.
    """
    return _PLACE.sub(lambda place: _form(language, place[1], place[2] or "nom"), text)


def _form(language: str, name: str, case: str) -> str:
    term = terms().get(language, {}).get(name.lower())
    if term is None:
        raise TermsError(f"the language {language} has no term {name.lower()!r}")
    form = term.get(case) or term.get("")
    if form is None:
        raise TermsError(f"the term {name.lower()!r} of {language} has no case {case!r}")
    return form[:1].upper() + form[1:] if name[0].isupper() else form


@cache
def terms() -> Mapping[str, Mapping[str, Term]]:
    """Return the terms of each language: the defaults with the operator's own in place of some.

    Raises:
        TermsError: the operator's file is not TOML, or has an unknown language, term or case, or lacks a case.
    """
    result = _read(_DEFAULTS)
    named = os.environ.get(VARIABLE)
    own = Path(named) if named else OWN
    if not named and not own.exists():
        return result
    for language, replaced in _read(own).items():
        if known := result.get(language):  # a new language brings all of its terms
            for name, term in replaced.items():
                _check(own, f"{language}.{name}", term, known.get(name))
        result[language] = {**result.get(language, {}), **replaced}
    return result


def _check(own: Path, key: str, term: Term, default: Term | None) -> None:
    if default is None:
        raise TermsError(f"{own}: {key}: no text uses this term; see the terms in {_DEFAULTS}")
    if "" in term or "" in default:
        return
    if missing := ", ".join(sorted(default.keys() - term.keys())):
        raise TermsError(f"{own}: {key}: state every case; missing: {missing}")
    if unknown := ", ".join(sorted(term.keys() - default.keys())):
        raise TermsError(f"{own}: {key}: no text uses these cases: {unknown}")


def _read(path: Path) -> dict[str, dict[str, Term]]:
    try:
        text = path.read_text("utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        raise TermsError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TermsError(f"{path}: is not UTF-8 text at byte {error.start}; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise TermsError(f"{path}: {not_toml(error, text)}") from None
    result: dict[str, dict[str, Term]] = {}
    for language, table in tables.items():
        if not isinstance(table, dict):
            raise TermsError(f"{path}: {language}: write a table of terms, [{language}]")
        result[language] = {name: _term(path, f"{language}.{name}", value) for name, value in table.items()}
    return result


def _term(path: Path, key: str, value: object) -> Term:
    result: dict[str, str] = {}
    for case, form in (value if isinstance(value, dict) else {"": value}).items():
        if not isinstance(form, str) or not form.strip():
            raise TermsError(f"{path}: {f'{key}.{case}'.rstrip('.')}: write the word as text in quotes")
        result[case] = form
    return result
