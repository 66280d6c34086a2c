from pathlib import Path

import pytest
import yaml

from dashboards.__main__ import main


def test_a_grafana_finds_every_board_where_its_provider_looks(tmp_path: Path) -> None:
    assert main(["export", str(tmp_path), "--prometheus-url", "http://prometheus:9090"]) == 0
    providers = yaml.safe_load((tmp_path / "provisioning/dashboards/ottwatch.yaml").read_text("utf-8"))["providers"]
    assert {provider["folderUid"] for provider in providers} == {"ottwatch-en", "ottwatch-ru"}
    for provider in providers:
        folder = tmp_path / Path(provider["options"]["path"]).relative_to("/etc/grafana/ottwatch")
        assert list(folder.glob("*.json"))
    source = yaml.safe_load((tmp_path / "provisioning/datasources/ottwatch.yaml").read_text("utf-8"))["datasources"][0]
    assert (source["uid"], source["url"]) == ("ottwatch", "http://prometheus:9090")


def test_one_language(tmp_path: Path) -> None:
    assert main(["export", str(tmp_path), "--language", "ru"]) == 0
    assert [path.name for path in (tmp_path / "dashboards").iterdir()] == ["ru"]


@pytest.mark.parametrize("name", ["GRAFANA_URL", "GRAFANA_TOKEN"])
def test_publishing_to_nowhere_or_as_nobody(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRAFANA_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("GRAFANA_TOKEN", "t")
    monkeypatch.delenv(name)
    assert main(["publish"]) == 2
    assert f"{name}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "said"), [("grafana:3000", "is no address"), ("http://admin:secret@grafana", "holds a password")]
)
def test_an_address_that_cannot_be_used(
    url: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRAFANA_TOKEN", "t")
    assert main(["diff", "--url", url]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "secret" not in told


def test_a_time_zone_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["build", "--check", "--time-zone", "Asia/Almata"])
    assert caught.value.code == 2
    assert "is not a time zone of the tz database" in capsys.readouterr().err


def test_check_passes() -> None:
    assert main(["check"]) == 0
    assert main(["build", "--check"]) == 0


@pytest.mark.parametrize("call", [["export"], ["build", "--output"]])
def test_a_folder_that_cannot_be_written(call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main([*call, str(tmp_path / "file")]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"{tmp_path / 'file'}")
    assert told.endswith("; name another folder\n")
