"""The table [appeals]: a mistake in it is named with its key before the desk starts."""

import argparse
from pathlib import Path

import pytest

from alerts.desk.app.commands import run
from alerts.desk.appeals.codes import codes, typed
from alerts.desk.appeals.desk import rules_of
from alerts.desk.core.settings import read_settings
from service.settings import SettingsError

SECRET = "0123456789abcdef" * 4


def written(tmp_path: Path, table: str, secret: str = SECRET) -> Path:
    key = tmp_path / "appeals.key"
    key.write_text(f"{secret}\n")
    key.chmod(0o600)
    config = tmp_path / "desk.toml"
    config.write_text(f'[appeals]\nkeys = [{{ file = "{key}" }}]\n{table}', "utf-8")
    return config


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("services = []", "appeals: services: name at least one"),
        ('sites = { "Atlantis" = ["x"] }', 'appeals: sites: no region "Atlantis"'),
        ('regions = ["A"]\nunits = { "Dana" = "B" }', 'appeals: units: no region "B"; regions has A'),
        (
            'regions = ["A", "*"]',
            r'appeals: regions: "\*" stands for all regions together; give the region another name',
        ),
        ("accounting_day = 32", "appeals: accounting_day is not between 1 and 31"),
        ('questions = { scheme1_terms = "some" }', "scheme1_terms"),
        ('questions = { vendor_calendar = "lunar" }', 'no calendar "lunar"'),
        ('keep_contacts = "0s"', "keep_contacts must be more than 0"),
    ],
)
def test_mistake_is_named(tmp_path: Path, table: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence.replace("(", r"\(")):
        read_settings(written(tmp_path, table))


def test_keys_are_needed(tmp_path: Path) -> None:
    config = tmp_path / "desk.toml"
    config.write_text("[appeals]\nkeys = []\n")
    with pytest.raises(SettingsError, match="keys: give at least one secret"):
        read_settings(config)


@pytest.mark.parametrize(
    ("table", "secret", "sentence"),
    [
        ('phone_country = "Kazakhstan"', SECRET, "phone_country"),
        ("", "short", "shorter than 32 characters"),
        ('questions = { codes = "codes.toml" }', SECRET, "codes.toml"),
    ],
)
def test_what_only_the_files_show_is_told_too(tmp_path: Path, table: str, secret: str, sentence: str) -> None:
    config = written(tmp_path, table, secret)
    with pytest.raises((ValueError, SettingsError), match=sentence):
        rules_of(read_settings(config), tmp_path)


def test_the_operators_codes_take_the_place_of_the_examples(tmp_path: Path) -> None:
    file = tmp_path / "codes.toml"
    file.write_text('[[code]]\nid = "A1"\ngroup = "picture"\nkind = "complaint"\nru = "Нет"\nen = "None"\n', "utf-8")
    config = written(tmp_path, 'questions = { codes = "codes.toml" }')
    found = rules_of(read_settings(config), tmp_path)
    assert found is not None
    assert [(code.id, code.name("ru"), code.name("en")) for code in found.codes.values()] == [("A1", "Нет", "None")]
    file.write_text(file.read_text("utf-8") * 2, "utf-8")
    with pytest.raises(SettingsError, match="two have the id A1"):
        codes(file)


def test_examples_are_twenty_and_a_desk_without_the_table_takes_none(tmp_path: Path) -> None:
    assert len(codes()) == 20
    empty = tmp_path / "desk.toml"
    empty.write_text("")
    assert rules_of(read_settings(empty), tmp_path) is None


def test_check_config_reads_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = argparse.Namespace(command="check-config", config=written(tmp_path, "", "short"))
    assert run(wanted) == 1
    assert "appeals.keys[1]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("01", "01"),
        (" 01 ", "01"),
        ("ни один", "01"),
        ("NO  channel", "01"),
        ("воспроизв", None),
        ("", None),
        ("99", None),
    ],
)
def test_code_is_typed_as_number_or_words(text: str, found: str | None) -> None:
    code = typed(codes(), text)
    assert (code.id if code else None) == found
