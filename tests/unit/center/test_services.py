"""The drop-in that adds arguments to Debian's services, and the authority's certificates."""

import json
import os
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from center import authority, nodes
from center.check import STEPS
from center.node import tell
from center.places import Places
from center.refused import RefusedError
from center.services import arguments, drop_in
from center.setup import plan
from service.nodes import Node

PROGRAM = Path("/usr/bin/prometheus")
FLAGS = {"--web.listen-address": "127.0.0.1:9090", "--storage.tsdb.retention.time": "60d"}


def machine(root: Path, defaults: str, start: str = "ExecStart=/usr/bin/prometheus $ARGS\n") -> Places:
    places = Places(root)
    for file, text in ((places.defaults("prometheus"), defaults), (places.unit("prometheus"), f"[Service]\n{start}")):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    return places


@pytest.mark.parametrize(
    ("defaults", "given"),
    [
        ('ARGS=""\n', []),
        ("# ARGS=x\n", []),
        ('ARGS="--a --web.listen-address=:1"\n', ["--a", "--web.listen-address=:1"]),
        ("ARGS=--a --web.listen-address=:1\n", ["--a", "--web.listen-address=:1"]),
        ('ARGS="--a \\\n  --web.listen-address=:1"\n', ["--a", "--web.listen-address=:1"]),
    ],
)
def test_what_the_administrator_gave_is_not_given_twice(defaults: str, given: list[str], tmp_path: Path) -> None:
    places = machine(tmp_path, defaults)
    assert arguments(places, "prometheus") == given
    text = drop_in(places, "prometheus", FLAGS, PROGRAM)
    assert "--storage.tsdb.retention.time=60d" in text
    assert ("--web.listen-address=127.0.0.1:9090" in text) is (given == [])


@pytest.mark.parametrize(
    "line",
    [
        "ExecStart=\nExecStart=/usr/bin/prometheus --storage.tsdb.path=/data",
        'Environment="ARGS=--storage.tsdb.retention.time=5y"',
        "EnvironmentFile=/etc/prometheus/environment",
    ],
)
@pytest.mark.parametrize("folder", ["etc/systemd/system", "run/systemd/system", "lib/systemd/system"])
def test_arguments_that_another_part_gives_are_not_lost(line: str, folder: str, tmp_path: Path) -> None:
    """As `systemctl edit prometheus` writes them: our ExecStart would replace theirs, or theirs ours."""
    places = machine(tmp_path, "")
    other = tmp_path / folder / "prometheus.service.d" / "override.conf"
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_text(f"[Service]\n{line}\n")
    with pytest.raises(RefusedError, match=rf'{other}: says how prometheus is started.* into ARGS="…" of .*prometheus'):
        drop_in(places, "prometheus", FLAGS, PROGRAM)
    [fault] = dict(STEPS)["Prometheus and Alertmanager are started with what ottwatch needs"](places)
    assert fault.what.startswith(f"{other} says how prometheus is started")
    assert fault.remedy.endswith("out of it; then ott-center setup")
    other.write_text("[Service]\nLimitNOFILE=65536\nEnvironment=GOGC=50\n")
    assert [*dict(STEPS)["Prometheus and Alertmanager are started with what ottwatch needs"](places)] == []
    assert "$ARGS $OTTWATCH_ARGS" in drop_in(places, "prometheus", FLAGS, PROGRAM)


def test_our_own_part_is_no_other(tmp_path: Path) -> None:
    places = machine(tmp_path, "")
    text = drop_in(places, "prometheus", FLAGS, PROGRAM)
    places.drop_in("prometheus").parent.mkdir(parents=True)
    places.drop_in("prometheus").write_text(text)
    assert drop_in(places, "prometheus", FLAGS, PROGRAM) == text


def test_a_unit_of_the_administrators_counts(tmp_path: Path) -> None:
    places = machine(tmp_path, "")
    own = tmp_path / "etc/systemd/system/prometheus.service"
    own.parent.mkdir(parents=True)
    own.write_text("[Service]\nExecStart=/usr/bin/prometheus --storage.tsdb.path=/data\n")
    with pytest.raises(RefusedError, match=f"{own}: does not start /usr/bin/prometheus"):
        drop_in(places, "prometheus", FLAGS, PROGRAM)
    own.write_text("[Service]\nExecStart=/usr/bin/prometheus $ARGS\n")
    assert "$OTTWATCH_ARGS" in drop_in(places, "prometheus", FLAGS, PROGRAM)


@pytest.mark.parametrize("flag", ["--storage.tsdb.retention=5y", "--storage.tsdb.retention.size=1TB"])
def test_a_retention_by_another_name_is_not_overruled(flag: str, tmp_path: Path) -> None:
    """Prometheus 2.42 takes the new name of two, and would delete what is older than our 60 days."""
    places = machine(tmp_path, f'ARGS="{flag}"\n')
    unit = places.unit("prometheus-alertmanager")
    unit.write_text("[Service]\nExecStart=/usr/bin/prometheus-alertmanager $ARGS\n")
    shipped = {places.prometheus, places.alertmanager}
    planned = {change.path: change.after for change in plan(places, "almaty", "noc", tls=False, shipped=shipped)}
    assert "--storage.tsdb.retention" not in planned[places.drop_in("prometheus")]


def test_a_unit_that_is_not_debians_is_refused(tmp_path: Path) -> None:
    places = machine(tmp_path, "", "ExecStart=/opt/prometheus\n")
    with pytest.raises(RefusedError, match="does not start"):
        drop_in(places, "prometheus", FLAGS, PROGRAM)


def test_the_authority_signs_for_prometheus_and_for_nodes(tmp_path: Path) -> None:
    places, now, owner = Places(tmp_path), datetime(2026, 1, 2, tzinfo=UTC), (os.getuid(), os.getgid())
    assert not authority.is_on(places)
    authority.create(places, now, owner)
    assert authority.is_on(places)
    first = (places.tls / "scraper.pem").read_text()
    authority.create(places, now, owner)
    assert (places.tls / "scraper.pem").read_text() == first
    file = authority.bundle(places, "edge-1", "10.0.1.11:9780", now)
    assert file.stat().st_mode & 0o777 == 0o600
    content = json.loads(file.read_text())
    names = x509.load_pem_x509_certificate(content["certificate"].encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(name.value) for name in names.value] == ["10.0.1.11", "edge-1"]
    ssl.create_default_context(cadata=content["client_ca"])
    authority.remove(places)
    assert not authority.is_on(places)
    assert authority.own(places)


def test_switching_tls_tells_every_node_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places, now, owner = Places(tmp_path), datetime(2026, 1, 2, tzinfo=UTC), (os.getuid(), os.getgid())
    for number in (1, 2):
        nodes.add(places.nodes, Node(f"edge-{number}", "almaty", "edge", f"10.0.1.{number}:9780"))
    authority.create(places, now, owner)
    tell(places, now)
    said = capsys.readouterr().out
    for number in (1, 2):
        file = places.state / "nodes" / f"edge-{number}.ottwatch"
        assert json.loads(file.read_text())["listen"] == f"10.0.1.{number}:9780"
        assert f"edge-{number}: copy {file} to the node" in said
    authority.remove(places)
    tell(places, now)
    assert capsys.readouterr().out.count("remove [tls]") == 2


def test_arguments_with_an_open_quote_name_the_file(tmp_path: Path) -> None:
    places = machine(tmp_path, 'ARGS="--a \'b"\n')
    with pytest.raises(RefusedError, match="prometheus: ARGS: a quote is not closed"):
        arguments(places, "prometheus")


def test_certificates_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    places, now, owner = Places(tmp_path / "root"), datetime(2026, 1, 2, tzinfo=UTC), (os.getuid(), os.getgid())
    authority.create(places, now, owner)
    made = authority.issue(places, "prometheus", [], now, ExtendedKeyUsageOID.CLIENT_AUTH)
    locked = serialization.load_pem_private_key(made.key.encode(), None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    files = {name: tmp_path / name for name in ("ca", "certificate", "key", "locked", "text")}
    files["ca"].write_bytes((places.authority / "ca.pem").read_bytes())
    files["certificate"].write_text(made.certificate)
    files["key"].write_text(made.key)
    files["locked"].write_bytes(locked)
    files["text"].write_text("no certificate")
    for ca, certificate, key, message in (
        ("text", "certificate", "key", "text: is not certificates in PEM"),
        ("ca", "text", "key", "text: is not a certificate in PEM"),
        ("ca", "certificate", "locked", "locked: is not a key in PEM without a password"),
        ("ca", "certificate", "absent", "absent: cannot be read: No such file"),
    ):
        pair = files[certificate], files.get(key, tmp_path / key)
        with pytest.raises(RefusedError, match=message):
            authority.take(places, files[ca], pair, owner)
    authority.take(places, files["ca"], (files["certificate"], files["key"]), owner)
    assert (places.tls / "scraper.pem").read_text() == made.certificate
