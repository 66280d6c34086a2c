"""check-config reads every secret of the desk and understands the addresses in them."""

from pathlib import Path

import pytest

from alerts.desk.app.check import check
from alerts.desk.core.settings import read_settings
from service.settings import SettingsError

TOKEN = "123456789:ABCdefGhIJKlmNoPQRstuVwxyZ123456789"
SETTINGS = """
database = {{ file = "{folder}/database" }}
prometheus_token = {{ file = "{folder}/gone" }}
[smtp]
host = "mail.example"
sender = "desk@ott.example"
username = "desk"
password = {{ file = "{folder}/password" }}
[[target]]
name = "chat"
kind = "apprise"
url = {{ file = "{folder}/chat" }}
[[target]]
name = "carrier"
kind = "tmf621"
url = {{ file = "{folder}/carrier" }}
token = {{ file = "{folder}/token" }}
"""


def faults(folder: Path, **secrets: str) -> dict[str, str]:
    for name, text in secrets.items():
        (folder / name).write_text(text, "utf-8")
        (folder / name).chmod(0o600)
    config = folder / "desk.toml"
    config.write_text(SETTINGS.format(folder=folder), "utf-8")
    try:
        check(read_settings(config), config)
    except SettingsError as error:
        return {each.key: each.problem for each in error.faults}
    return {}


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # one of Apprise's plug-ins
def test_all_that_is_wrong_is_told_at_once_and_no_secret_shown(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        database="mysql://db\n",
        password="",
        chat=f"tgram://{TOKEN}/\n",
        carrier="desk.example\n",
        token="t\n",
    )
    assert {key: found[key].partition(";")[0].rpartition(f"{tmp_path}/")[2] for key in found} == {
        "prometheus_token": "gone cannot be read: No such file or directory",
        "smtp.password": "password is empty",
        "target[1].url": "the address in the secret names no chat",
        "target[2].url": "the secret holds no address that begins with http:// or https://",
        "database": "the secret holds no sqlite:// or postgresql+psycopg:// address",
    }
    assert TOKEN not in str(found)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("chat", "said"),
    [
        (f"tgram://{TOKEN}/-100123", None),
        (f"tgram://{TOKEN}/-100123/%21%21", "does not understand one of the recipients"),
        ("pigeon://roof", "does not understand the address"),
    ],
)
def test_an_address_of_a_chat_is_understood_or_refused(tmp_path: Path, chat: str, said: str | None) -> None:
    found = faults(
        tmp_path, database="sqlite://", password="p", gone="t", chat=chat, carrier="https://desk.example", token="t"
    )
    assert list(found) == (["target[1].url"] if said else [])
    assert said is None or said in found["target[1].url"]
