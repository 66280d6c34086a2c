"""The end of a bench that keeps the logs of its servers where something was wrong."""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def concluded(result: Mapping[str, Any], folder: Path, logs: Path) -> int:
    """Print a result; return 1 when something is `wrong`, and keep the folder with the logs then."""
    print(json.dumps(result, indent=2))
    if result["wrong"]:
        print(f"logs: {logs}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0
