"""The table of packages in docs/architecture.md, made from the code's imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

PAGE = ROOT / "docs/architecture.md"
BEGIN, END = "<!-- packages: made by `./run check --update-golden` -->\n", "<!-- end of packages -->\n"
PROGRAMS = ("service", "agent", "alerts.desk", "dashboards", "dashboards.busy_hour", "center")


def page() -> str:
    """Return the page with a fresh table."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


def table() -> str:
    """Return a row for each package: its folder, what it is for, and what it imports of the project."""
    rows = []
    for package in packages():
        imports = ", ".join(f"`{name}`" for name in _imports(package)) or "–"
        rows.append(f"| `{_folder(package)}/` | {_purpose(package)} | {imports} |")
    return "\n".join(["| Package | Purpose | Imports |", "|---|---|---|", *rows]) + "\n"


def packages() -> Iterator[str]:
    """Yield the programs, each followed by its own packages."""
    for program in PROGRAMS:
        yield program
        for file in sorted((ROOT / _folder(program)).glob("*/__init__.py")):
            if (name := f"{program}.{file.parent.name}") not in PROGRAMS:
                yield name


def _folder(package: str) -> str:
    return package.replace(".", "/")


def _purpose(package: str) -> str:
    text = (ROOT / _folder(package) / "__init__.py").read_text("utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0].replace("\n", " ").replace("|", r"\|")


def _imports(package: str) -> list[str]:
    """Return the packages and modules that a package imports, at the level of the table's rows."""
    rows = set(packages())
    found = set()
    for file in (ROOT / _folder(package)).rglob("*.py"):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if _row(module, rows) != package:
            continue
        for name in _imported(file):
            found.add(_row(name, rows))
    program = max((each for each in PROGRAMS if package == each or package.startswith(f"{each}.")), key=len)
    return sorted(_short(each, program) for each in found - {package, ""})


def _row(module: str, rows: set[str]) -> str:
    """Return the longest row that a module belongs to, or ""."""
    parts = module.split(".")
    return next((name for size in range(len(parts), 0, -1) if (name := ".".join(parts[:size])) in rows), "")


def _short(package: str, program: str) -> str:
    return package.removeprefix(f"{program}.") if package != program else package


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if _is_module(name) else node.module


def _is_module(name: str) -> bool:
    path = ROOT / _folder(name)
    return path.is_dir() or path.with_suffix(".py").is_file()
