"""What ottwatch's setup adds to desk.toml: the table with which the desk gets the agents' pictures, and its files."""

import json
import os
import shutil
import tomllib

from center import changes
from center.authority import FILES
from center.changes import Change
from center.places import Places
from center.refused import RefusedError
from center.yaml_text import BEGIN, END, without_ours
from service.toml import not_toml

_OFF = "# No pictures of channels: ott-center setup --pictures writes the table."


def merged(text: str, places: Places, *, tls: bool, pictures: bool | None) -> str:
    """Return the file with our table `[pictures]` at its end; raise RefusedError for one that is no TOML.

    A table that somebody else wrote stays, and ours is not written. Without a wish for or against `pictures` it is as
    it was, and at first they are shown.
    """
    rest = without_ours(text)
    before = _read(rest)
    if "pictures" in before:
        return rest
    if pictures is None:
        pictures = BEGIN not in text or has_table(text)
    table = {key: str(places.pictures / file) for key, file in _keys().items()} if tls else {}
    lines = ["[pictures]", *(f"{key} = {json.dumps(path)}" for key, path in table.items())] if pictures else [_OFF]
    last = "" if not rest or rest.endswith("\n") else "\n"
    result = f"{rest}{last}{BEGIN}\n" + "".join(f"{line}\n" for line in lines) + f"{END}\n"
    if _read(result) != before | ({"pictures": table} if pictures else {}):
        raise RefusedError(
            "it is written in a way that ott-center does not understand; add the table [pictures] by hand"
        )
    return result


def change(places: Places, *, tls: bool, pictures: bool | None) -> list[Change]:
    """Return the change of the desk's settings; none where it has none."""
    if not places.desk.exists():
        return []
    return [changes.change(places.desk, lambda text: merged(text, places, tls=tls, pictures=pictures))]


def has_table(text: str) -> bool:
    """Return whether our part of the file has the table."""
    return BEGIN in text and "pictures" in _read(text) and "pictures" not in _read(without_ours(text))


def share(places: Places, owner: tuple[int, int]) -> bool:
    """Give the desk, `owner`'s group, what Prometheus shows to the nodes; return whether it had it otherwise."""
    places.pictures.mkdir(parents=True, exist_ok=True)
    shutil.chown(places.pictures, group=owner[1])
    places.pictures.chmod(0o750)
    differs = False
    for name in FILES:
        text = (places.tls / name).read_text("utf-8")
        if changes.read(places.pictures / name) != text:
            changes.write(places.pictures / name, text, 0o640, (os.geteuid(), owner[1]))
            differs = True
    return differs


def withhold(places: Places) -> None:
    """Take it away again."""
    shutil.rmtree(places.pictures, ignore_errors=True)


def _keys() -> dict[str, str]:
    return dict(zip(("ca", "certificate", "key"), FILES, strict=True))


def _read(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RefusedError(f"it {not_toml(error, text)}") from None
