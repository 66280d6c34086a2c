"""Secrets that cannot be used are named with their key and the remedy."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from service.secrets import read_by_root_alone, unreadable
from service.settings import Secret


@dataclass(frozen=True)
class Inner:
    token: Secret | None = None


@dataclass(frozen=True)
class Outer:
    database: str | Secret = "sqlite://"
    one: Inner = field(default_factory=Inner)
    many: tuple[Inner, ...] = ()
    named: dict[str, Inner] = field(default_factory=dict)


def secret(folder: Path, content: bytes, mode: int = 0o600) -> Secret:
    file = folder / f"secret{len(list(folder.iterdir()))}"
    file.write_bytes(content)
    file.chmod(mode)
    return Secret(file=file)


def test_every_secret_that_cannot_be_used_is_named_with_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTT_GONE", raising=False)
    fine = Inner(secret(tmp_path, b"fine\n"))
    settings = Outer(
        Secret(file=tmp_path / "missing"),
        Inner(Secret(env="OTT_GONE")),
        (fine, Inner(secret(tmp_path, b"")), Inner(secret(tmp_path, b"token\r\n")), Inner(secret(tmp_path, b" x\n"))),
        {"a": Inner(secret(tmp_path, b"\xff\n")), "b": Inner(secret(tmp_path, b"one\ntwo\n")), "c": fine},
    )
    told = {fault.key: fault.problem for fault in unreadable(settings, Path("desk.toml"))}
    assert list(told) == [
        *("database", "one.token", "many[2].token", "many[3].token", "many[4].token"),
        "named.a.token",
        "named.b.token",
    ]
    assert "missing cannot be read: No such file or directory; the secret is that file's only line" in told["database"]
    assert told["one.token"] == "the environment variable OTT_GONE is not set"
    assert "is empty; write the secret" in told["many[2].token"]
    assert "a secret is one line, ended as on Unix" in told["many[3].token"]
    assert "begins or ends with a blank; remove it" in told["many[4].token"]
    assert "is not text in UTF-8" in told["named.a.token"]
    assert "holds more than one line" in told["named.b.token"]


def test_a_secret_that_others_can_read_says_how_to_close_it(tmp_path: Path) -> None:
    (fault,) = unreadable(Outer(secret(tmp_path, b"x", 0o644)), Path("desk.toml"))
    assert "chmod 0640 or stricter" in str(fault)


def test_what_root_reads_and_a_service_cannot_is_remarked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Outer(secret(tmp_path, b"x", 0o600), Inner(Secret(env="OTT_X")))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert read_by_root_alone(settings) == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    remarks = read_by_root_alone(settings)
    mine = (tmp_path / "secret0").stat().st_uid == 0
    assert [each.partition(":")[0] for each in remarks] == (["database"] if mine else [])
