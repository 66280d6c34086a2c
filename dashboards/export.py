"""A folder from which a Grafana provisions the data source and the boards by itself.

    provisioning/datasources/ottwatch.yaml
    provisioning/dashboards/ottwatch.yaml
    dashboards/en/*.json  dashboards/ru/*.json

Grafana reads YAML, and every JSON text is YAML: the two files are written as JSON so that nothing here needs a YAML
writer whose quoting could go wrong.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dashboards import build
from dashboards.context import Local
from dashboards.links import folder_uid
from dashboards.publish import FOLDER_TITLES, Wanted, source

DASHBOARDS_AT = "/etc/grafana/ottwatch/dashboards"


def files(boards: Iterable[Wanted], local: Local, boards_at: str = DASHBOARDS_AT) -> dict[Path, str]:
    """Return the text of every file, by path; `boards_at` is where Grafana will find the folder `boards`."""
    result = {}
    languages = []
    for language, board in boards:
        if language not in languages:
            languages.append(language)
        name = board["uid"].removeprefix("ott-").removesuffix(f"-{language}")
        result[Path("dashboards", language, f"{name}.json")] = build.text(board)
    providers = [
        {
            "name": folder_uid(language),
            "type": "file",
            "folder": FOLDER_TITLES[language],
            "folderUid": folder_uid(language),
            "allowUiUpdates": False,
            "updateIntervalSeconds": 30,
            "options": {"path": f"{boards_at}/{language}"},
        }
        for language in languages
    ]
    result[Path("provisioning/datasources/ottwatch.yaml")] = _yaml(
        {"apiVersion": 1, "datasources": [{**source(local), "isDefault": False, "editable": False}]}
    )
    result[Path("provisioning/dashboards/ottwatch.yaml")] = _yaml({"apiVersion": 1, "providers": providers})
    return result


def write(folder: Path, boards: Iterable[Wanted], local: Local) -> list[Path]:
    """Write the files below `folder`; return their paths."""
    written = []
    for path, text in files(boards, local).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        written.append(file)
    return written


def _yaml(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
