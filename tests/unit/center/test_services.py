"""The drop-in that adds arguments to Debian's services, and the authority's certificates."""

import json
import os
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from center import authority, nodes
from center.node import tell
from center.nodes import Node
from center.places import Places
from center.services import arguments, drop_in
from center.yaml_text import RefusedError

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
    ],
)
def test_what_the_administrator_gave_is_not_given_twice(defaults: str, given: list[str], tmp_path: Path) -> None:
    places = machine(tmp_path, defaults)
    assert arguments(places, "prometheus") == given
    text = drop_in(places, "prometheus", FLAGS, PROGRAM)
    assert "--storage.tsdb.retention.time=60d" in text
    assert ("--web.listen-address=127.0.0.1:9090" in text) is (given == [])


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
