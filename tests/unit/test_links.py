"""Every page, section and picture that a page names is there, and every one that is there is named."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.conftest import ROOT

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *(page for folder in ("docs", "deploy", "alerts", "dashboards") for page in sorted((ROOT / folder).rglob("*.md"))),
]
LINK = re.compile(r"\]\((\S+?)\)")


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield what a page's relative links lead to: a file and a section of it, or ""."""
    for target in LINK.findall(page.read_text("utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            path, _, section = unquote(target).partition("#")
            yield (page.parent / path).resolve() if path else page, section


def sections(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code forges make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", shown.strip().lower()).replace(" ", "-")
        count = sum(other == name or re.fullmatch(rf"{re.escape(name)}-\d+", other) is not None for other in found)
        found.add(f"{name}-{count}" if count else name)
    return found


def test_sections_are_named_as_forges_name_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# The `--check` of [it](x.md)\n\n## Чего нет\n\n## At the top\n## At the top\n```\n# none\n```\n", "utf-8"
    )
    assert sections(page) == {"the---check-of-it", "чего-нет", "at-the-top", "at-the-top-1"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    lost = [
        f"{file.relative_to(ROOT) if file.is_relative_to(ROOT) else file}#{section}"
        for file, section in links(page)
        if not file.exists() or (section and file.suffix == ".md" and section not in sections(file))
    ]
    assert lost == []


def test_every_page_and_picture_of_the_documentation_is_named_by_a_page() -> None:
    named = {file for page in PAGES for file, _ in links(page) if file != page}
    wanted = {file for file in (ROOT / "docs").rglob("*") if file.is_file() and file.parent.name != "decisions"}
    assert sorted(str(file.relative_to(ROOT)) for file in wanted - named) == []


def test_every_decision_has_one_style_of_heading_a_status_and_a_row_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    rows = []
    for page in sorted(folder.glob("[0-9]*.md")):
        text = page.read_text("utf-8")
        found = re.match(
            rf"# {page.name[:3]} (\S.*)\n\n\*\*Status\.\*\* (Accepted|Superseded in part|Superseded)\b", text
        )
        assert found, f"{page.name}: begin with '# {page.name[:3]} Title', an empty line and '**Status.** Accepted.'"
        rows.append(f"| [{page.name[:3]}]({page.name}) | {found[1]} | {found[2].lower()} |")
    index = (folder / "README.md").read_text("utf-8").splitlines()
    assert [row for row in rows if row not in index] == [], "add these rows to docs/decisions/README.md"
    assert [row for row in index if row.startswith("| [") and row not in rows] == []
