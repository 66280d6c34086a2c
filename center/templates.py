"""Files made of templates: what stands between two @ is a value of the settings."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from center import changes
from center.access import owner_of
from center.changes import Change
from center.places import Places
from center.refused import RefusedError

_NAME = re.compile(r"@([a-z]+(?:\.[a-z]+)?)@")
# What holds passwords is not shown, whatever is in it.
_SECRET = ("-database", "-databases")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its values; a name that is not known stays as it is."""
    return _NAME.sub(lambda found: values.get(found[1], found[0]), text)


def filled(home: Path, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield path below `home` and text of every template; raise RefusedError for a name that is not known."""
    for file in sorted(path for path in home.rglob("*") if path.is_file()):
        text = fill(file.read_text("utf-8"), values)
        if found := _NAME.search(text):
            raise RefusedError(f"{file}: {found[0]} is not known")
        yield str(file.relative_to(home)), text


def put(
    files: Iterable[tuple[str, str]],
    places: Places,
    owners: Mapping[str, tuple[str, int]] = {},
    hidden: Sequence[str] = (),
    *,
    dry_run: bool = False,
) -> None:
    """Show what changes and change it; a copy of each file that was there is kept.

    `owners` are account and mode of the files that are not root's for everybody to read; `hidden` is not shown.
    """
    planned = [
        Change(places.root / name, changes.read(places.root / name), text, mode=owners.get(name, ("", 0o644))[1])
        for name, text in files
    ]
    for change in planned:
        if change.needed and not change.path.name.endswith(_SECRET):
            shown = change.difference()
            for word in hidden:
                shown = shown.replace(word, "…")
            sys.stdout.write(shown)
    if dry_run:
        return
    for copy in changes.apply(planned, places, datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")):
        print(f"copy of what was there: {copy}")
    for name, (account, mode) in owners.items():
        file = places.root / name
        if file.exists():
            os.chown(file, *owner_of(account))
            file.chmod(mode)
