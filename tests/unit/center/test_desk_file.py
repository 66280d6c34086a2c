"""The desk's table of pictures: written once, renewed, left alone, taken out; and the files that it names."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.desk.core.settings import read_settings
from center import desk_file
from center.authority import FILES
from center.places import Places
from center.refused import RefusedError
from center.setup import _share
from center.yaml_text import without_ours

SHIPPED = (Path(__file__).parents[3] / "deploy/prometheus/desk.toml").read_text("utf-8")
OWN = 'listen = "127.0.0.1:9781"\n[pictures]\ntoken = { env = "AGENTS" }\n'


def merged(text: str, *, tls: bool = False, pictures: bool | None = None) -> str:
    return desk_file.merged(text, Places(), tls=tls, pictures=pictures)


@pytest.mark.parametrize("tls", [False, True])
def test_the_desk_reads_the_table_and_a_second_time_changes_nothing(tmp_path: Path, *, tls: bool) -> None:
    text = merged(SHIPPED, tls=tls)
    (tmp_path / "desk.toml").write_text(text)

    pictures = read_settings(tmp_path / "desk.toml").pictures

    assert pictures is not None
    folder = Path("/etc/ottwatch/pictures")
    wanted = tuple(folder / name for name in FILES) if tls else (None, None, None)
    assert (pictures.ca, pictures.certificate, pictures.key) == wanted
    assert merged(text, tls=tls) == text
    assert without_ours(text) == SHIPPED
    assert merged(merged(SHIPPED, tls=not tls), tls=tls) == text


def test_pictures_that_were_switched_off_stay_off_until_they_are_wanted() -> None:
    text = merged(merged(SHIPPED), pictures=False)
    assert "pictures" not in tomllib.loads(text)
    assert not desk_file.has_table(text)
    assert merged(text, tls=True) == text
    assert merged(text, pictures=True) == merged(SHIPPED)


@pytest.mark.parametrize("pictures", [None, True, False])
def test_a_table_of_ones_own_stays(pictures: bool | None) -> None:
    assert merged(OWN, tls=True, pictures=pictures) == OWN
    assert not desk_file.has_table(OWN)


def test_a_table_that_is_written_beside_ours_takes_its_place() -> None:
    assert merged(merged("") + '[pictures]\nkeep = "5m"\n') == '[pictures]\nkeep = "5m"\n'


def test_what_is_no_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.desk.parent.mkdir(parents=True)
    places.desk.write_text('listen = "127.0.0.1:9781"\nprometheus = \n')
    with pytest.raises(RefusedError, match=r"desk.toml: it is not TOML at line 2"):
        desk_file.change(places, tls=False, pictures=None)
    assert desk_file.change(Places(tmp_path / "another"), tls=False, pictures=None) == []


@given(st.text(alphabet="ab[]=\"'#\n .1", max_size=40), st.booleans())
def test_any_file_is_refused_or_keeps_its_content(text: str, tls: bool) -> None:
    try:
        result = merged(text, tls=tls)
    except RefusedError:
        return
    content = tomllib.loads(result)
    assert content.pop("pictures") is not None
    assert content == tomllib.loads(text)


def test_the_desk_gets_what_prometheus_shows_and_nobody_else_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = Places(tmp_path)
    monkeypatch.setattr("center.access.owner_of", lambda _: (os.getuid(), os.getgid()))
    places.tls.mkdir(parents=True)
    for name in FILES:
        (places.tls / name).write_text(f"{name} of today\n")
    places.desk.parent.mkdir(parents=True)
    places.desk.write_text(SHIPPED)
    on = desk_file.change(places, tls=True, pictures=None)

    assert _share(places, on, tls=True)
    assert not _share(places, on, tls=True)
    assert (places.pictures.stat().st_mode & 0o777) == 0o750
    for name in FILES:
        assert (places.pictures / name).read_text() == f"{name} of today\n"
        assert ((places.pictures / name).stat().st_mode & 0o777) == 0o640
    (places.tls / "scraper.pem").write_text("another\n")
    assert _share(places, on, tls=True)
    assert (places.pictures / "scraper.pem").read_text() == "another\n"
    assert "of today" not in "".join(change.difference() for change in on)

    places.desk.write_text(on[0].after)
    for tls, pictures in ((False, None), (True, False)):
        _share(places, on, tls=True)
        assert not _share(places, desk_file.change(places, tls=tls, pictures=pictures), tls=tls)
        assert not places.pictures.exists()


def test_files_of_ones_own_are_left_alone(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.pictures.mkdir(parents=True)
    places.desk.write_text(OWN)

    assert not _share(places, desk_file.change(places, tls=False, pictures=None), tls=False)
    assert places.pictures.exists()
