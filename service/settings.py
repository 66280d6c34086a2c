"""Typed settings from a TOML file: every fault at once, each with file, key and remedy.

Settings are frozen dataclasses. Nothing is guessed: an unknown key, a number in quotes or a missing key
refuses to start, because a setting that silently falls back to its default is found out during an outage.
A `__post_init__` that raises ValueError, or an ExceptionGroup of them, adds faults under its table's key.
"""

import errno
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, NewType, TypeVar, get_args, get_origin

from cattrs import Converter, IterableValidationError
from cattrs.cols import is_mapping, is_sequence, list_structure_factory, mapping_structure_factory
from cattrs.errors import BaseValidationError, ClassValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn
from cattrs.v import format_exception

from service.durations import parse_duration
from service.patterns import bytes_pattern, pattern
from service.toml import not_toml, shown

T = TypeVar("T")

Seconds = NewType("Seconds", float)
"""A duration; written in the file as "30s" or "5m", held as seconds."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a settings file and what repairs it."""

    file: Path
    key: str
    problem: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else str(self.file)
        return f"{where}: {self.problem}"


class SettingsError(Exception):
    """The settings cannot be used; `faults` has all that was found."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands: `{ file = "/etc/ottwatch/token" }` or `{ env = "OTT_TOKEN" }`, never the text itself."""

    file: Path | None = None
    env: str | None = None

    def __post_init__(self) -> None:
        if (self.file is None) == (self.env is None):
            raise ValueError('give exactly one of file = "/path" or env = "NAME"')

    def read(self) -> str:
        """Return the secret without its trailing newline; raise OSError when it cannot be read."""
        if self.file is None:
            value = os.environ.get(self.env or "")
            if not value:
                raise OSError(f"the environment variable {self.env} is not set")
            return _one_line(value, f"the environment variable {self.env}")
        try:
            mode = self.file.stat().st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            content = self.file.read_bytes()
        except OSError as error:
            raise OSError(
                f"{self.file} cannot be read: {error.strerror}; the secret is that file's only line, and this account "
                "needs to read it"
            ) from None
        if mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise OSError(f"{self.file} is open to other users (mode {stat.S_IMODE(mode):04o}): chmod 0640 or stricter")
        try:
            value = content.decode("utf-8").rstrip("\n")
        except UnicodeDecodeError:
            raise OSError(f"{self.file} is not text in UTF-8; write the secret as its only line") from None
        if not value.strip():
            raise OSError(f"{self.file} is empty; write the secret as its only line")
        return _one_line(value, str(self.file))


def _one_line(secret: str, where: str) -> str:
    """Return the secret; raise OSError for one that libraries would refuse, and then show in their complaint."""
    if not secret.isprintable():
        raise OSError(
            f"{where} holds more than one line, or a control character; a secret is one line, ended as on Unix"
        )
    if secret != secret.strip():
        raise OSError(f"{where} begins or ends with a blank; remove it")
    return secret


def load(path: Path, kind: type[T], converter: Converter | None = None) -> T:
    """Read `path` as TOML into the frozen dataclass `kind`; raise SettingsError with every fault found."""
    try:
        # Some editors begin UTF-8 with a mark, which TOML does not know.
        text = path.read_bytes().decode("utf-8-sig")
        raw = tomllib.loads(text)
    except OSError as error:
        raise SettingsError([Fault(path, "", f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise SettingsError([Fault(path, "", f"is not UTF-8 text at byte {error.start}; save it as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([Fault(path, "", not_toml(error, text))]) from None
    return structure(raw, kind, path, converter)


def structure(raw: dict[str, Any], kind: type[T], path: Path, converter: Converter | None = None) -> T:
    """Turn a parsed table into `kind`; `path` is named in the faults."""
    try:
        return (converter or make_converter()).structure(raw, kind)
    except BaseValidationError as error:
        faults = [Fault(path, key, problem) for key, problem in _faults(error, "")]
        raise SettingsError(faults) from None


def make_converter() -> Converter:
    """Return a converter that takes each value only in its own type; programs add hooks for theirs."""
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(str, _exactly(str, 'text in quotes, such as "edge"'))
    converter.register_structure_hook(bool, _exactly(bool, "true or false, without quotes"))
    converter.register_structure_hook(int, _exactly(int, "a whole number without quotes"))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(Path, lambda value, _: Path(_exactly(str, "a path in quotes")(value, str)))
    converter.register_structure_hook_func(lambda kind: kind is Seconds, _seconds)
    converter.register_structure_hook_func(_is_pattern, _pattern)
    converter.register_structure_hook_func(_is_choice, _choice)
    converter.register_structure_hook_factory(is_dataclass, _table)
    converter.register_structure_hook_factory(is_sequence, _list)
    converter.register_structure_hook_factory(is_mapping, _named)
    return converter


def _is_choice(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is Literal


def _choice(value: Any, kind: Any) -> Any:
    words = get_args(kind)
    if value not in words:
        known = ", ".join(f'"{word}"' for word in words)
        raise ValueError(f"{shown(value)} is not known here; write one of {known}")
    return value


def _table(kind: type[T], converter: Converter) -> Callable[[Any, Any], T]:
    structure_table = make_dict_structure_fn(kind, converter)

    def hook(value: Any, _: Any) -> T:
        if not isinstance(value, dict):
            if kind is Secret:  # what stands there is the secret itself, most likely: it is not repeated
                raise ValueError('must not stand here itself; write { file = "/path" } or { env = "NAME" }')
            if isinstance(value, list):
                raise ValueError("expected one table, found a list; write its name in single square brackets")
            raise ValueError(f"expected a table, found {shown(value)}")
        return structure_table(value, kind)

    return hook


def _list(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    structure_list = list_structure_factory(kind, converter)

    def hook(value: Any, _: Any) -> Any:
        if isinstance(value, dict) and is_dataclass(get_args(kind)[0]):
            raise ValueError("expected a list of tables, found one table; write its name in double square brackets")
        if not isinstance(value, list):
            raise ValueError(f"expected a list in square brackets, found {shown(value)}")
        return structure_list(value, kind)

    return hook


def _named(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    structure_mapping = mapping_structure_factory(kind, converter)

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"expected a table of names and values, found {shown(value)}")
        return structure_mapping(value, kind)

    return hook


def _exactly(kind: type[T], wanted: str) -> Callable[[Any, Any], T]:
    def hook(value: Any, _: Any) -> T:
        if type(value) is not kind:
            raise ValueError(f"expected {wanted}, found {shown(value)}")
        return value

    return hook


def _number(value: Any, _: Any) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"expected a number without quotes, found {shown(value)}")
    return float(value)


def _seconds(value: Any, _: Any) -> float:
    if not isinstance(value, str):
        raise ValueError(f'expected a duration in quotes such as "30s", found {shown(value)}')
    return parse_duration(value)


def _is_pattern(kind: Any) -> bool:
    origin: object = get_origin(kind)
    return origin is re.Pattern


def _pattern(value: Any, kind: Any) -> re.Pattern[Any]:
    if not isinstance(value, str):
        raise ValueError(f"expected a regular expression in quotes, found {shown(value)}")
    return bytes_pattern(value) if get_args(kind) == (bytes,) else pattern(value)


def _faults(error: BaseException, path: str) -> Iterator[tuple[str, str]]:
    """Walk cattrs' tree of exceptions; yield (key, sentence) for each leaf."""
    if isinstance(error, ClassValidationError):
        with_notes, without = error.group_exceptions()
        for inner, note in with_notes:
            yield from _faults(inner, f"{path}.{note.name}" if path else note.name)
        for inner in without:
            yield from _class_fault(inner, error.cl, path)
    elif isinstance(error, IterableValidationError):
        with_index, without = error.group_exceptions()
        for inner, place in with_index:
            yield from _faults(
                inner, f"{path}[{place.index + 1}]" if isinstance(place.index, int) else f"{path}.{place.index}"
            )
        for inner in without:
            yield path, str(inner)
    elif isinstance(error, ExceptionGroup):  # several faults of one table's __post_init__
        for inner in error.exceptions:
            yield from _faults(inner, path)
    else:
        yield path, _sentence(error)


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return "is missing; add it"
    return str(error) if isinstance(error, ValueError) else format_exception(error, None)


def _class_fault(error: BaseException, kind: type, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(error, ForbiddenExtraKeysError):
        yield from _faults(error, path)
        return
    import difflib  # noqa: PLC0415 - for a mistake only

    known = [field.name for field in fields(kind)] if is_dataclass(kind) else []
    for key in sorted(error.extra_fields):
        near = difflib.get_close_matches(key, known, 1)
        remedy = f'did you mean "{near[0]}"?' if near else f"remove it; known here: {', '.join(known)}"
        yield f"{path}.{key}" if path else key, f"unknown key; {remedy}"
