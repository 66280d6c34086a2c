"""Measurements: `./run bench` lists them, `./run bench NAME…` runs some, `./run bench all` runs every one.

Each is a program of its own (`python -m bench.NAME --help` has its options), prints what it measured and ends with
exit status 1 when that is past its bounds.
"""

import argparse
import ast
import subprocess
import sys
from pathlib import Path

from service.program import Exit

_FOLDER = Path(__file__).parent


def available() -> dict[str, str]:
    """Return the measurements by name with what each one says it does."""
    found = {}
    for file in sorted(_FOLDER.glob("[a-z]*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            found[file.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def main() -> int:
    """List or run; return the worst exit status."""
    parser = argparse.ArgumentParser(
        "./run bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    names = parser.parse_args().names
    known = available()
    if unknown := set(names) - {*known, "all"}:
        parser.error(f'there is no measurement "{min(unknown)}"; known: {", ".join(known)}')
    if not names:
        width = max(map(len, known))
        print("\n".join(f"{name:<{width}}  {text}" for name, text in known.items()))
        return Exit.FINE
    worst = 0
    chosen = list(known) if "all" in names else names
    for number, name in enumerate(chosen, 1):
        print(f"· {number} of {len(chosen)}, {name}: {known[name]}", flush=True)
        result = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=_FOLDER.parent, check=False)
        worst = max(worst, abs(result.returncode))
    return worst


if __name__ == "__main__":
    sys.exit(main())
